"""What a simulated Rodent answers, how it dials and what it loses, by its profile.

Each row of the table of what the published one was seen to do has its test."""

import uuid

import grpc
import pytest

from rodent_events import RegisterRequest, StoragePoolPayload
from rodent_events.client import CHANNEL_OPTIONS
from toggle_mock import CommandFailedError, SimulatedRodent, fail, load_schema, lose_answer, reject
from toggle_mock.clients import simulated_rodent

PACE = 0.001
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
# gRPC's own pauses between two dials are not the Rodent's, and no pace shortens them.
QUICK = dict(CHANNEL_OPTIONS) | {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 100,
}


def pool(name):
    return StoragePoolPayload(pool_name=name)


def why_not_connected(rodent):
    try:
        rodent.wait_connected(0)
    except TimeoutError as error:
        return str(error)
    return ""


@pytest.fixture
def make(toggle_server):
    def make(profile="published", **options):
        token = toggle_server.jwt(rid="r1")
        return SimulatedRodent(toggle_server.address, token, profile=profile, pace=PACE, **options)

    return make


@pytest.fixture
def published(make):
    with make() as rodent:
        rodent.wait_connected()
        rodent.flush()
        yield rodent


@pytest.fixture
def guaranteeing(make):
    with make("guarantees") as rodent:
        rodent.wait_connected()
        rodent.flush()
        yield rodent


@pytest.fixture
def seen(toggle_server, published):
    return toggle_server.rodents["r1"]


# Its answers


@pytest.mark.parametrize(("kind", "target"), [("system.status", ""), ("status", "system")])
def test_it_is_healthy(seen, kind, target):
    reply = seen.command(kind, target=target)
    assert (reply.success, reply.payload["status"]) == (True, "healthy")
    assert reply.message.message == "System status response"


def test_status_alone_is_no_command(seen):
    assert not seen.command("status").success


def test_an_unknown_command_fails_its_validation_and_the_details_say_why(seen):
    reply = seen.command("no.such")
    assert (reply.error.code, reply.error.http_status) == (1106, 400)
    assert reply.message.message == reply.error.message == "Request validation failed"
    assert reply.error.details == 'unknown command type "no.such"'


def test_the_tunnel_to_an_unknown_service_is_an_invalid_request(seen):
    request = {"service": "web", "method": "GET", "path": "/forbidden"}
    error = seen.command("tunnel.http", request).error
    assert (error.code, error.http_status) == (1106, 400)
    assert error.message == "Request validation failed"
    assert error.details == 'path "/forbidden" not allowed for service "web"'
    with pytest.raises(CommandFailedError, match='"/forbidden" not allowed for service "web"'):
        seen.http("GET", "/forbidden", service="web")


def test_a_config_is_acknowledged_with_its_type(seen):
    assert seen.push_config("logging", {}).message == "Received config update type: logging"


@pytest.mark.parametrize(
    ("profile", "version", "source"),
    [("published", 4, "rodent.system"), ("guarantees", 7, "system")],
)
def test_ids_and_the_source_of_its_startup(toggle_server, make, profile, version, source):
    with make(profile) as rodent:
        (startup,) = toggle_server.wait_for("payload:startup")
        pool_id = rodent.emit(pool("tank"))
    assert startup.source == source
    assert uuid.UUID(startup.message.event_id).version == version
    assert uuid.UUID(pool_id).version == version
    assert uuid.UUID(toggle_server.batches[0].batch_id).version == 7


# Its dials


def test_the_published_one_dials_five_times_in_vain_and_goes_on_without_a_stream(
    toggle_server, make, wait_until
):
    with make(channel_options=list(QUICK.items())) as rodent:
        rodent.wait_connected()
        with toggle_server.faults.outage():
            wait_until(lambda: "five redials in vain" in why_not_connected(rodent))
        assert rodent.connects == 1 + 5

        def reports_again():
            rodent.emit(pool("alive"))
            rodent.flush()
            return toggle_server.events

        wait_until(reports_again)
        assert not toggle_server.rodents["r1"].connected


def test_a_guaranteeing_one_is_back_after_more_refused_dials(toggle_server, make, wait_until):
    with make("guarantees", channel_options=list(QUICK.items())) as rodent:
        rodent.wait_connected()
        with toggle_server.faults.outage():
            wait_until(lambda: rodent.connects > 1 + 5)
        rodent.wait_connected(20)


# What it loses


def test_the_published_one_loses_what_it_emits_before_it_is_registered(toggle_server, make):
    toggle_server.on_register.returns(reject("not yet"))
    with make() as rodent:
        rodent.emit(pool("early"))
        toggle_server.wait_for("payload:startup")
        rodent.flush()
        assert rodent.dropped == 1
        toggle_server.assert_not_received("payload:pool")


def test_what_one_emits_early_that_guarantees_arrives(toggle_server, make):
    toggle_server.on_register.returns(reject("not yet"))
    with make("guarantees") as rodent:
        rodent.emit(pool("early"))
        toggle_server.wait_for("pool_name:early")


def test_the_published_one_takes_a_rejection_for_sent(toggle_server, published):
    with toggle_server.faults.failing(reject()):
        published.emit(pool("lost"))
        published.flush()
    assert published.dropped == 0
    toggle_server.assert_not_received("pool_name:lost")


def test_a_guaranteeing_one_sends_until_toggle_has_taken_it(toggle_server, guaranteeing):
    failures = [UNAVAILABLE, reject(), fail(UNAVAILABLE), UNAVAILABLE, lose_answer()]
    toggle_server.on_send_events.returns(failures)
    guaranteeing.emit(pool("kept"))
    guaranteeing.flush(20)
    first, again = toggle_server.wait_for("pool_name:kept", count=2)
    assert first.message == again.message
    assert len({batch.batch_id for batch in toggle_server.batches[-2:]}) == 1
    assert guaranteeing.dropped == 0


def test_what_the_published_one_spills_is_never_sent(toggle_server, published, monkeypatch):
    monkeypatch.setattr(simulated_rodent, "SPILL_AT", 10)
    with toggle_server.faults.hanging():
        published.emit(pool("first"))
        toggle_server.wait_for_call("SendEvents", count=2)
        for _ in range(10):
            published.emit(pool("spilled"))
    published.flush()
    assert published.dropped == 10
    toggle_server.assert_not_received("pool_name:spilled")


def test_the_published_one_loses_what_waits_when_it_stops(toggle_server, make):
    with make() as rodent:
        rodent.wait_connected()
        rodent.flush()
    assert rodent.dropped == 1
    toggle_server.assert_not_received("payload:shutdown")


def test_a_guaranteeing_one_sends_its_shutdown(toggle_server, make):
    with make("guarantees") as rodent:
        rodent.wait_connected()
    toggle_server.assert_received("payload:shutdown", count=1)


def test_what_could_not_be_sent_goes_out_after_the_next_start(toggle_server, make, monkeypatch):
    monkeypatch.setattr(simulated_rodent, "STOP_TIMEOUT", 0.05)
    rodent = make("guarantees")
    with rodent:
        rodent.wait_connected()
        rodent.flush()
        failing = toggle_server.faults.failing(UNAVAILABLE)
        rodent.emit(pool("kept"))
    failing.heal()
    with rodent:
        toggle_server.wait_for("payload:shutdown")
        toggle_server.assert_in_order("pool_name:kept", "payload:shutdown")
        rodent.flush()
        assert rodent.dropped == 0


# Mistakes of its user


def test_there_are_two_profiles(make):
    with pytest.raises(ValueError, match=r"profile is 'publishd'.*did you mean published"):
        make("publishd")


def test_one_that_is_not_started_says_so(make):
    rodent = make()
    with pytest.raises(RuntimeError, match="rodent r1 is not started"):
        rodent.emit(pool("tank"))
    with pytest.raises(RuntimeError, match="rodent r1 is not started"):
        rodent.flush()


def test_it_emits_payloads_of_its_own_schema_only(make):
    name = "rodent.events.StoragePoolPayload"
    other = load_schema("2025-09-17").message_class(name)(pool_name="tank")
    rodent = make()
    with pytest.raises(TypeError, match=f"this {name} is of another schema than rodent_events"):
        rodent.emit(other)
    for wrong in (RegisterRequest(), "payload", None):
        with pytest.raises(TypeError, match="is no payload of the schema"):
            rodent.emit(wrong)


class TestOptionsOfTheFixture:
    @pytest.fixture
    def rodent_options(self):
        return {"profile": "guarantees"}

    def test_they_reach_the_rodent(self, rodent):
        assert uuid.UUID(rodent.emit(pool("tank"))).version == 7
