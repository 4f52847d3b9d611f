"""Sessions with ports of their own: what breaks there breaks for nobody else."""

import socket
from types import SimpleNamespace

import httpx
import pytest
from support.connections import connections_to

from rodent_events import EventClient
from rodent_events.retry_policy import Status
from toggle_mock import NoRelayError, RemoteToggle, ToggleServer

ONGOING = ("refuse", "outage", "partition")
ONCE = ("reset", "restart")


@pytest.fixture(scope="module")
def server():
    with ToggleServer(relay=True, http_port=0) as server:
        yield server


@pytest.fixture(params=["session", "remote"])
def mine(request, server):
    if request.param == "session":
        with server.session(own_port=True) as session:
            yield session
    else:
        with RemoteToggle(f"http://{server.http_address}") as remote:
            yield remote


def status(toggle, timeout=20.0) -> Status:
    with EventClient(target=toggle.address, jwt=toggle.jwt(), send_timeout=timeout) as client:
        return client.send_batch(b"").status


def connected(toggle) -> socket.socket:
    """A connection on which the server has spoken."""
    host, _, port = toggle.address.rpartition(":")
    client = socket.create_connection((host, int(port)), timeout=20)
    client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    assert client.recv(9)
    return client


def ends(client: socket.socket) -> bool:
    """Whether a connection ends, as far as one can tell within a moment."""
    client.settimeout(0.1)
    try:
        while client.recv(1000):
            pass
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize("fault", ONGOING)
def test_a_fault_of_a_session_is_about_its_own_port(server, mine, fault):
    assert mine.address != server.address
    with server.session(own_port=True) as other:
        with getattr(mine.faults, fault)():
            assert mine.serving is (fault != "outage")
            assert mine.unready == ("the session has an outage" if fault == "outage" else None)
            assert status(mine, 0.1) in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}
            assert status(other) is status(server) is Status.OK
        assert status(mine) is Status.OK


@pytest.mark.parametrize("fault", [*ONCE, "outage"])
def test_connections_to_its_own_port_end_alone(server, mine, fault):
    with (
        server.session(own_port=True) as another,
        connected(mine) as own,
        connected(server) as others,
        connected(another) as of_another,
    ):
        getattr(mine.faults, fault)()
        assert ends(own)
        assert not ends(others)
        assert not ends(of_another)


def test_connections_to_its_own_port_are_half_open_alone(server, mine):
    ping = b"\0\0\x08\6\0\0\0\0\0" + bytes(8)
    with connected(mine) as own, connected(server) as others, mine.faults.half_open():
        assert status(mine) is Status.OK
        for client in (own, others):
            ends(client)  # what has been sent so far
            client.sendall(ping)
        others.settimeout(20)
        assert others.recv(17)
        with pytest.raises(TimeoutError):
            own.recv(17)


@pytest.mark.parametrize("fault", ONGOING)
def test_a_fault_of_the_server_is_about_all_ports(server, mine, fault):
    try:
        with getattr(server.faults, fault)():
            assert status(mine, 0.1) in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}
            with mine.faults.latency(0.001):
                pass
        assert status(mine) is Status.OK
    finally:
        server.faults.heal()


@pytest.mark.parametrize("fault", ONCE)
def test_connections_of_all_ports_end(server, mine, fault):
    with connected(mine) as own, connected(server) as others:
        getattr(server.faults, fault)()
        assert ends(own)
        assert ends(others)
    assert status(mine) is Status.OK


def test_what_is_recorded_names_the_client(mine):
    port = int(mine.address.rpartition(":")[2])
    with EventClient(target=mine.address, jwt=mine.jwt(), send_timeout=20) as client:
        assert client.send_batch(b"").status is Status.OK
        (begins,) = connections_to(SimpleNamespace(port=port))
    assert mine.calls[0].peer == f"ipv4:127.0.0.1:{begins}"


def test_a_port_is_there_until_its_session_is_closed(server, mine):
    address = mine.address
    mine.faults.refuse()
    mine.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.split(":")[0], int(address.split(":")[1])), timeout=20)
    mine.close()
    assert status(server) is Status.OK


def test_a_port_stays_its_own_while_the_server_is_stopped():
    with ToggleServer(relay=True) as server, server.session(own_port=True) as mine:
        address = mine.address
        partition = mine.faults.partition()
        server.stop()
        assert status(mine) is Status.UNAVAILABLE
        server.start()
        assert mine.address == address
        assert status(mine, 0.1) is Status.DEADLINE_EXCEEDED
        partition.heal()
        assert status(mine) is Status.OK


def test_where_it_cannot_have_one_the_reason_is_told(server):
    url = f"http://{server.http_address}"
    with RemoteToggle(url, own_port=False) as remote:
        assert remote.address == server.address
        with pytest.raises(NoRelayError, match="everybody's: ask the server"):
            remote.faults.outage()
        with remote.session(own_port=True) as mine, mine.faults.refuse():
            assert status(remote) is Status.OK
    with ToggleServer(http_port=0) as direct:
        with pytest.raises(NoRelayError, match="needs a relay"):
            RemoteToggle(f"http://{direct.http_address}", own_port=True)
        document = httpx.get(f"http://{direct.http_address}/openapi.json", trust_env=False).json()
        assert "409" in document["paths"]["/api/v1/sessions"]["post"]["responses"]
        with RemoteToggle(f"http://{direct.http_address}") as remote:
            assert (remote.address, remote.has_relay) == (direct.address, False)


def test_it_has_the_family_and_the_certificate_of_its_server(tmp_path):
    with (
        ToggleServer(host=f"unix:{tmp_path}/t", relay=True) as server,
        server.session(own_port=True) as mine,
    ):
        assert mine.address.startswith(f"{server.address}.")
        assert status(mine) is Status.OK
    assert list(tmp_path.iterdir()) == []
    with (
        ToggleServer(relay=True, tls=True) as server,
        server.session(own_port=True) as mine,
        EventClient(
            target=mine.address, jwt=mine.jwt(), tls_ca_file=server.authority.root_file
        ) as client,
    ):
        assert client.send_batch(b"").status is Status.OK
