"""Tests of a user who annotates fixtures, as a type checker sees them; pytest runs none of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, assert_type

import grpc
import pytest

import rodent_events
from rodent_events import EventBus, EventConfig, StoragePoolPayload
from rodent_events.global_bus import GlobalBus
from toggle_mock import (
    Matcher,
    RecordedCall,
    RecordedEvent,
    Refusal,
    RemoteToggle,
    Reply,
    Rodent,
    Session,
    SimulatedRodent,
    Toggle,
    ToggleServer,
    glob,
    gt,
    where,
)


@pytest.fixture(scope="session")
def toggle_server_options() -> dict[str, Any]:
    return {"tls": True}


@pytest.fixture(scope="session")
def agent(
    toggle_server_session: Toggle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EventBus]:
    config = EventConfig(
        target=toggle_server_session.address,
        jwt=toggle_server_session.jwt(rid="agent"),
        events_dir=tmp_path_factory.mktemp("events"),
    )
    with EventBus(config) as bus:
        yield bus


def test_each_fixture(
    toggle_server: ToggleServer,
    make_toggle_server: Callable[..., ToggleServer],
    tls_toggle_server: ToggleServer,
    toggle_ca_file: Path,
    toggle_jwt: Callable[..., str],
    event_bus: EventBus,
    rodent_events_bus: GlobalBus,
    rodent: SimulatedRodent,
) -> None:
    assert_type(event_bus.emit(StoragePoolPayload()), str | None)
    assert_type(rodent_events_bus.emit(StoragePoolPayload()), str | None)
    assert_type(rodent_events.is_initialized(), bool)
    assert_type(make_toggle_server(relay=True).address, str)
    assert_type(tls_toggle_server.root_certificate, bytes | None)
    assert_type(toggle_jwt(rid="r1"), str)
    assert_type(toggle_server.across_tests, Session)
    assert_type(toggle_server.session(), Session)
    assert_type(toggle_server.rodents[rodent.rid], Rodent)
    assert_type(toggle_server.rodents[rodent.rid].command("system.status"), Reply)
    toggle_ca_file.read_text()


def test_assertions(toggle_server: Toggle) -> None:
    pool = StoragePoolPayload(pool_name="tank")
    assert_type(toggle_server.wait_for(pool, count=2, timeout=0.5), list[RecordedEvent])
    assert_type(toggle_server.wait_for(lambda event: event.rid == "r1"), list[RecordedEvent])
    assert_type(toggle_server.wait_for_sequence("level:INFO", pool), list[RecordedEvent])
    called = toggle_server.wait_for_call("SendEvents", status=grpc.StatusCode.OK)
    assert_type(called, list[RecordedCall])
    assert_type(toggle_server.assert_received(StoragePoolPayload), list[RecordedEvent])
    assert_type(toggle_server.assert_in_order("level:INFO", pool), list[RecordedEvent])
    assert_type(toggle_server.find("payload:pool"), list[RecordedEvent])
    assert_type(toggle_server.refusals, list[Refusal])
    toggle_server.assert_not_received("level:ERROR", within=0.1)
    toggle_server.assert_only(pool, count=1)
    toggle_server.assert_no_refusals()
    wanted = where(pool_name=glob("t*"), size_bytes=gt(5))
    assert_type(wanted, Matcher)
    assert_type(wanted & where(level="INFO"), Matcher)


async def test_assertions_of_asyncio(toggle_server: Toggle) -> None:
    aio = toggle_server.aio
    assert_type(await aio.wait_for("payload:pool"), list[RecordedEvent])
    assert_type(await aio.wait_for_sequence("level:INFO"), list[RecordedEvent])
    assert_type(await aio.wait_for_call("Connect"), list[RecordedCall])
    assert_type(await aio.assert_received("payload:pool"), list[RecordedEvent])
    await aio.assert_not_received("level:ERROR", within=0.1)


def test_a_server_is_a_toggle_here_and_elsewhere(one: ToggleServer, other: RemoteToggle) -> None:
    here_or_elsewhere: list[Toggle] = [one, other, one.session(), other.session()]
    assert len(here_or_elsewhere) == 4


# What must not pass: a matcher of another kind, a result that is not there, a wait of asyncio.
def test_mistakes(toggle_server: Toggle) -> None:
    toggle_server.wait_for(5)  # type: ignore[arg-type]
    toggle_server.wait_for(StoragePoolPayload, count="2")  # type: ignore[arg-type]
    toggle_server.assert_not_received("level:ERROR").count(1)  # type: ignore[func-returns-value, attr-defined]
    toggle_server.asert_received("level:ERROR")  # type: ignore[attr-defined]
