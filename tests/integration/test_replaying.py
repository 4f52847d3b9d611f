"""A recording of a Toggle answers Rodents as that Toggle did."""

import grpc
import pytest
from support.raw_rodent import bearer

from rodent_events import Event, EventBatch, EventClient
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer, fail
from toggle_mock.clients.simulated_rodent import SimulatedRodent

Code = grpc.StatusCode


def batch(name: str, run: str) -> bytes:
    return EventBatch(events=[Event(source=name, event_id=run)], batch_id=run).SerializeToString()


@pytest.fixture
def path(toggle_server, tmp_path):
    """A recording of a conversation with a Toggle."""
    path = tmp_path / "run.ndjson"
    with ToggleServer(forward_to=toggle_server.address, record=path) as proxy:
        token = toggle_server.jwt(rid="r1")
        toggle_server.on_send_events.returns([fail(Code.UNAVAILABLE, "busy", retry_after=7)])
        with EventClient(target=proxy.address, jwt=token) as client:
            for name in "aab":
                client.send_batch(batch(name, "1"))
        with SimulatedRodent(proxy.address, token, pace=0.001):
            there = toggle_server.rodents["r1"]
            assert there.command("system.status").success
            assert there.push_config("logging", {"level": "debug"}).success
            there.disconnect(Code.PERMISSION_DENIED, "go away")
            proxy.wait_for_call("Connect", status="PERMISSION_DENIED")
    return path


def test_a_rodent_meets_the_same_toggle_again(path):
    with ToggleServer(replay=path) as toggle:
        token = toggle.jwt(rid="r1")
        for run in "23":
            with EventClient(target=toggle.address, jwt=token) as client:
                busy = client.send_batch(batch("a", run))
                assert (busy.status, busy.message, busy.retry_after) == (
                    Status.UNAVAILABLE,
                    "busy",
                    7,
                )
                assert client.send_batch(batch("a", run)).message == "1 events recorded"
                assert client.send_batch(batch("c", run)).status is Status.INVALID_ARGUMENT
            assert [event.source for event in toggle.events] == ["a"]
            (refusal,) = toggle.refusals
            assert (refusal.kind, refusal.rid, refusal.call) == (
                "unrecorded",
                "r1",
                3 * int(run) - 3,
            )
            toggle.begin_test()
            token = toggle.jwt(rid="r1")
        with SimulatedRodent(toggle.address, token, pace=0.001):
            (call, *_) = toggle.wait_for_call("Connect", status="PERMISSION_DENIED")
        assert [message.sent for message in call.messages] == [True, False, True, False]
        assert call.messages[2].message.config.config_type == "logging"
        assert toggle.rodents["r1"].unexpected_messages == []


def test_faults_strike_and_what_an_earlier_test_left_behind_takes_no_answer(path):
    with ToggleServer(replay=path) as toggle:
        old = toggle.jwt(rid="r1")
        toggle.begin_test()
        with (
            EventClient(target=toggle.address, jwt=old) as leftover,
            EventClient(target=toggle.address, jwt=toggle.jwt(rid="r1")) as client,
        ):
            assert leftover.send_batch(batch("a", "2")).status is Status.OK
            toggle.on_send_events.returns([Code.ABORTED])
            statuses = [client.send_batch(batch("a", "2")).status for _ in range(3)]
    assert statuses == [Status.ABORTED, Status.UNAVAILABLE, Status.OK]


def test_a_stream_is_refused_that_the_recording_has_not(make_toggle_server, toggle_server):
    toggle = make_toggle_server(replay=toggle_server.recording)
    with grpc.insecure_channel(toggle.address) as channel:
        stream = channel.stream_stream("/rodent.RodentService/Connect")(
            iter([]), metadata=bearer(toggle.jwt(rid="r1"))
        )
        assert stream.code() is Code.INVALID_ARGUMENT
        assert stream.details() == (
            "the recording, which is replayed, has no answer to this Connect"
        )
    (refusal,) = toggle.refusals
    assert (refusal.kind, refusal.rid, refusal.call) == ("unrecorded", "r1", 1)
