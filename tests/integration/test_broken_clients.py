"""Clients that do it wrong: each gets its status, the server stays up, others are not disturbed."""

import socket
import struct

import grpc
import jwt
import pytest
import trustme
from msgspec import structs
from support.raw_rodent import bearer

from rodent_events import EventBatch, EventClient, RodentRequest
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer
from toggle_mock.tokens.tokens import Tokens

Code = grpc.StatusCode
SEND = "/rodent.RodentService/SendEvents"


@pytest.fixture
def bystander(toggle_server):
    """A client that must not notice anything."""
    token = toggle_server.jwt(rid="bystander")
    with EventClient(target=toggle_server.address, jwt=token, send_timeout=20) as client:
        assert client.send_batch(b"").status is Status.OK
        yield client
        assert client.send_batch(b"").status is Status.OK
    assert {call.status for call in toggle_server.calls if call.rid == "bystander"} == {"OK"}


def outcome(toggle: ToggleServer, *, raw=b"", metadata=(), method=SEND, options=()):
    with grpc.insecure_channel(toggle.address, options=options) as channel:
        try:
            channel.unary_unary(method)(raw, metadata=metadata, timeout=20)
        except grpc.RpcError as error:
            return error.code(), error.details()
        return Code.OK, ""


TOKENS = {
    "no token": lambda toggle: (),
    "an empty token": lambda toggle: bearer(""),
    "another scheme": lambda toggle: (("authorization", "Basic dXNlcjpwdw=="),),
    "no JWT": lambda toggle: bearer("not-a-jwt"),
    "two tokens": lambda toggle: bearer(toggle.jwt()) * 2,
    "an expired token": lambda toggle: bearer(toggle.jwt(expires_in=-5)),
    "another key": lambda toggle: bearer(Tokens().issue()),
    "alg: none": lambda toggle: bearer(
        jwt.encode({"rid": "r", "sub": "o"}, key=None, algorithm="none")
    ),
    "another algorithm": lambda toggle: bearer(Tokens(algorithm="ES256").issue()),
    "no rid": lambda toggle: bearer(toggle.tokens.issue(rid=None)),
    "a rid of the wrong type": lambda toggle: bearer(toggle.tokens.issue(rid=["r"])),
    "a signature that was changed": lambda toggle: bearer(toggle.jwt()[:-3] + "abc"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_a_token_that_is_none_is_unauthenticated_and_recorded_as_such(
    toggle_server, bystander, case
):
    code, details = outcome(toggle_server, metadata=TOKENS[case](toggle_server))
    assert code is Code.UNAUTHENTICATED
    assert details
    assert toggle_server.calls[-1].status == "UNAUTHENTICATED"


def test_a_revoked_token_is_refused_with_the_status_that_was_asked_for(toggle_server, bystander):
    token = toggle_server.jwt(rid="bad")
    assert outcome(toggle_server, metadata=bearer(token))[0] is Code.OK
    toggle_server.tokens.revoke(rid="bad", status=Code.PERMISSION_DENIED)
    assert outcome(toggle_server, metadata=bearer(token))[0] is Code.PERMISSION_DENIED


MESSAGES = {
    "a truncated message": (b"\x0a\x7f\x01", Code.INTERNAL),
    "only zero bytes": (bytes(100), Code.INTERNAL),
    "random bytes": (bytes(range(255, 155, -1)), Code.INTERNAL),
    "invalid UTF-8": (b"\x1a\x02\xff\xfe", Code.INTERNAL),
    "an end of a group that never began": (b"\x0c", Code.INTERNAL),
    "nested without end": (b"\x0a\xff\xff\xff\xff\x0f", Code.INTERNAL),
    "another message": (RodentRequest(request_id="r").SerializeToString(), Code.INTERNAL),
    "a huge message": (b"\x1a\xff\xff\xff\x07" + bytes(5 * 1024 * 1024), Code.RESOURCE_EXHAUSTED),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_a_message_that_is_none_gets_its_status_and_is_no_batch(toggle_server, bystander, case):
    raw, expected = MESSAGES[case]
    token = toggle_server.jwt()
    code, _details = outcome(toggle_server, raw=raw, metadata=bearer(token))
    assert code is expected
    assert len(toggle_server.batches) == 1  # the bystander's


def test_a_wrong_method_is_unimplemented(toggle_server, bystander):
    token = toggle_server.jwt()
    for method in ("/rodent.RodentService/Delete", "/other.Service/SendEvents", "/"):
        code, _ = outcome(toggle_server, method=method, metadata=bearer(token))
        assert code is Code.UNIMPLEMENTED


def test_a_unary_call_to_the_stream_is_a_stream_of_one_message(toggle_server, bystander):
    """It is a stream of one message, which is all that the server can tell."""
    token = toggle_server.jwt(rid="unary")
    method = "/rodent.RodentService/Connect"
    outcome(toggle_server, method=method, metadata=bearer(token))
    (call,) = toggle_server.rodents["unary"].calls
    assert call.status == "OK"


def test_ten_thousand_entries_of_metadata_exhaust_resources(toggle_server, bystander):
    metadata = (*bearer(toggle_server.jwt()), *((f"x-{n}", "v" * 20) for n in range(10_000)))
    code, _ = outcome(toggle_server, metadata=metadata)
    assert code is Code.RESOURCE_EXHAUSTED


def test_binary_metadata_is_kept(toggle_server, bystander):
    metadata = (*bearer(toggle_server.jwt()), ("x-trace-bin", b"\x00\xff"))
    assert outcome(toggle_server, metadata=metadata)[0] is Code.OK
    assert dict(toggle_server.calls[-1].metadata)["x-trace-bin"] == b"\x00\xff"


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\nHost: toggle\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
        b"SSH-2.0-OpenSSH_9.9\r\n",
        bytes(1000),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9) + b"\xff" * 100,
    ],
    ids=["HTTP/1.1", "TLS", "SSH", "zeros", "broken HTTP/2"],
)
def test_another_protocol_on_the_port_is_cut_off(toggle_server, bystander, content):
    address = ("127.0.0.1", toggle_server.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        try:
            while connection.recv(65_536):
                pass
        except ConnectionResetError:
            pass


def test_a_connection_that_says_nothing_holds_nobody_up(toggle_server, bystander):
    with socket.create_connection(("127.0.0.1", toggle_server.port), timeout=20):
        assert bystander.send_batch(b"").status is Status.OK


def test_a_client_that_vanishes_in_the_middle_of_a_stream_is_recorded_as_cancelled(
    toggle_server, bystander
):
    channel = grpc.insecure_channel(toggle_server.address)
    metadata = bearer(toggle_server.jwt(rid="gone"))
    stream = RodentServiceStub(channel).Connect(iter_forever(), metadata=metadata)
    rodent = toggle_server.rodents["gone"]
    rodent.wait_connected()
    stream.cancel()
    channel.close()
    rodent.wait_disconnected()
    assert rodent.calls[0].status == "CANCELLED"


def iter_forever():
    import threading

    threading.Event().wait(1)
    yield RodentRequest()


def test_tls_on_a_plain_port_and_the_reverse_are_unavailable(
    toggle_server, make_toggle_server, bystander
):
    roots = trustme.CA().cert_pem.bytes()
    credentials = grpc.ssl_channel_credentials(roots)
    with (
        grpc.secure_channel(toggle_server.address, credentials) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        channel.unary_unary(SEND)(b"", timeout=20)
    assert caught.value.code() is Code.UNAVAILABLE
    secure = make_toggle_server(tls=True)
    assert outcome(secure, metadata=bearer(secure.jwt()))[0] is Code.UNAVAILABLE


def test_nothing_secret_is_left_anywhere(toggle_server, bystander, capfd):
    secret = toggle_server.jwt(rid="secretive")
    outcome(toggle_server, raw=b"\x0a\x7f", metadata=bearer(secret))
    outcome(toggle_server, metadata=(*bearer(secret), ("cookie", "session=topsecret")))
    with pytest.raises(AssertionError) as caught:
        toggle_server.wait_for("payload:pool", timeout=0.01)
    seen = [repr(structs.asdict(call)) for call in toggle_server.calls]
    seen += [str(caught.value), *capfd.readouterr()]
    for text in seen:
        assert secret not in text
        assert secret.rpartition(".")[2] not in text
        assert "topsecret" not in text


def test_frames_cut_in_the_middle_hold_nobody_up(toggle_server, bystander):
    """The length of a gRPC message says more than there is."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings = struct.pack(">I", 0)[1:] + bytes((4, 0)) + bytes(4)
    with socket.create_connection(("127.0.0.1", toggle_server.port), timeout=20) as connection:
        connection.sendall(preface + settings + struct.pack(">I", 100)[1:] + b"\x00\x01" + bytes(9))
    assert bystander.send_batch(EventBatch().SerializeToString()).status is Status.OK
