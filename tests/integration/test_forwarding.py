"""A mock in front of a Toggle: what each of both ends sees of the other, and what is recorded."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from support.raw_rodent import RawRodent, bearer

from rodent_events import (
    CommandRequest,
    Event,
    EventBatch,
    EventBatchResponse,
    EventClient,
    RodentRequest,
    ToggleRequest,
    wire,
)
from rodent_events.client import SEND_EVENTS
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer, Upstream, cut, fail, hang, load, lose_answer, reject
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.tokens.certificates import Authority

Code = grpc.StatusCode
BATCH = EventBatch(events=[Event(source="x", event_id="e")], batch_id="b").SerializeToString()
FROM_THE_FUTURE = BATCH + wire.delimited(900, b"new")
OK = EventBatchResponse(success=True).SerializeToString() + wire.delimited(901, b"new")
HEADERS = (("x-header", "1"),)
TRAILERS = (("x-trailer", "2"), ("x-trailer-bin", b"\0\xff"))


def usual(requests, _context):
    yield from (OK for _ in requests)


class RawToggle(grpc.GenericRpcHandler):
    """Answers each call by a function of its messages and its context, whatever the method."""

    def __init__(self):
        self.answer = usual
        self.contexts = []
        self._server = grpc.server(
            ThreadPoolExecutor(8),
            [self],
            options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)],
        )
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def service(self, _details):
        def answer(requests, context):
            self.contexts.append(context)
            yield from self.answer(requests, context)

        return grpc.stream_stream_rpc_method_handler(answer)

    def stop(self):
        self._server.stop(None).wait()


@pytest.fixture(scope="module")
def _raw():
    raw = RawToggle()
    yield raw
    raw.stop()


@pytest.fixture(scope="module")
def _in_front(_raw):
    with ToggleServer(forward_to=_raw.address) as in_front:
        yield in_front


@pytest.fixture
def raw_toggle(_raw):
    _raw.answer = usual
    _raw.contexts.clear()
    return _raw


@pytest.fixture
def in_front(_in_front):
    """A mock in front of ``raw_toggle``."""
    _in_front.begin_test()
    yield _in_front
    _in_front.heal()


@pytest.fixture
def to_raw(raw_toggle, in_front):
    """A channel to it."""
    with grpc.insecure_channel(in_front.address) as channel:
        yield channel


@pytest.fixture
def proxy(toggle_server):
    """A mock in front of ``toggle_server``."""
    with ToggleServer(forward_to=toggle_server.address, relay=True) as proxy:
        yield proxy


@pytest.fixture
def client(proxy, toggle_server):
    token = toggle_server.jwt(rid="r7")
    with EventClient(target=proxy.address, jwt=token, send_timeout=20) as client:
        yield client


# Calls with one request


def test_bytes_metadata_and_what_is_left_of_the_deadline_pass_both_ways(
    raw_toggle, in_front, to_raw
):
    def answer(requests, context):
        context.send_initial_metadata(HEADERS)
        context.set_trailing_metadata(TRAILERS)
        seen.extend(requests)
        yield OK

    seen = []
    raw_toggle.answer = answer
    metadata = (
        ("authorization", "Bearer opaque"),
        ("x-many", "1"),
        ("x-many", "2"),
        ("k-bin", b"\0"),
    )
    response, call = to_raw.unary_unary(SEND_EVENTS).with_call(
        FROM_THE_FUTURE, metadata=metadata, timeout=20
    )
    assert (response, seen) == (OK, [FROM_THE_FUTURE])
    assert set(call.initial_metadata()) >= set(HEADERS)
    assert set(call.trailing_metadata()) >= set(TRAILERS)
    (context,) = raw_toggle.contexts
    assert set(context.invocation_metadata()) >= set(metadata)
    assert 10 < context.time_remaining() <= 20
    (batch,) = in_front.wait_for_call("SendEvents") and in_front.batches
    assert batch.raw == FROM_THE_FUTURE
    (recorded,) = in_front.calls
    assert set(recorded.trailers) >= set(TRAILERS)
    assert ("authorization", "[redacted]") in recorded.metadata


@pytest.mark.parametrize("code", [Code.CANCELLED, Code.UNAUTHENTICATED, Code.UNAVAILABLE])
def test_a_status_its_text_and_what_comes_with_it_pass(raw_toggle, in_front, to_raw, code):
    def answer(_requests, context):
        context.set_trailing_metadata(TRAILERS)
        context.abort(code, "ñot now")

    raw_toggle.answer = answer
    with pytest.raises(grpc.RpcError) as raised:
        to_raw.unary_unary(SEND_EVENTS)(BATCH)
    assert (raised.value.code(), raised.value.details()) == (code, "ñot now")
    assert set(raised.value.trailing_metadata()) >= set(TRAILERS)
    (call,) = in_front.wait_for_call("SendEvents", status=code)
    assert (call.details, in_front.batches) == ("ñot now", [])


def test_what_is_no_batch_here_is_for_the_upstream_to_judge(raw_toggle, in_front, to_raw):
    assert to_raw.unary_unary(SEND_EVENTS)(b"\xff\xff") == OK
    assert (in_front.batches, in_front.refusals) == ([], [])
    in_front.on_send_events.always(Code.ABORTED, matching="source:*")
    assert to_raw.unary_unary(SEND_EVENTS)(b"\xff\xff") == OK
    assert in_front.calls[0].requests == [b"\xff\xff"]


def test_a_message_of_any_size_passes(raw_toggle, to_raw):
    raw_toggle.answer = lambda requests, context: [b"%d" % len(next(requests))]
    assert to_raw.unary_unary(SEND_EVENTS)(bytes(5_000_000)) == b"5000000"


PATHS = [SEND_EVENTS, "/rodent.RodentService/Connect", "/other.Service/Do"]


@pytest.fixture
def upstream_call(raw_toggle):
    """Whether a call has come to ``raw_toggle``, and whether it has ended there unanswered."""
    begun, ended = threading.Event(), threading.Event()

    def answer(requests, context):
        next(requests)
        context.add_callback(ended.set)
        begun.set()
        ended.wait(20)
        yield from ()

    raw_toggle.answer = answer
    return begun, ended


@pytest.mark.parametrize("path", PATHS)
def test_a_call_that_its_caller_cancels_is_cancelled_upstream(to_raw, upstream_call, path):
    begun, ended = upstream_call
    call = to_raw.stream_stream(path)(iter([BATCH]))
    assert begun.wait(20)
    call.cancel()
    assert ended.wait(20)


@pytest.mark.parametrize("path", PATHS)
def test_a_call_whose_time_is_over_ends_upstream(to_raw, upstream_call, path):
    begun, ended = upstream_call
    for timeout in (0.1, 0.4, 2, 10):  # until it was long enough to come as far as that
        call = to_raw.stream_stream(path)(iter([BATCH]), timeout=timeout)
        assert call.code() is Code.DEADLINE_EXCEEDED
        if begun.is_set():
            break
    assert ended.wait(20)


def test_a_method_that_is_not_known_here_passes_unrecorded(raw_toggle, in_front, to_raw):
    def answer(requests, context):
        context.send_initial_metadata(HEADERS)
        context.set_trailing_metadata(TRAILERS)
        yield from (raw * 2 for raw in requests)
        if ("x", "abort") in context.invocation_metadata():
            context.abort(Code.DATA_LOSS, "why")

    raw_toggle.answer = answer
    call = to_raw.stream_stream("/rodent.RodentService/New")(iter([b"a", b"b"]))
    assert list(call) == [b"aa", b"bb"]
    assert set(call.initial_metadata()) >= set(HEADERS)
    assert set(call.trailing_metadata()) >= set(TRAILERS)
    call = to_raw.stream_stream("/rodent.RodentService/New")(
        iter([b"a"]), metadata=[("x", "abort")]
    )
    with pytest.raises(grpc.RpcError, match="why"):
        list(call)
    assert call.code() is Code.DATA_LOSS
    assert (in_front.calls, in_front.refusals) == ([], [])


def test_an_upstream_that_comes_is_found_and_one_that_is_not_there_is_told(
    toggle_server, proxy, client
):
    with toggle_server.faults.outage():
        assert client.send_batch(BATCH).unreachable
        (call,) = proxy.wait_for_call("SendEvents", status="UNAVAILABLE")
        assert toggle_server.address in call.details
    statuses = iter(lambda: client.send_batch(BATCH).status, Status.OK)
    assert set(statuses) <= {Status.UNAVAILABLE}
    proxy.stop()
    proxy.start()
    assert Status.OK in (client.send_batch(BATCH).status for _ in range(20))


def test_no_proxy_of_the_environment_is_used_unless_asked(toggle_server, free_port, monkeypatch):
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    token = toggle_server.jwt()
    for use_proxy, status in ((False, Status.OK), (True, Status.UNAVAILABLE)):
        upstream = Upstream(toggle_server.address, use_proxy=use_proxy)
        with (
            ToggleServer(forward_to=upstream) as proxy,
            EventClient(target=proxy.address, jwt=token, use_proxy=False) as client,
        ):
            assert client.send_batch(BATCH).status is status


# The stream


def test_commands_and_answers_pass_both_ways_and_the_mocks_own_between(toggle_server, proxy):
    with SimulatedRodent(proxy.address, toggle_server.jwt(rid="r1"), pace=0.001):
        there, here = toggle_server.rodents["r1"], proxy.rodents["r1"]
        assert there.command("system.status").success
        assert here.command("system.status").success
        assert there.push_config("logging", {}).success
        assert there.unexpected_messages == here.unexpected_messages == []
        assert [message.sent for message in there.history] == [True, False] * 2
        assert [message.sent for message in here.history] == [True, False] * 3
        there.disconnect(Code.PERMISSION_DENIED, "go away")
        (call,) = proxy.wait_for_call("Connect", status="PERMISSION_DENIED")
        assert call.details == "go away"
        assert there.command("system.status").success  # over the next stream
    toggle_server.wait_for_call("Connect", status="CANCELLED")


def test_a_stream_is_accepted_and_ends_as_the_upstream_says(raw_toggle, to_raw, in_front):
    accept = threading.Event()

    def answer(requests, context):
        accept.wait(20)
        context.send_initial_metadata(HEADERS)
        context.set_trailing_metadata(TRAILERS)
        yield from (b"\xff" + raw for raw in requests)
        yield b"last"
        context.abort(Code.RESOURCE_EXHAUSTED, "enough")

    raw_toggle.answer = answer
    call = to_raw.stream_stream("/rodent.RodentService/Connect")(iter([b"\xfe", b"\xfd"]))
    in_front.wait_for_call("Connect")
    assert not call.done()
    accept.set()
    assert set(call.initial_metadata()) >= set(HEADERS)
    assert [next(call) for _ in range(3)] == [b"\xff\xfe", b"\xff\xfd", b"last"]
    with pytest.raises(grpc.RpcError, match="enough"):
        next(call)
    assert call.code() is Code.RESOURCE_EXHAUSTED
    assert set(call.trailing_metadata()) >= set(TRAILERS)
    (recorded,) = in_front.wait_for_call("Connect", status="RESOURCE_EXHAUSTED")
    assert recorded.requests == [b"\xfe", b"\xfd"]
    assert recorded.responses == [b"\xff\xfe", b"\xff\xfd", b"last"]
    assert set(recorded.trailers) >= set(TRAILERS)


def test_the_mock_may_speak_before_the_upstream_has_accepted(raw_toggle, in_front, to_raw):
    def answer(requests, context):
        accept.wait(20)
        context.send_initial_metadata(HEADERS)
        yield b"from the upstream"

    accept = threading.Event()
    raw_toggle.answer = answer
    metadata = bearer(in_front.jwt(rid="r1"))
    call = to_raw.stream_stream("/rodent.RodentService/Connect")(iter([]), metadata=metadata)
    in_front.rodents["r1"].send(b"from the mock")
    assert next(call) == b"from the mock"
    accept.set()
    assert next(call) == b"from the upstream"
    assert call.code() is Code.OK


def test_a_stream_that_the_upstream_refuses_is_refused(toggle_server, proxy):
    toggle_server.on_connect.returns(fail(Code.UNAUTHENTICATED, "who?", trailers={"k": "v"}))
    with grpc.insecure_channel(proxy.address) as channel:
        call = channel.stream_stream("/rodent.RodentService/Connect")(
            iter([]), metadata=bearer(toggle_server.jwt())
        )
        with pytest.raises(grpc.RpcError, match="who"):
            next(call)
        assert ("k", "v") in call.trailing_metadata()


def test_each_message_is_sent_on_when_it_comes(toggle_server, proxy):
    rodent = RawRodent(proxy, token=toggle_server.jwt(rid="raw"))
    there = toggle_server.rodents["raw"]
    for number in map(str, range(3)):
        there.send(ToggleRequest(request_id=number))
        assert next(rodent.stream).request_id == number
        rodent.send(RodentRequest(request_id=number))
    rodent.send(None)
    (call,) = toggle_server.wait_for_call("Connect", status="OK")
    assert len(call.messages) == 6
    proxy.wait_for_call("Connect", status="OK")
    rodent.close()


# Faults between


@pytest.mark.parametrize(
    ("outcome", "status", "arrives"),
    [
        (fail(Code.ABORTED), Status.ABORTED, False),
        (reject("no"), Status.REJECTED, False),
        (lose_answer(), Status.UNAVAILABLE, True),
        (EventBatchResponse(success=True, message="mine"), Status.OK, True),
    ],
)
def test_a_scripted_outcome_stands_between(toggle_server, proxy, client, outcome, status, arrives):
    proxy.on_send_events.returns(outcome)
    assert client.send_batch(BATCH).status is status
    assert len(toggle_server.batches) == len(proxy.batches) == int(arrives)
    proxy.heal()
    assert client.send_batch(BATCH).message == "1 events recorded"


def test_hanging_latency_resets_and_cuts_stand_between(toggle_server, proxy, client, in_background):
    with proxy.on_send_events.always(hang(accepted=True)):
        hung = in_background(client.send_batch, BATCH)
        toggle_server.wait_for("source:x", count=1)
        assert not hung.done()
    assert hung.result(20).status is Status.UNAVAILABLE
    with proxy.faults.latency(0.01):
        assert client.send_batch(BATCH).status is Status.OK
    with proxy.faults.refuse():
        proxy.faults.reset()
        assert client.send_batch(BATCH).status is Status.UNAVAILABLE
    proxy.on_connect.returns([cut(after_messages=1, status=Code.ABORTED)])
    with SimulatedRodent(proxy.address, toggle_server.jwt(rid="r1"), pace=0.001):
        toggle_server.rodents["r1"].start_command("system.status", timeout=20)
        proxy.wait_for_call("Connect", status="ABORTED")
        toggle_server.wait_for_call("Connect", status="CANCELLED")


def test_a_token_that_is_revoked_here_comes_no_further(toggle_server, proxy, client):
    proxy.tokens.revoke(rid="r7")
    assert client.send_batch(BATCH).status is Status.UNAUTHENTICATED
    assert toggle_server.calls == []


# Secrets and certificates


def test_secrets_pass_and_are_recorded_nowhere(toggle_server, tmp_path):
    path = tmp_path / "run.ndjson"
    token = toggle_server.jwt(rid="r1")
    given = toggle_server.authority.registration("n1.example.net")
    toggle_server.on_register.returns(given)
    command = CommandRequest(
        command_type="tunnel.http", payload=b'{"Authorization": ["Basic c2VjcmV0"]}'
    )
    with ToggleServer(forward_to=toggle_server.address, record=path) as proxy:
        rodent = RawRodent(proxy, token=token)
        toggle_server.rodents["r1"].send(ToggleRequest(request_id="1", command=command))
        assert next(rodent.stream).command == command
        rodent.close()
        with grpc.insecure_channel(proxy.address) as channel:
            register = channel.unary_unary("/rodent.RodentService/Register")
            assert register(b"", metadata=bearer(token)) == given.SerializeToString()
            with EventClient(target=proxy.address, jwt=token) as client:
                told = EventBatch(events=[Event(source=f"Bearer {token}")]).SerializeToString()
                assert client.send_batch(told).status is Status.OK
    assert toggle_server.batches[0].raw == told
    secrets = [token, given.private_key.splitlines()[1], "c2VjcmV0"]
    said = [b"".join(m.raw for m in call.messages) for call in load(path).calls]
    assert [secret for secret in secrets for raw in said if secret.encode() in raw] == []
    assert [secret for secret in secrets if secret in path.read_text()] == []
    assert load(path).events[0].source.startswith("Bearer [redacted]***")


def test_an_upstream_that_demands_certificates_gets_one(make_toggle_server, monkeypatch):
    real = make_toggle_server(tls="mutual")
    own = real.authority.issue("the-proxy")
    good = {"root_certificates": real.authority.root, "certificate": (own.chain, own.key)}
    for options, status in (
        (good, Status.OK),
        (good | {"server_name": "localhost"}, Status.OK),
        (good | {"server_name": "else.example.net"}, Status.UNAVAILABLE),
        (good | {"root_certificates": Authority().root}, Status.UNAVAILABLE),
        ({"root_certificates": real.authority.root}, Status.UNAVAILABLE),
        ({"certificate": good["certificate"]}, Status.UNAVAILABLE),
        ({}, Status.UNAVAILABLE),
    ):
        proxy = make_toggle_server(forward_to=Upstream(real.address, **options))
        with EventClient(target=proxy.address, jwt=real.jwt()) as client:
            assert client.send_batch(BATCH).status is status
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(real.authority.root_file))  # what the machine trusts
    trusting = Upstream(real.address, tls=True, certificate=good["certificate"])
    proxy = make_toggle_server(forward_to=trusting)
    with EventClient(target=proxy.address, jwt=real.jwt()) as client:
        assert client.send_batch(BATCH).status is Status.OK
