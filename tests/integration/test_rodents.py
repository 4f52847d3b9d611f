"""Conversations with Rodents: Register, Connect, commands, as contract.md of the wire has them."""

import asyncio
import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from support.raw_rodent import RawRodent, bearer

from rodent_events import (
    Acknowledgement,
    CommandResponse,
    RodentRequest,
    StoragePoolPayload,
    ToggleRequest,
)
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from toggle_mock import (
    CommandFailedError,
    CommandRejectedError,
    NoReplyError,
    NotConnectedError,
    ToggleServer,
    cut,
    fail,
    reject,
)
from toggle_mock.clients.fleet import simulate_fleet
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.server import service

Code = grpc.StatusCode
PACE = 0.001


@pytest.fixture
def simulated(toggle_server):
    with SimulatedRodent(toggle_server.address, toggle_server.jwt(rid="r1"), pace=PACE) as rodent:
        yield rodent


@pytest.fixture
def rodent(toggle_server, simulated):
    return toggle_server.rodents["r1"]


@pytest.fixture
def raw(toggle_server):
    rodent = RawRodent(toggle_server)
    yield rodent
    rodent.close()


class AcceptedOnly:
    """A call's context that waits between the acceptance of a stream and all that follows."""

    def __init__(self, context, go_on):
        self._context = context
        self._go_on = go_on

    def __getattr__(self, name):
        return getattr(self._context, name)

    async def send_initial_metadata(self, metadata):
        await self._context.send_initial_metadata(metadata)
        await asyncio.to_thread(self._go_on.wait, 30)


def test_a_rodent_that_sees_itself_connected_can_be_disconnected(toggle_server, monkeypatch):
    go_on = threading.Event()

    class Accepted(service.Handled):
        def __init__(self, call, context, *others):
            super().__init__(call, AcceptedOnly(context, go_on), *others)

    monkeypatch.setattr(service, "Handled", Accepted)
    token = toggle_server.jwt(rid="r1")
    with SimulatedRodent(toggle_server.address, token, pace=PACE) as simulated:
        simulated.wait_connected()
        toggle_server.rodents["r1"].disconnect()
        go_on.set()
        toggle_server.wait_for_call("Connect", count=2)
    ended = toggle_server.wait_for_call("Connect")[0]
    assert ended.details == "disconnected"


class SlowlyAdmitted(service.Handled):
    """A call whose token is looked at for a while, once it is recorded."""

    go_on = threading.Event()

    async def admit(self, tokens):
        if self.recording.calls[0] is not self.call:
            await asyncio.to_thread(self.go_on.wait, 30)
        await super().admit(tokens)


@pytest.mark.parametrize("is_accepted", [True, False])
def test_what_is_sent_after_a_second_stream_has_come_goes_over_that(
    toggle_server, monkeypatch, is_accepted, raw
):
    monkeypatch.setattr(service, "Handled", SlowlyAdmitted)
    monkeypatch.setattr(SlowlyAdmitted, "go_on", threading.Event())
    old = raw  # open, and silent, as it is seen while nobody knows that it is dead
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    if not is_accepted:
        toggle_server.on_connect.returns([Code.UNAVAILABLE])
    new = RawRodent(toggle_server)
    toggle_server.wait_for_call("Connect", count=2)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(rodent.send, ToggleRequest(request_id="first"))
        SlowlyAdmitted.go_on.set()
        sending.result(10)
    assert next((new if is_accepted else old).stream).request_id == "first"
    new.close()


def test_a_stream_that_is_delayed_is_not_waited_for(toggle_server, raw):
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    with toggle_server.faults.hanging(method="Connect"):
        new = RawRodent(toggle_server)
        toggle_server.wait_for_call("Connect", count=2)
        rodent.send(ToggleRequest(request_id="first"), timeout=60)
        assert next(raw.stream).request_id == "first"
        new.close()


def test_a_call_of_a_rodent_that_is_disconnected_has_ended(toggle_server, monkeypatch):
    seen = []

    class Ending(service.Handled):
        def end(self, status, *others, **more):
            if self.call.method == "Connect" and self.call.status is None:
                rodent = toggle_server.rodents["r1"]
                with pytest.raises(TimeoutError):
                    rodent.wait_disconnected(0)
                seen.append(rodent.connected)
            super().end(status, *others, **more)

    monkeypatch.setattr(service, "Handled", Ending)
    token = toggle_server.jwt(rid="r1")
    with SimulatedRodent(toggle_server.address, token, pace=PACE) as simulated:
        simulated.wait_connected()
    rodent = toggle_server.rodents["r1"]
    rodent.wait_disconnected()
    assert [call.status for call in rodent.calls] == ["CANCELLED"]
    assert seen == [False]


def test_a_cancelled_stream_whose_messages_end_first_is_recorded_as_cancelled(monkeypatch):
    connect = service.RodentService.connect

    async def nothing():
        return
        yield

    async def connect_without_messages(self, requests, context):
        await connect(self, nothing(), context)

    monkeypatch.setattr(service, "CANCELLED_WITHIN", 60)
    monkeypatch.setattr(service.RodentService, "connect", connect_without_messages)
    with ToggleServer() as server:
        with SimulatedRodent(server.address, server.jwt(rid="r1"), pace=PACE) as simulated:
            simulated.wait_connected()
        rodent = server.rodents["r1"]
        rodent.wait_disconnected()
    assert [call.status for call in rodent.calls] == ["CANCELLED"]


def test_a_rodents_whole_day(toggle_server, simulated, rodent, wait_until):
    """Register, startup event, connect, 100 commands out of order, config, cut stream, redial."""
    (register,) = toggle_server.wait_for_call("Register")
    assert register.requests == [b"\x0a\x00"]
    toggle_server.wait_for("payload:startup operation:STARTED rid:r1")

    async def echo(payload):
        await asyncio.sleep(payload["pause"])
        return payload

    simulated.commands["echo"] = echo
    replies = [
        rodent.start_command("echo", {"number": number, "pause": (100 - number) / 1000})
        for number in range(100)
    ]
    assert [reply.result(20).payload["number"] for reply in replies] == list(range(100))
    numbers = [
        json.loads(message.message.command_response.payload)["number"]
        for message in rodent.history
        if not message.sent
    ]
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(100))

    assert rodent.push_config("logging", {"level": "debug"}).success
    assert simulated.configs == [("logging", b'{"level": "debug"}')]

    rodent.disconnect(Code.UNAVAILABLE, "bye")
    wait_until(lambda: simulated.connects == 2)
    assert rodent.command("system.status").success
    assert [call.status for call in rodent.calls] == ["UNAVAILABLE", None]
    assert rodent.unexpected_messages == []


def test_a_rodent_answers_system_status_with_the_keys_of_a_real_one(rodent):
    reply = rodent.command("system.status")
    assert reply.success
    assert reply.payload.keys() == {
        "status",
        "timestamp",
        "cpu_usage",
        "memory_usage",
        "disk_usage",
    }
    assert reply.request_id == reply.message.request_id


def test_a_command_that_fails_is_told_with_code_and_domain(simulated, rodent):
    reply = rodent.command("zfs.pool.list")
    assert (reply.success, reply.error.code, reply.error.domain) == (False, 1106, "SERVER")
    assert reply.error.http_status == 400

    def broken(payload):
        raise CommandRejectedError("no such pool", code=2001, domain="ZFS", http_status=404)

    simulated.commands["zfs.pool.list"] = broken
    assert rodent.command("zfs.pool.list").error.code == 2001
    simulated.commands["zfs.pool.list"] = lambda payload: 1 / 0
    assert "ZeroDivisionError" in rodent.command("zfs.pool.list").error.message


def test_payloads_travel_as_json_or_bytes(simulated, rodent):
    seen = []
    simulated.commands["take"] = seen.append
    for payload in ({"a": [1, None]}, [], 0, None, b'"raw"'):
        assert rodent.command("take", payload).success
    assert seen == [{"a": [1, None]}, [], 0, None, "raw"]


def test_a_request_gets_through_a_rodent_to_its_service_and_back(simulated, rodent):
    requests = []

    def service(request):
        requests.append(request)
        return 201, {"content-type": "application/json"}, b'{"made": true}'

    simulated.services["api"] = service
    reply = rodent.http(
        "POST", "/pools", service="api", query="dry=1", headers={"x": "y"}, body=b"\x00\xff"
    )
    assert (reply.status_code, reply.json()) == (201, {"made": True})
    assert reply.headers == {"content-type": "application/json"}
    (request,) = requests
    assert request["body"] == b"\x00\xff"
    assert (request["method"], request["path"], request["query"]) == ("POST", "/pools", "dry=1")
    with pytest.raises(
        CommandFailedError, match=r'path "/" not allowed for service "db" \(error 1106\)'
    ):
        rodent.http("GET", "/", service="db")


def test_the_tunnel_speaks_as_a_rodent_in_go_does(toggle_server, raw):
    """As a Rodent in Go sees it and answers it."""
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    answers = []
    asking = threading.Thread(
        target=lambda: answers.append(rodent.http("GET", "/h", service="api", body=b"hi"))
    )
    asking.start()
    command = next(raw.stream)
    request = json.loads(command.command.payload)
    assert command.command.command_type == "tunnel.http"
    assert request == {
        "service": "api",
        "method": "GET",
        "path": "/h",
        "query": "",
        "headers": {},
        "body": base64.b64encode(b"hi").decode(),
    }
    payload = json.dumps({"status_code": 204, "headers": {}, "body": ""}).encode()
    response = CommandResponse(request_id=command.request_id, success=True, payload=payload)
    raw.send(RodentRequest(request_id=command.request_id, command_response=response))
    asking.join(20)
    assert answers[0].status_code == 204


def test_what_nobody_asked_for_is_kept_and_harmless(toggle_server, raw, wait_until):
    rodent = toggle_server.rodents["raw"]
    unknown = CommandResponse(request_id="ghost", success=True)
    raw.send(RodentRequest(request_id="ghost", command_response=unknown))
    raw.send(RodentRequest(request_id="empty"))
    raw.send(RodentRequest(request_id="", ack=Acknowledgement()))
    wait_until(lambda: len(rodent.unexpected_messages) == 3)
    assert [surprise.reason for surprise in rodent.unexpected_messages] == [
        "answers nothing: request_id is 'ghost'",
        "has no payload",
        "answers nothing: request_id is ''",
    ]
    assert len(rodent.history) == 3
    assert rodent.connected


def test_a_late_reply_is_kept_as_such(toggle_server, raw, wait_until):
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    with pytest.raises(NoReplyError, match=r"rodent raw did not answer command slow within 0.05 s"):
        rodent.command("slow", timeout=0.05)
    request_id = next(raw.stream).request_id
    late = CommandResponse(request_id=request_id, success=True)
    raw.send(RodentRequest(request_id=request_id, command_response=late))
    wait_until(lambda: rodent.unexpected_messages)
    assert request_id in rodent.unexpected_messages[0].reason


def test_history_is_recorded_while_the_stream_is_open(toggle_server, raw):
    rodent = toggle_server.rodents["raw"]
    rodent.send(ToggleRequest(request_id="1", ack=Acknowledgement(success=True)))
    assert next(raw.stream).request_id == "1"
    rodent.send(b"")
    assert next(raw.stream) == ToggleRequest()
    assert [message.sent for message in rodent.history] == [True, True]
    assert rodent.history[0].message.request_id == "1"
    assert toggle_server.calls[-1].status is None


def test_a_rodent_without_a_stream_cannot_be_disconnected(toggle_server, simulated, rodent):
    with pytest.raises(NotConnectedError, match="nobody is not connected: there is no"):
        toggle_server.rodents["nobody"].disconnect()
    rodent.wait_connected()
    with toggle_server.faults.failing(Code.UNAVAILABLE, method="Connect"):
        rodent.disconnect(Code.ABORTED)
        rodent.wait_disconnected()
        with pytest.raises(NotConnectedError, match=r"the last one: .*ABORTED"):
            rodent.disconnect()


def test_a_rodent_that_is_not_connected_takes_no_command_and_is_not_listed(toggle_server):
    rodent = toggle_server.rodents["nobody"]
    with pytest.raises(NotConnectedError, match="rodent nobody is not connected"):
        rodent.command("system.status", timeout=0.01)
    assert "nobody" not in toggle_server.rodents
    assert list(toggle_server.rodents) == []


def test_a_stream_that_ends_fails_what_is_under_way(toggle_server, raw):
    rodent = toggle_server.rodents["raw"]
    reply = rodent.start_command("never")
    rodent.disconnect(Code.ABORTED, "over")
    with pytest.raises(NotConnectedError, match="the stream of rodent raw ended: ABORTED over"):
        reply.result(20)
    with pytest.raises(grpc.RpcError) as caught:
        list(raw.stream)
    assert caught.value.code() is Code.ABORTED
    rodent.wait_disconnected()


def test_a_rodent_may_end_its_stream(toggle_server, raw):
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    raw.send(None)
    assert list(raw.stream) == []
    (call,) = toggle_server.wait_for_call("Connect", status="OK")
    assert call.details == "the Rodent ended the stream"


def test_a_rodent_that_stays_is_not_waited_for_without_end(toggle_server, raw):
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    with pytest.raises(TimeoutError, match="is still connected"):
        rodent.wait_disconnected(0.01)


def test_of_two_streams_of_one_rodent_the_newest_that_is_open_is_used(
    toggle_server, raw, wait_until
):
    rodent = toggle_server.rodents["raw"]
    rodent.wait_connected()
    second = RawRodent(toggle_server)
    wait_until(lambda: len(rodent.calls) == 2)
    rodent.send(ToggleRequest(request_id="newest"))
    assert next(second.stream).request_id == "newest"
    second.close()
    wait_until(lambda: rodent.calls[1].status is not None)
    rodent.send(ToggleRequest(request_id="older"))
    assert next(raw.stream).request_id == "older"


def test_garbage_on_the_stream_ends_it_as_grpc_would(toggle_server, wait_until):
    metadata = bearer(toggle_server.jwt(rid="raw"))
    with grpc.insecure_channel(toggle_server.address) as channel:
        connect = channel.stream_stream("/rodent.RodentService/Connect")
        with pytest.raises(grpc.RpcError) as caught:
            list(connect(iter([b"\x0a\x7f"]), metadata=metadata))
    assert caught.value.code() is Code.INTERNAL
    assert "no rodent.RodentRequest" in caught.value.details()


def test_the_heartbeat_asks_for_the_status_and_is_answered(make_toggle_server, wait_until):
    # A busy machine takes its time; what is answered after the next beat is a surprise.
    toggle = make_toggle_server(heartbeat=0.3)
    with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=PACE):
        rodent = toggle.rodents["r1"]
        rodent.wait_connected()
        wait_until(lambda: len(rodent.history) >= 6)
    asked = [message.message.command.command_type for message in rodent.history if message.sent]
    assert set(asked) == {"system.status"}
    assert rodent.unexpected_messages == []


# Register


def test_register_is_repeated_until_it_succeeds(toggle_server):
    toggle_server.on_register.returns([reject("not yet"), Code.UNAVAILABLE, fail(Code.INTERNAL)])
    with SimulatedRodent(toggle_server.address, toggle_server.jwt(), pace=PACE) as rodent:
        rodent.wait_registered()
        toggle_server.wait_for("payload:startup")
    registers = [call for call in toggle_server.calls if call.method == "Register"]
    assert [call.status for call in registers] == ["OK", "UNAVAILABLE", "INTERNAL", "OK"]
    answers = [message.message for message in registers[0].messages if message.sent]
    assert (answers[0].success, answers[0].message) == (False, "not yet")


def test_register_issues_a_certificate(toggle_server):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from rodent_events import RegisterRequest

    toggle_server.on_register.returns(toggle_server.authority.registration("n1.example.net"))
    metadata = bearer(toggle_server.jwt())
    with grpc.insecure_channel(toggle_server.address) as channel:
        stub = RodentServiceStub(channel)
        first = stub.Register(RegisterRequest(), metadata=metadata)
        second = stub.Register(RegisterRequest(), metadata=metadata)
    assert (first.success, first.domain) == (True, "n1.example.net")
    leaf, root = x509.load_pem_x509_certificates(first.certificate.encode())
    leaf.verify_directly_issued_by(root)
    key = load_pem_private_key(first.private_key.encode(), None)
    assert key.public_key() == leaf.public_key()
    assert first.expires_on == leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (second.success, second.certificate, second.private_key) == (True, "", "")


# Connect that fails


def test_a_rodent_whose_connect_is_refused_or_cut_connects_again(
    toggle_server, simulated, wait_until
):
    rodent = toggle_server.rodents["r1"]
    rodent.wait_connected()
    toggle_server.on_connect.returns([Code.PERMISSION_DENIED, cut(after_messages=2)])
    rodent.disconnect()
    wait_until(lambda: simulated.connects == 3)
    assert rodent.command("system.status").success
    reply = rodent.start_command("system.status")
    assert reply.result(20).success
    wait_until(lambda: simulated.connects == 4)
    assert [call.status for call in toggle_server.calls if call.method == "Connect"][:3] == [
        "OK",
        "PERMISSION_DENIED",
        "UNAVAILABLE",
    ]


# Fleets


def test_a_fleet_connects_answers_and_emits(toggle_server):
    with simulate_fleet(
        toggle_server, 20, rate=50, pace=PACE, seed=1, profile="guarantees"
    ) as fleet:
        connected = toggle_server.rodents.wait_connected(20, timeout=30)
        replies = [rodent.start_command("system.status") for rodent in connected for _ in range(5)]
        assert all(reply.result(20).success for reply in replies)
        events = toggle_server.wait_for(count=200, timeout=30)
    assert len({event.rid for event in events}) == 20
    assert len({event.payload_type for event in events}) > 5
    assert sum(rodent.dropped for rodent in fleet.rodents) == 0


def test_a_fleet_elsewhere_needs_tokens(toggle_server):
    with pytest.raises(ValueError, match="needs jwt="):
        simulate_fleet(toggle_server.address, 2)
    fleet = simulate_fleet(
        toggle_server.address, 2, jwt=lambda rid: toggle_server.jwt(rid=rid), pace=PACE
    )
    with fleet:
        fleet.wait_registered()


def test_rodents_that_do_not_come_are_told(toggle_server):
    with pytest.raises(NotConnectedError, match=r"waited 0.01 s for 2 connected rodent\(s\)"):
        toggle_server.rodents.wait_connected(2, timeout=0.01)


def test_a_simulated_rodent_gives_up_as_the_go_one_does(toggle_server, simulated):
    toggle_server.wait_for("payload:startup")
    with toggle_server.faults.failing(Code.UNAVAILABLE):
        simulated.emit(StoragePoolPayload(pool_name="lost"))
        simulated.flush()
    assert simulated.dropped == 1
    failed = [call for call in toggle_server.calls if call.status == "UNAVAILABLE"]
    assert len(failed) == 3
    assert len({call.requests[0] for call in failed}) == 1
