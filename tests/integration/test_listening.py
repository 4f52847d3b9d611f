"""Where the mock listens: sockets of the file system, IPv6, all addresses, behind a relay too."""

import asyncio
import gc
import socket
import subprocess
import sys
from contextlib import suppress

import grpc
import httpx
import pytest

from rodent_events import EventClient
from rodent_events.retry_policy import Status
from toggle_mock import NoRelayError, RemoteError, RemoteToggle, ToggleServer
from toggle_mock.address import Address
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.faults.conditions import Conditions
from toggle_mock.faults.tcp_relay import Relay, end_listening

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("relay", [False, True], ids=["direct", "relay"])


@pytest.fixture(scope="session")
def ipv6():
    """The machine has IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error}")


def status(toggle, target: str = "", **settings) -> Status:
    settings = {"send_timeout": 20, "jwt": toggle.jwt()} | settings
    with EventClient(target=target or toggle.address, **settings) as client:
        return client.send_batch(b"").status


@BOTH
def test_a_socket_serves_and_is_gone_at_the_end(tmp_path, relay):
    path = tmp_path / "toggle.sock"
    with ToggleServer(host=f"unix:{path}", relay=relay) as toggle:
        assert (toggle.address, toggle.port) == (f"unix:{path}", 0)
        assert status(toggle) is Status.OK
        assert toggle.calls[0].peer == "unix:"
        with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=0.001):
            assert toggle.rodents["r1"].command("system.status").success
        toggle.faults.restart()
        with toggle.faults.outage():
            assert path.is_socket()
            assert status(toggle) is Status.UNAVAILABLE
        assert status(toggle) is Status.OK
    assert not path.exists()
    with toggle:
        assert status(toggle) is Status.OK
        toggle.faults.outage()
    assert not path.exists()


@BOTH
def test_a_socket_is_taken_over_only_from_who_has_ended(tmp_path, relay):
    path = tmp_path / "toggle.sock"
    leave = f"import socket; socket.socket(socket.AF_UNIX).bind({str(path)!r})"
    subprocess.run([sys.executable, "-c", leave], check=True)
    with ToggleServer(host=f"unix:{path}", relay=relay) as toggle:
        other = ToggleServer(host=f"unix:{path}", relay=relay)
        with pytest.raises(OSError, match=f"cannot listen on unix:{path}: Address already in use"):
            other.start()
        assert status(toggle) is Status.OK
    path.write_text("of somebody else")
    with pytest.raises(OSError, match="it is no socket"):
        other.start()
    assert path.read_text() == "of somebody else"
    with pytest.raises(OSError, match="No such file or directory"):
        ToggleServer(host=f"unix:{tmp_path}/no/t.sock", relay=relay).start()
    with pytest.raises(OSError, match="path too long"):
        ToggleServer(host=f"unix:{tmp_path}/{'x' * 200}", relay=True).start()


def test_connections_over_a_socket_break_as_others_do(tmp_path):
    with ToggleServer(host=f"unix:{tmp_path}/t", relay=True) as toggle:
        with toggle.faults.refuse():
            assert status(toggle) is Status.UNAVAILABLE
        with toggle.faults.partition():
            assert status(toggle, send_timeout=0.1) is Status.DEADLINE_EXCEEDED
        assert status(toggle) is Status.OK
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{tmp_path}/t")
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            client.recv(100)
        (refusal,) = toggle.refusals
        assert (refusal.kind, refusal.peer) == ("http1", "unix:")


def test_tls_over_a_socket_is_for_localhost(tmp_path):
    """Which its client has to be told: gRPC would look for the path in the certificate."""
    name = [("grpc.ssl_target_name_override", "localhost")]
    with ToggleServer(host=f"unix:{tmp_path}/t", relay=True, tls=True) as toggle:
        credentials = grpc.ssl_channel_credentials(toggle.root_certificate)
        with grpc.secure_channel(toggle.address, credentials, options=name) as channel:
            grpc.channel_ready_future(channel).result(20)


def test_http_over_a_socket(tmp_path, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")  # never asked
    path = tmp_path / "http.sock"
    with ToggleServer(host=f"unix:{tmp_path}/grpc.sock", http_host=f"unix:{path}") as toggle:
        assert toggle.http_address == f"unix:{path}"
        with RemoteToggle(toggle.http_address) as remote:
            assert (remote.address, remote.http_address) == (toggle.address, f"unix:{path}")
            assert remote.serving
            assert status(remote) is Status.OK
            assert len(remote.calls) == 1
            with pytest.raises(NoRelayError):
                remote.faults.refuse()
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            assert client.get("http://any.example/readyz").json()["ready"]
        other = ToggleServer(http_host=f"unix:{path}")
        with pytest.raises(OSError, match=f"cannot listen on unix:{path}: Address already in use"):
            other.start()
    assert not path.exists()


@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket")  # httpcore leaves it
def test_that_nobody_answers_at_a_socket_is_told(tmp_path):
    with pytest.raises(RemoteError, match=f"unix:{tmp_path}/api/v1/info does not answer"):
        RemoteToggle(f"unix:{tmp_path}")
    gc.collect()  # here, and not in another test


@pytest.mark.usefixtures("ipv6")
@BOTH
def test_ipv6(relay):
    with ToggleServer(host="::1", relay=relay, http_host="::1", http_port=0) as toggle:
        assert toggle.address == f"[::1]:{toggle.port}"
        with RemoteToggle(f"http://{toggle.http_address}") as remote:
            assert status(remote) is Status.OK
            assert remote.calls[0].peer.startswith(("ipv6:[::1]:", "ipv6:%5B::1%5D:"))
        with toggle.faults.outage():
            assert status(toggle) is Status.UNAVAILABLE
        assert status(toggle) is Status.OK


@pytest.mark.usefixtures("ipv6")
@BOTH
def test_all_addresses_of_ipv6_are_those_of_ipv4_too(relay):
    with ToggleServer(host="::", relay=relay, http_host="::", http_port=0) as toggle:
        assert toggle.address == f"[::]:{toggle.port}"
        http_port = toggle.http_address.rpartition(":")[2]
        for address in ("127.0.0.1", "[::1]"):
            with RemoteToggle(f"http://{address}:{http_port}") as remote:
                assert remote.address == f"{address}:{toggle.port}"
                assert status(remote) is Status.OK


@BOTH
def test_who_asks_for_all_addresses_gets_the_one_that_it_has_come_by(tmp_path, relay, caplog):
    names = ["localhost.localdomain"]
    with ToggleServer(
        host="0.0.0.0", relay=relay, http_host="0.0.0.0", http_port=0, http_allowed_hosts=names
    ) as toggle:
        assert [message.split(":")[0] for message in caplog.messages] == [
            "gRPC listens on 0.0.0.0",
            "HTTP listens on 0.0.0.0",
        ]
        http_port = toggle.http_address.rpartition(":")[2]
        for name, code in ((names[0], 200), ("toggle", 403)):
            headers = {"Host": name}
            assert (
                httpx.get(f"http://127.0.0.1:{http_port}/readyz", headers=headers).status_code
                == code
            )
        for name in ("127.0.0.1", "localhost"):
            with RemoteToggle(f"http://{name}:{http_port}") as remote:
                assert remote.address == f"{name}:{toggle.port}"
                assert status(remote) is Status.OK
        assert status(toggle) is Status.OK
    with (
        ToggleServer(host="0.0.0.0", http_host=f"unix:{tmp_path}/h") as toggle,
        RemoteToggle(toggle.http_address) as remote,
    ):
        assert remote.address == f"127.0.0.1:{toggle.port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_small_pieces_are_written_without_delay(host, request):
    if host == "::1":
        request.getfixturevalue("ipv6")
    without_delay: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def accept(_reader, writer):
        accepted = writer.get_extra_info("socket")
        without_delay.set_result(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = Address(host).listening()
    async with await asyncio.start_server(accept, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        # Else a piece would wait until the one before it is acknowledged, which takes 40 ms.
        assert await without_delay
        writer.close()


@pytest.mark.parametrize("steps", range(5))
async def test_who_connects_just_as_an_outage_begins_is_not_left_alone(steps):
    """However far the event loop has come with it."""
    relay = Relay(Address())
    await relay.listen()
    client = socket.create_connection(("127.0.0.1", relay.address.port))
    with client:
        for _ in range(steps):
            await asyncio.sleep(0)
        await relay.update(Conditions(), frozenset(), refusing=True)
        client.setblocking(False)
        async with asyncio.timeout(20):
            with suppress(ConnectionResetError):
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
    await relay.close()
    gc.collect()


async def test_who_was_taken_is_known_once_listening_has_ended():
    taken = []

    def accept(_reader, writer):
        taken.append(writer)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    with socket.create_connection(listener.sockets[0].getsockname()):  # the kernel has taken it
        for _ in range(2):  # asyncio has too, and has made no transport yet
            await asyncio.sleep(0)
        await end_listening(listener)
        (writer,) = taken
        writer.transport.abort()
        await asyncio.sleep(0)
