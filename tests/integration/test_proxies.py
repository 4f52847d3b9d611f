"""Real proxies between the agent and Toggle: their limits, their own answers, their connections."""

import socket
import threading

import pytest
from support.delivery import assert_balanced, emit, ids

from rodent_events import EventBatch, EventBus, EventClient, HealthState, StoragePoolPayload
from rodent_events.retry_policy import Status
from toggle_mock import RemoteToggle, simulate_fleet
from toggle_mock.clients.replay import replay
from toggle_mock.compat.rpcs.trials import Shape, try_out

WAYS = {
    "nginx": ("nginx", "grpc_pass grpc://{};"),
    "haproxy": ("haproxy", "server toggle {} proto h2"),
    "nginx, a connection for three calls": (
        "nginx",
        "keepalive_requests 3; grpc_pass grpc://{};",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_all_gets_through_once_and_in_order(way, proxy, scripted_toggle, settings):
    name, what = WAYS[way]
    target = proxy(name, what.format(scripted_toggle.address))
    with EventBus(target=target, **settings, batch_size=10) as bus:
        sent = emit(bus, 500)
        assert bus.flush(60)
    assert ids(scripted_toggle.batches) == sent


def test_connections_of_an_age_lose_and_repeat_nothing(make_scripted_toggle, settings):
    options = [("grpc.max_connection_age_ms", 20), ("grpc.max_connection_age_grace_ms", 5_000)]
    toggle = make_scripted_toggle(options=options)
    with EventBus(target=toggle.address, **settings, batch_size=10) as bus:
        sent = []
        for _ in range(50):
            sent += emit(bus, 20)
            assert bus.flush(60)
    assert ids(toggle.batches) == sent


def test_a_batch_that_a_proxy_finds_too_large_is_halved(proxy, scripted_toggle, settings):
    target = proxy("nginx", WAYS["nginx"][1].format(scripted_toggle.address))
    with EventBus(target=target, **settings) as bus:
        sent = emit(bus, 10) + emit(bus, 100, size=12_000) + emit(bus, 10)
        assert bus.flush(60)
        assert assert_balanced(bus)["quarantined"] == 0
    assert ids(scripted_toggle.batches) == sent


def test_an_event_that_a_proxy_finds_too_large_is_set_aside(proxy, scripted_toggle, settings):
    target = proxy("nginx", WAYS["nginx"][1].format(scripted_toggle.address))
    with EventBus(target=target, **settings) as bus:
        before, _, after = emit(bus, 3), emit(bus, 1, size=2_000_000), emit(bus, 3)
        assert not bus.flush(60)
        assert assert_balanced(bus)["quarantined"] == 1
    assert ids(scripted_toggle.batches) == before + after
    (reason,) = settings["events_dir"].glob("quarantine/*.txt")
    assert "raise its limit for bodies, such as client_max_body_size of nginx" in reason.read_text()


# By gRPC's table, https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md.
ANSWERS = {
    "400": Status.INTERNAL,
    "401": Status.UNAUTHENTICATED,
    "403": Status.PERMISSION_DENIED,
    "404": Status.UNIMPLEMENTED,
    "413": Status.RESOURCE_EXHAUSTED,
    "429": Status.UNAVAILABLE,
    "500": Status.UNKNOWN,
    "502": Status.UNAVAILABLE,
    "503": Status.UNAVAILABLE,
    "504": Status.UNAVAILABLE,
}


@pytest.mark.parametrize("number", ANSWERS)
def test_an_answer_of_the_proxy_s_own_is_told_as_such(number, proxy):
    target = proxy("nginx", f"return {number} '<html>no</html>';")
    with EventClient(target=target, jwt="a.b.c") as client:
        outcome = client.send_batch(EventBatch(batch_id="b"))
    assert outcome.status is ANSWERS[number]
    assert outcome.message.startswith(f"HTTP status {number}, from a proxy or a server")
    assert outcome.too_large == (number == "413")


def test_a_page_instead_of_an_answer_is_no_success(proxy):
    target = proxy("nginx", "return 200 '<html>hello</html>';")
    with EventClient(target=target, jwt="a.b.c") as client:
        assert client.send_batch(EventBatch(batch_id="b")).status is Status.UNKNOWN


@pytest.mark.parametrize("number", ["404", "429", "502", "503", "200"])
def test_a_proxy_that_answers_itself_for_a_while_is_an_outage(
    number, proxy, scripted_toggle, settings, wait_until
):
    target = proxy("nginx", f"return {number} '<html>soon</html>';")
    with EventBus(target=target, **settings) as bus:
        sent = emit(bus, 50)
        wait_until(lambda: bus.health().state is HealthState.FAILING)
        proxy("nginx", WAYS["nginx"][1].format(scripted_toggle.address))
        assert bus.flush(60)
        assert assert_balanced(bus)["delivered"] == 50
    assert ids(scripted_toggle.batches) == sent


@pytest.mark.parametrize("way", ["nginx", "haproxy"])
def test_a_proxy_whose_toggle_is_away_is_an_outage(
    way, proxy, make_scripted_toggle, settings, wait_until
):
    toggle = make_scripted_toggle()
    toggle.stop()
    name, what = WAYS[way]
    target = proxy(name, what.format(toggle.address))
    with EventBus(target=target, **settings) as bus:
        sent = emit(bus, 50)
        wait_until(lambda: bus.health().state is HealthState.FAILING)
        assert "from a proxy" in bus.health().last_error
        back = make_scripted_toggle(toggle.port)
        assert bus.flush(60)
    assert ids(back.batches) == sent


class ConnectProxy:
    """An HTTP proxy that connects, and notes whither."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            request = client.recv(65536).decode()
            target = request.split()[1]
            self.asked.append(target)
            host, _, port = target.rpartition(":")
            server = socket.create_connection((host, int(port)))
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            sink.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def connect_proxy():
    proxy = ConnectProxy()
    yield proxy
    proxy.close()


VARIABLES = ["grpc_proxy", "http_proxy", "https_proxy", "no_proxy", "no_grpc_proxy"]

# What gRPC looks at once a name is resolved.
BY_ADDRESS = {
    "GRPC_ADDRESS_HTTP_PROXY": "{}",
    "GRPC_ADDRESS_HTTP_PROXY_ENABLED_ADDRESSES": "127.0.0.1",
}


@pytest.mark.parametrize(
    ("variables", "settings", "is_asked"),
    [
        ({"http_proxy": "http://{}"}, {}, True),
        ({"https_proxy": "http://{}"}, {}, True),
        ({"http_proxy": "http://{}", "no_proxy": "127.0.0.1"}, {}, False),
        ({"http_proxy": "http://{}"}, {"use_proxy": False}, False),
        (BY_ADDRESS, {}, True),
        (BY_ADDRESS, {"use_proxy": False}, False),
    ],
)
def test_the_proxy_of_the_environment_is_used_unless_it_is_not_to_be(
    variables, settings, is_asked, connect_proxy, scripted_toggle, monkeypatch
):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(connect_proxy.address))
    with EventClient(target=scripted_toggle.address, jwt="a.b.c", **settings) as client:
        assert client.send_batch(EventBatch(batch_id="b")).status is Status.OK
    assert connect_proxy.asked == [scripted_toggle.address] * is_asked


def test_a_proxy_of_the_environment_that_is_away_is_an_outage(
    free_port, scripted_toggle, settings, monkeypatch, wait_until
):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 5)
        wait_until(lambda: bus.health().state is HealthState.FAILING)
        proxy = ConnectProxy(free_port)
        assert bus.flush(30)
    proxy.close()
    assert ids(scripted_toggle.batches) == sent


NAMED = [*VARIABLES[:3], "all_proxy", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"]


@pytest.fixture(params=["http://{}", "{}", "socks5://{}", "no proxy at all"])
def everywhere_a_proxy(request, connect_proxy, monkeypatch):
    """The environment names a proxy for all there is, in one of the ways in which it does."""
    for name in NAMED:
        monkeypatch.setenv(name, request.param.format(connect_proxy.address))
    for name, value in BY_ADDRESS.items():
        monkeypatch.setenv(name, value.format(connect_proxy.address))
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield
    assert connect_proxy.asked == []


@pytest.mark.usefixtures("everywhere_a_proxy")
def test_the_fixtures_use_no_proxy_of_the_environment(rodent, event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for("pool_name:tank")
    assert toggle_server.rodents[rodent.rid].command("system.status").success


@pytest.mark.usefixtures("everywhere_a_proxy")
def test_nothing_of_the_mock_s_uses_a_proxy_of_the_environment(make_toggle_server):
    server = make_toggle_server(tls=True, http_port=0)
    with (
        RemoteToggle(f"http://{server.http_address}") as toggle,
        simulate_fleet(toggle, 1, root_certificates=toggle.root_certificate) as fleet,
    ):
        fleet.wait_registered()
        (call,) = toggle.wait_for_call("Register", status="OK")
        roots = toggle.root_certificate
        (again,) = replay([call], toggle.address, toggle.jwt(), root_certificates=roots)
    assert again.agrees
    unary = Shape(client_streaming=False, server_streaming=False)
    (trial,) = try_out({"events.Service.Call": (unary, unary)})["events.Service.Call"]
    assert trial.status == "OK"
