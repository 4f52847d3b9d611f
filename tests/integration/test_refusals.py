"""Calls and connections that no handler sees: each is recorded, and failures tell of it."""

import json
import socket
import ssl
import threading
import urllib.request
from contextlib import suppress

import grpc
import h2.connection
import pytest
from support.connections import connections_to
from support.raw_rodent import bearer

from toggle_mock import (
    Authority,
    NotReceivedError,
    Refusal,
    RemoteToggle,
    ToggleServer,
    UnexpectedEventError,
    load,
)
from toggle_mock.recording.ndjson import NdjsonFile

Code = grpc.StatusCode
SEND = "/rodent.RodentService/SendEvents"


def call(channel, method: str, request: bytes, metadata=(), **more) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(method)(request, metadata=metadata, timeout=30, **more)
    return caught.value


def by_hand(toggle, data: bytes, *headers: tuple[str, str]) -> None:
    """One call whose message is these bytes, until the server has ended it."""
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    usual = {
        ":method": "POST",
        ":scheme": "http",
        ":path": SEND,
        ":authority": "toggle",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    with socket.create_connection(("127.0.0.1", toggle.port), timeout=30) as client:
        connection.send_headers(1, [*usual.items(), *headers])
        connection.send_data(1, data, end_stream=True)
        client.sendall(connection.data_to_send())
        while connection.streams and not connection.streams[1].closed:
            connection.receive_data(client.recv(65536))
            client.sendall(connection.data_to_send())


@pytest.mark.parametrize(
    ("method", "near"),
    [
        ("/toggle.v1.RodentService/SendEvents", ", did you mean /rodent.RodentService/SendEvents?"),
        ("/rodent.RodentService/SendEvent", ", did you mean /rodent.RodentService/SendEvents?"),
        ("/x", ": there are /rodent.RodentService/Register, "),
    ],
)
def test_a_call_of_another_method(toggle_server, channel, bearer, method, near):
    error = call(channel, method, b"", bearer)
    assert (error.code(), error.details()) == (Code.UNIMPLEMENTED, "Method not found!")
    (refusal,) = toggle_server.refusals
    assert (refusal.kind, refusal.method, refusal.rid) == ("unknown_method", method, "r7")
    assert refusal.details.startswith(f"there is no method {method}{near}")
    assert toggle_server.calls == []
    with pytest.raises(NotReceivedError, match="turned away: 1 refusal") as caught:
        toggle_server.wait_for("pool_name:tank", timeout=0)
    assert method in str(caught.value)
    with pytest.raises(NotReceivedError, match="turned away: 1 refusal"):
        toggle_server.wait_for_call("SendEvents", timeout=0)


def test_a_stream_of_another_method(toggle_server, channel):
    stream = channel.stream_stream("/rodent.RodentService/Conect")(iter([b"x"]), timeout=30)
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert caught.value.code() is Code.UNIMPLEMENTED
    assert "did you mean /rodent.RodentService/Connect?" in toggle_server.refusals[0].details


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_a_message_over_the_limit(make_toggle_server, compression):
    server = make_toggle_server(max_message_bytes=1000)
    with grpc.insecure_channel(server.address) as channel:
        metadata = bearer(server.jwt())
        error = call(channel, SEND, b"x" * 1001, metadata, compression=compression)
        channel.unary_unary(SEND)(b"\x1a\xe5\x07" + b"x" * 997, metadata=metadata, timeout=30)
    assert error.code() is Code.RESOURCE_EXHAUSTED
    assert error.details() == "SERVER: Received message larger than max (1001 vs. 1000)"
    (refusal,) = server.refusals
    assert (refusal.kind, refusal.call) == ("too_large", 1)
    assert [(one.status, len(one.requests)) for one in server.calls] == [
        ("RESOURCE_EXHAUSTED", 0),
        ("OK", 1),
    ]
    with pytest.raises(NotReceivedError, match="larger than max") as caught:
        server.wait_for("pool_name:tank", timeout=0)
    assert str(caught.value).count("larger than max") == 1


def test_a_message_over_the_limit_in_a_stream(make_toggle_server, wait_until):
    server = make_toggle_server(max_message_bytes=1000)
    with grpc.insecure_channel(server.address) as channel:
        connect = channel.stream_stream("/rodent.RodentService/Connect")
        stream = connect(iter([b"x" * 1001]), metadata=bearer(server.jwt()), timeout=30)
        with pytest.raises(grpc.RpcError) as caught:
            list(stream)
    assert caught.value.code() is Code.RESOURCE_EXHAUSTED
    wait_until(lambda: server.calls[0].status == "RESOURCE_EXHAUSTED")
    assert [refusal.kind for refusal in server.refusals] == ["too_large"]


def test_a_message_that_is_none(toggle_server, channel, bearer):
    for method in ("SendEvents", "Register"):
        assert call(channel, f"/rodent.RodentService/{method}", b"\xff", bearer).code()
    connect = channel.stream_stream("/rodent.RodentService/Connect")
    with pytest.raises(grpc.RpcError):
        list(connect(iter([b"\xff"]), metadata=bearer, timeout=30))
    assert [(one.kind, one.rid) for one in toggle_server.refusals] == 3 * [("undecodable", "r7")]
    assert "no rodent.EventBatch" in toggle_server.refusals[0].details


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        (b"\x01\0\0\0\x03abc", [("grpc-encoding", "snappy")]),
        (b"\x01\0\0\0\x03abc", [("grpc-encoding", "gzip")]),
        (b"\x01\0\0\0\x03abc", []),
        (b"", []),
        (b"\0\0\0\0\x09abc", []),
    ],
    ids=[
        "unknown compression",
        "broken compression",
        "compressed by nothing",
        "no message",
        "cut off",
    ],
)
def test_a_message_that_cannot_be_read(toggle_server, wait_until, data, headers):
    by_hand(toggle_server, data, *headers)
    wait_until(lambda: toggle_server.refusals)
    (refusal,) = toggle_server.refusals
    assert (refusal.kind, refusal.method) == ("unreadable", SEND)
    assert "gzip and deflate" in refusal.details
    with pytest.raises(UnexpectedEventError, match="compressed in a way"):
        toggle_server.assert_no_refusals()


def test_what_an_earlier_test_left_behind_is_not_told(toggle_server, channel, bearer):
    toggle_server.begin_test()
    call(channel, "/x/y", b"", bearer)
    assert toggle_server.refusals == []
    assert len(toggle_server.stale_calls.refusals) == 1


def test_a_session_has_its_own_and_those_of_nobody(toggle_server, channel):
    mine, other = toggle_server.session(), toggle_server.session()
    call(channel, "/of/mine", b"", bearer(mine.jwt()))
    call(channel, "/of/other", b"", bearer(other.jwt()))
    call(channel, "/of/nobody", b"")
    assert [one.method for one in mine.refusals] == ["/of/mine", "/of/nobody"]
    mine.clear()
    assert mine.refusals == []
    assert [one.method for one in other.refusals] == ["/of/other", "/of/nobody"]
    mine.assert_no_refusals()


def test_a_remote_toggle_has_them(make_toggle_server):
    server = make_toggle_server(http_port=0)
    with (
        RemoteToggle(f"http://{server.http_address}") as remote,
        grpc.insecure_channel(server.address) as channel,
    ):
        call(channel, "/x/y", b"", bearer(remote.jwt()))
        call(channel, "/x/z", b"", bearer(server.jwt()))
        (refusal,) = remote.refusals
        assert refusal.method == "/x/y"
        with pytest.raises(UnexpectedEventError, match="there is no method /x/y"):
            remote.assert_no_refusals()
        url = f"http://{server.http_address}"
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as response:
            assert b'toggle_mock_refusals{kind="unknown_method"} 2.0' in response.read()
        with urllib.request.urlopen(f"{url}/api/v1/refusals?limit=1", timeout=30) as response:
            answer = json.load(response)
    assert answer["total"] == 2
    (shown,) = answer["refusals"]
    assert (shown["method"], shown["rid"], shown["call"]) == ("/x/z", "rodent-1", None)


@pytest.mark.parametrize("suffix", ["ndjson", "sqlite"])
def test_a_file_has_them(tmp_path, suffix):
    path = tmp_path / f"run.{suffix}"
    with ToggleServer(record=path) as server, grpc.insecure_channel(server.address) as channel:
        call(channel, "/x/y", b"", bearer(server.jwt(rid="r9")))
        (there,) = load(path).refusals  # written before the call has ended
    assert (there.kind, there.method, there.rid) == ("unknown_method", "/x/y", "r9")
    (here,) = server.refusals
    assert here.at == there.at


def test_a_call_is_turned_away_once_that_is_in_the_file(tmp_path, monkeypatch, wait_until):
    go_on, write = threading.Event(), NdjsonFile.write

    def slowly(file, entries):
        go_on.wait(30)
        write(file, entries)

    monkeypatch.setattr(NdjsonFile, "write", slowly)
    with (
        ToggleServer(record=tmp_path / "run.ndjson") as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        calling = channel.unary_unary("/x/y").future(b"", timeout=30)
        wait_until(lambda: server.refusals)
        channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=30)
        assert not calling.done()
        go_on.set()
        assert calling.code() is Code.UNIMPLEMENTED


# Connections


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def make(make_toggle_server, authority):
    """Makes a server that speaks TLS or not, which no other test's late attempt reaches."""
    return lambda tls: make_toggle_server(relay=True, tls=tls, authority=authority)


def dial(server, credentials=None, name: str | None = None) -> None:
    """A call that fails, or not; over TLS if there are credentials for it."""
    options = [("grpc.ssl_target_name_override", name)] if name else []
    with (
        grpc.secure_channel(server.address, credentials, options)
        if credentials
        else grpc.insecure_channel(server.address)
    ) as channel:
        error = call(channel, SEND, b"")
    assert error.code() in {Code.UNAVAILABLE, Code.UNAUTHENTICATED}


def refused(server, wait_until) -> Refusal:
    wait_until(lambda: server.refusals)
    refusal = server.refusals[0]  # gRPC tries more than once
    with pytest.raises(NotReceivedError, match="turned away: ") as caught:
        server.wait_for("pool_name:tank", timeout=0)
    assert refusal.details in str(caught.value)
    assert refusal.peer.startswith("ipv4:127.0.0.1:")
    return refusal


def test_who_speaks_as_the_server_does_is_not_turned_away(make, authority):
    own = authority.issue("agent")
    for tls, credentials in {
        False: None,
        True: grpc.ssl_channel_credentials(authority.root),
        "mutual": grpc.ssl_channel_credentials(authority.root, own.key, own.chain),
    }.items():
        server = make(tls)
        socket.create_connection(("127.0.0.1", server.port)).close()  # and says nothing
        dial(server, credentials)
        server.assert_no_refusals()
        assert [one.status for one in server.calls] == ["UNAUTHENTICATED"]


def test_tls_to_a_server_in_plaintext(make, wait_until):
    server = make(False)
    dial(server, grpc.ssl_channel_credentials(), name="toggle.example")
    refusal = refused(server, wait_until)
    assert refusal.kind == "tls"
    assert "asks for toggle.example" in refusal.details


def test_plaintext_to_a_server_of_tls(make, wait_until):
    server = make(True)
    dial(server)
    assert refused(server, wait_until).kind == "plaintext"


@pytest.mark.parametrize(
    ("data", "kind"), [(b"GET /metrics HTTP/1.1\r\n\r\n", "http1"), (b"\0\1\2", "no_http2")]
)
@pytest.mark.parametrize("tls", [False, True])
def test_no_grpc_at_all(make, wait_until, tls, data, kind):
    server = make(tls)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(data)
        assert refused(server, wait_until).kind == kind


def test_a_certificate_that_is_not_trusted(make, wait_until):
    server = make(True)
    dial(server, grpc.ssl_channel_credentials(Authority().root))
    refusal = refused(server, wait_until)
    assert refusal.kind == "handshake"
    assert "does not trust its root" in refusal.details


def test_a_certificate_of_another_name(make, authority, wait_until):
    server = make(True)
    dial(server, grpc.ssl_channel_credentials(authority.root), name="toggle.example")
    refusal = refused(server, wait_until)
    assert refusal.kind == "handshake"
    assert "is for localhost, 127.0.0.1, ::1; the client asks for toggle.ex" in refusal.details


def test_a_client_without_a_certificate(make, authority, wait_until):
    server = make("mutual")
    dial(server, grpc.ssl_channel_credentials(authority.root))
    assert "no certificate, or none that" in refused(server, wait_until).details


@pytest.mark.parametrize("fault", ["partition", "latency"])
def test_a_handshake_that_a_fault_holds_up_is_not_told(make, authority, wait_until, fault):
    server = make(True)
    more = {"seconds": 30} if fault == "latency" else {}
    root = grpc.ssl_channel_credentials(authority.root)
    with getattr(server.faults, fault)(**more):
        with grpc.secure_channel(server.address, root) as channel:
            channel.subscribe(lambda _state: None, try_to_connect=True)
            wait_until(lambda: connections_to(server))
        server.faults.reset()
        wait_until(lambda: not connections_to(server))
    server.assert_no_refusals()


def test_a_handshake_that_a_fault_breaks_is_not_told(make, authority, wait_until):
    server = make(True)
    client = ssl.create_default_context(cadata=authority.root.decode())
    said = ssl.MemoryBIO()
    handshake = client.wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(said.read())
        assert connection.recv(65536)  # the certificate
        server.faults.reset()
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                pass
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"\0")
        wait_until(lambda: server.refusals)
    assert [refusal.kind for refusal in server.refusals] == ["no_http2"]
