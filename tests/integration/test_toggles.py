"""What holds of each Toggle that a test can hold: a server, a session of it, one elsewhere."""

import asyncio
import datetime as dt
import json
import threading

import grpc
import httpx
import pytest
from support.raw_rodent import RawRodent

from rodent_events import (
    CommandResponse,
    Event,
    EventBatch,
    EventClient,
    RodentRequest,
    StoragePoolPayload,
)
from rodent_events.retry_policy import Status
from toggle_mock import (
    CommandFailedError,
    FaultSpecError,
    NoReplyError,
    NotConnectedError,
    NotReceivedError,
    QueryError,
    RemoteToggle,
    SnapshotError,
    ToggleServer,
    UnexpectedEventError,
    fail,
    lose_answer,
    where,
)
from toggle_mock.assertions.snapshots import TestSnapshots, during
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.faults.spec import Always
from toggle_mock.http_api import remote_rodents
from toggle_mock.toggle.session import Session

Code = grpc.StatusCode
POOL = StoragePoolPayload(pool_name="tank", size_bytes=2**63 - 1)


@pytest.fixture(scope="module")
def server():
    with ToggleServer(http_port=0, relay=True) as server:
        yield server


@pytest.fixture(scope="module")
def remote(server):
    with RemoteToggle(f"http://{server.http_address}") as remote:
        yield remote


@pytest.fixture(params=["server", "session", "remote"])
def toggle(request, server, remote):
    server.begin_test()
    remote.begin_test()
    with server.session(own_port=True) as session:
        yield {"server": server, "session": session, "remote": remote}[request.param]
    server.faults.heal()


@pytest.fixture
def client(toggle):
    with EventClient(target=toggle.address, jwt=toggle.jwt(), send_timeout=20) as client:
        yield client


def batch(*payloads: StoragePoolPayload) -> bytes:
    from rodent_events import EventBatch

    made = EventBatch(batch_id="b1")
    for number, payload in enumerate(payloads):
        event = made.events.add(event_id=f"e{number}", level=1, category=2)
        event.storage_event.pool_event.CopyFrom(payload)
    return made.SerializeToString()


@pytest.fixture
def sent(client):
    """A pool and another have arrived."""
    other = StoragePoolPayload(pool_name="other")
    assert client.send_batch(batch(POOL, other)).status is Status.OK


def test_a_snapshot_is_the_same_of_each(toggle, sent, tmp_path):
    with during(TestSnapshots(tmp_path, tmp_path, update=True)):
        toggle.assert_snapshot("pool", "pool_name:tank", ignore="size_bytes", count=1)
    with during(TestSnapshots(tmp_path, tmp_path)):
        toggle.assert_snapshot("pool", StoragePoolPayload(pool_name="tank"), ignore="size_bytes")
        with pytest.raises(SnapshotError, match=r"\+ +size_bytes: 9223372036854775807"):
            toggle.assert_snapshot("pool", "pool_name:tank")
        with pytest.raises(QueryError, match=r"no field 'size_byte', did you mean size_bytes\?"):
            toggle.assert_snapshot("pool", ignore="size_byte")
    assert '# from "rodent-1"' in (tmp_path / "pool.txtpb").read_text()


def test_the_faults_in_force_are_known(toggle, client):
    assert list(toggle.faults.in_force) == []
    first = toggle.on_send_events.returns([fail()])
    toggle.faults.add(spec := Always(method="Register", always=fail()))
    assert list(toggle.faults.in_force) == [first.spec, spec]
    client.send_batch(batch(POOL))
    assert list(toggle.faults.in_force) == [spec]
    toggle.heal()
    assert list(toggle.faults.in_force) == []


@pytest.fixture
def simulated(toggle):
    token = toggle.jwt(rid="r1")
    with SimulatedRodent(toggle.address, token, pace=0.001) as rodent:
        toggle.rodents["r1"].wait_connected(30)
        yield rodent


@pytest.fixture
def raw(toggle):
    rodent = RawRodent(toggle)
    toggle.rodents["raw"].wait_connected(30)
    yield rodent
    rodent.close()


# What one finds in it


def test_a_server_elsewhere_has_what_a_session_here_has():
    def names(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    # They take what only the process of the server has, or are done by each question over HTTP.
    of_the_server_alone = {"mine", "over", "catch_up", "session_named", "shared_faults"}
    assert names(Session) <= names(RemoteToggle) | of_the_server_alone


@pytest.mark.usefixtures("sent")
def test_what_arrived_is_there(toggle):
    assert [event.payload.pool_name for event in toggle.events] == ["tank", "other"]
    assert toggle.events[0].payload.size_bytes == 2**63 - 1
    (call,) = toggle.calls
    assert (call.method, call.status, call.number) == ("SendEvents", "OK", call.number)
    toggle.clear()
    assert (toggle.calls, toggle.batches, toggle.duplicates) == ([], [], [])


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    "matcher",
    [
        "pool_name:tank",
        where(pool_name="tank"),
        lambda event: event.payload.pool_name == "tank",
        where(payload="pool") & (lambda event: event.payload.size_bytes > 5),
        POOL,
    ],
)
def test_every_kind_of_matcher_is_asked(toggle, matcher):
    assert len(toggle.assert_received(matcher, count=1)) == 1
    with pytest.raises(UnexpectedEventError, match="received 1"):
        toggle.assert_not_received(matcher)
    with pytest.raises(UnexpectedEventError, match=r"1 other\(s\)"):
        toggle.assert_only(matcher)


@pytest.mark.usefixtures("sent")
def test_what_is_wrong_is_the_same_error(toggle):
    toggle.assert_in_order("pool_name:tank", "pool_name:other")
    for error, asked in (
        (NotReceivedError, lambda: toggle.wait_for("level:ERROR", timeout=0)),
        (NotReceivedError, lambda: toggle.wait_for_call("Connect", timeout=0)),
        (NotReceivedError, lambda: toggle.assert_in_order("pool_name:other", "pool_name:tank")),
        (QueryError, lambda: toggle.find("pol_name:tank")),
        (ValueError, lambda: toggle.wait_for(count=0)),
        (TypeError, lambda: toggle.find(5)),
        (TypeError, lambda: toggle.jwt(color=b"red")),
        (ValueError, toggle.tokens.revoke),
        (FaultSpecError, lambda: toggle.faults.failing(fail(), method="SendEvent")),
        (QueryError, lambda: toggle.faults.failing(fail(), matching="pol_name:x")),
        (FaultSpecError, lambda: toggle.faults.latency(-1)),
        (NotConnectedError, lambda: toggle.rodents["ghost"].command("x", timeout=0)),
        (NotConnectedError, lambda: toggle.rodents["ghost"].start_command("x", timeout=0)),
        (NotConnectedError, lambda: toggle.rodents["ghost"].send(b"", timeout=0)),
        (NotConnectedError, lambda: toggle.rodents["ghost"].wait_connected(0)),
        (NotConnectedError, lambda: toggle.rodents.wait_connected(9, timeout=0)),
    ):
        with pytest.raises(error) as caught:
            asked()
        assert type(caught.value) is error


@pytest.mark.usefixtures("sent")
async def test_it_is_awaited_in_asyncio(toggle):
    assert len(await toggle.aio.wait_for("pool_name:tank")) == 1
    with pytest.raises(NotReceivedError):
        await toggle.aio.wait_for("level:ERROR", timeout=0)


def test_it_tells_where_it_is(toggle, server):
    assert toggle.address.startswith("127.0.0.1:")
    assert toggle.has_relay
    assert toggle.http_address == server.http_address
    assert toggle.root_certificate is None
    assert toggle.schema is None
    assert toggle.serving
    with toggle.faults.outage():
        assert not toggle.serving
    assert toggle.serving


# Tokens, sessions, faults


def test_a_token_claims_what_it_is_to(toggle, server):
    later = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    token = toggle.jwt(rid="r1", exp=later, iat=None, shades={"red": [1, None]})
    with EventClient(target=toggle.address, jwt=token) as client:
        client.send_batch(b"")
    (call,) = toggle.wait_for_call("SendEvents")
    assert (call.claims["exp"], call.claims["shades"]) == (4102444800, {"red": [1, None]})
    assert "iat" not in call.claims


def test_tokens_are_revoked_and_restored(toggle, client):
    toggle.tokens.revoke(sub=toggle.scope.sub or "org-1", status=Code.PERMISSION_DENIED)
    assert client.send_batch(b"").status is Status.PERMISSION_DENIED
    toggle.tokens.restore()
    assert client.send_batch(b"").status is Status.OK


def test_a_session_is_about_its_own_rodents(toggle):
    with toggle.session() as session:
        with EventClient(target=session.address, jwt=session.jwt()) as client:
            client.send_batch(b"")
        assert len(session.calls) == 1
        if toggle.scope.sub:
            assert toggle.calls == []


def test_outcomes_come_in_turn_and_are_healed(toggle, client):
    refusal = fail(Code.RESOURCE_EXHAUSTED, "slow down", retry_after=1.5)
    script = toggle.on_send_events.returns([Code.UNAVAILABLE, refusal, lose_answer(), Code.OK])
    assert script.remaining == 4
    assert client.send_batch(b"").status is Status.UNAVAILABLE
    assert client.send_batch(b"").retry_after == 1.5
    assert script.remaining == 2
    toggle.heal()
    assert client.send_batch(b"").status is Status.OK


def test_a_fault_is_of_those_batches_that_match(toggle, client):
    with toggle.faults.failing(Code.ABORTED, matching=where(pool_name="tank")):
        assert client.send_batch(batch(POOL)).status is Status.ABORTED
        assert client.send_batch(b"").status is Status.OK
    assert client.send_batch(batch(POOL)).status is Status.OK


# Rodents


def test_a_rodent_takes_commands_configurations_and_requests(toggle, simulated):
    rodent = toggle.rodents["r1"]
    simulated.commands["take"] = lambda payload: payload
    for payload in ({"a": [1, None]}, [], 0, None, b'"raw"'):
        reply = rodent.command("take", payload)
        assert reply.payload == (payload if not isinstance(payload, bytes) else "raw")
    assert rodent.push_config("log", {"level": "debug"}).success
    simulated.services["api"] = lambda request: (200, {"a": "b"}, request["body"])
    assert rodent.http("PUT", "/", service="api", body=b"\x00").body == b"\x00"
    with pytest.raises(CommandFailedError, match="not allowed for service"):
        rodent.http("PUT", "/", service="other")


def test_any_number_of_commands_may_be_under_way(toggle, simulated):
    rodent = toggle.rodents["r1"]
    simulated.commands["take"] = lambda payload: payload
    replies = [rodent.start_command("take", number) for number in range(5)]
    assert [reply.result(30).payload for reply in replies] == list(range(5))


def test_an_answer_may_take_any_time(toggle, simulated, monkeypatch):
    monkeypatch.setattr(remote_rodents, "AT_A_TIME", 0.01)
    go_on = threading.Event()
    simulated.commands["take"] = lambda _payload: go_on.wait(30)
    reply = toggle.rodents["r1"].start_command("take")
    given_up = toggle.rodents["r1"].start_command("take")
    with pytest.raises(TimeoutError):
        reply.result(0.1)
    assert given_up.cancel()
    go_on.set()
    assert reply.result(30).success


def test_a_command_whose_stream_ends_is_told(toggle, simulated):
    async def never(_payload):
        await asyncio.Event().wait()

    simulated.commands["never"] = never
    rodent = toggle.rodents["r1"]
    with pytest.raises(NoReplyError):
        rodent.command("never", timeout=0.01)
    reply = rodent.start_command("never")
    rodent.disconnect(Code.UNAVAILABLE, "enough")
    with pytest.raises(NotConnectedError, match="UNAVAILABLE enough"):
        reply.result(30)


@pytest.mark.usefixtures("sent")
def test_what_goes_over_a_stream_is_seen(toggle, raw, wait_until):
    rodent = toggle.rodents["raw"]
    assert repr(rodent).endswith(f" raw of {toggle.scope.sub or 'org-1'}: connected>")
    assert [one.rid for one in toggle.rodents.connected] == ["raw"]
    assert [one.rid for one in toggle.rodents.wait_connected()] == ["raw"]
    assert (list(toggle.rodents), len(toggle.rodents)) == (["raw"], 1)
    assert "raw" in toggle.rodents
    assert "ghost" not in toggle.rodents

    rodent.send(b"\x0a\x02id")
    assert next(raw.stream).request_id == "id"
    answer = CommandResponse(success=True, payload=json.dumps(1).encode())
    raw.send(RodentRequest(request_id="none", command_response=answer))
    wait_until(lambda: rodent.unexpected_messages)
    (surprise,) = rodent.unexpected_messages
    assert surprise.reason == "answers nothing: request_id is 'none'"
    assert surprise.message.message.request_id == "none"
    assert [(message.sent, message.message.request_id) for message in rodent.history] == [
        (True, "id"),
        (False, "none"),
    ]
    (call,) = rodent.calls
    assert (call.method, call.status) == ("Connect", None)
    assert len(call.messages) == 2

    with pytest.raises(TimeoutError):
        rodent.wait_disconnected(0)
    rodent.disconnect()
    rodent.wait_disconnected(30)
    assert not rodent.connected
    (call,) = toggle.wait_for_call("Connect", status=Code.OK)


# Under another schema


def test_a_server_elsewhere_reads_under_the_schema_that_its_events_fit():
    with (
        ToggleServer(http_port=0, schema="auto") as server,
        RemoteToggle(f"http://{server.http_address}") as remote,
        EventClient(target=remote.address, jwt=remote.jwt(), send_timeout=20) as client,
    ):
        assert remote.find("device_id:sda") == []
        assert remote.schema.name == "2025-12-09"
        event = Event()
        event.storage_event.transfer_event.source = "tank"
        assert client.send_batch(EventBatch(events=[event])).status is Status.OK
        (found,) = remote.wait_for("source:tank payload:transfer")
        assert remote.schema is found.schema is server.schema
        assert found.schema.name == "2025-09-17"
        url = f"http://{server.http_address}/api/v1/events"
        (shown,) = httpx.get(url, params={"query": "payload:transfer"}).json()["events"]
        assert "unknown_fields" not in shown


def test_a_server_elsewhere_reads_under_its_own_schema():
    with ToggleServer(http_port=0, schema="2025-10-03") as server:
        newer = {"payload": "pool", "pool_name": "tank"}
        assert server.find(where(**newer)) == []
        with RemoteToggle(f"http://{server.http_address}") as remote:
            assert remote.schema.name == server.schema.name == "2025-10-03"
            assert remote.schema.files == server.schema.files
            for toggle in (server, remote, remote.session()):
                with pytest.raises(QueryError, match="2025-10-03"):
                    toggle.find("payload:no_such")


async def test_a_server_elsewhere_ends_with_an_asynchronous_block(server):
    async with RemoteToggle(f"http://{server.http_address}") as remote:
        remote.tokens.revoke(rid="r9")
    with pytest.raises(RuntimeError, match="closed"):
        remote.jwt()
    token = server.jwt(rid="r9")
    with EventClient(target=server.address, jwt=token) as client:
        assert client.send_batch(b"").status is Status.OK


def test_a_function_cannot_fail_calls_elsewhere(remote):
    with pytest.raises(TypeError, match="cannot be written as a query"):
        remote.faults.failing(Code.ABORTED, matching=lambda event: True)
    with pytest.raises(TypeError, match="cannot be written as data"):
        remote.on_send_events.always(lambda call: Code.ABORTED)
