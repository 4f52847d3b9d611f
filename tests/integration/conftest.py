"""Servers and folders for tests over real gRPC and real files."""

import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc
import pytest
from support.commands import TOGGLE_MOCK
from support.go_driver import GoDriver, built
from support.postgres import running_server
from support.proxies import running_proxy
from support.raw_rodent import bearer
from support.waiting import wait_until

from rodent_events import EventBatch, EventBatchResponse
from rodent_events.client import SEND_EVENTS

collect_ignore = ["downstream"]  # projects of their own: see test_downstream.py

# A shell in the background, or nohup, has processes ignore these; what tests start takes them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(name="wait_until")
def _wait_until():
    return wait_until


@pytest.fixture(scope="session")
def postgres():
    """A server of PostgreSQL; skipped where there is none, but not in CI."""
    with running_server() as server:
        yield server


@pytest.fixture
def channel(toggle_server):
    """A channel to ``toggle_server``."""
    with grpc.insecure_channel(toggle_server.address) as channel:
        yield channel


@pytest.fixture(name="bearer")
def _bearer(toggle_server):
    """The metadata of Rodent ``r7``, of organization ``o7``."""
    return bearer(toggle_server.jwt(rid="r7", sub="o7"))


@pytest.fixture
def in_background():
    """Calls a function in a thread of its own; gives a future of what it returns."""
    with ThreadPoolExecutor() as threads:
        yield threads.submit


class ScriptedToggle:
    """Answers SendEvents with scripted outcomes, one for each call, then with success.

    An outcome is a status code, a response, or a function of the request and the context.
    """

    def __init__(
        self, port: int = 0, host: str = "127.0.0.1", options: Sequence[tuple[str, int]] = ()
    ) -> None:
        self.requests: list[bytes] = []
        self.metadata: list[dict] = []
        self.script: list[object] = []
        self._server = grpc.server(
            ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0), *options]
        )
        handler = grpc.unary_unary_rpc_method_handler(self._answer)
        service, method = SEND_EVENTS.strip("/").split("/")
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        self.port = self._server.add_insecure_port(f"{host}:{port}")
        self.address = f"{host}:{self.port}"
        self._server.start()

    def _answer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        outcome = self.script.pop(0) if self.script else EventBatchResponse(success=True)
        if isinstance(outcome, grpc.StatusCode):
            context.abort(outcome, f"scripted {outcome.name}")
        if callable(outcome):
            outcome = outcome(request, context)
        return outcome.SerializeToString()

    @property
    def batches(self) -> list[EventBatch]:
        return [EventBatch.FromString(request) for request in self.requests]

    def stop(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def make_scripted_toggle():
    made = []

    def make(*arguments, **options) -> ScriptedToggle:
        made.append(ScriptedToggle(*arguments, **options))
        return made[-1]

    yield make
    for toggle in made:
        toggle.stop()


@pytest.fixture
def scripted_toggle(make_scripted_toggle):
    return make_scripted_toggle()


@pytest.fixture
def free_port():
    """A port where nothing listens."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def proxy(free_port, tmp_path):
    """Starts nginx or haproxy: see :class:`support.proxies.Proxy`."""
    with running_proxy(tmp_path, free_port) as proxy:
        yield proxy


@pytest.fixture
def settings(tmp_path):
    """Settings of a bus that does not wait long for anything."""
    return {
        "jwt": "header.payload.signature",
        "events_dir": tmp_path / "events",
        "retry_backoff_base": 0.001,
        "retry_backoff_max": 0.01,
        "batch_timeout": 0.05,
    }


@pytest.fixture
def serve(start_command):
    """Starts ``toggle-mock serve``; it is ended after the test."""
    return partial(start_command, "serve")


@pytest.fixture
def start_command():
    """Starts ``toggle-mock`` with a subcommand; it is ended after the test."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [TOGGLE_MOCK, *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="session")
def go_program():
    """The Rodent in Go, built."""
    return built()


@pytest.fixture
def go_environment(toggle_server, tmp_path):
    """What the Rodent in Go is told in its environment."""
    return {
        "TOGGLE_ADDRESS": toggle_server.address,
        "TOGGLE_JWT": toggle_server.jwt(rid="go-1"),
        "EVENTS_DIR": str(tmp_path / "events"),
        "HOME": str(tmp_path),
        "SUITE_CASE": "a-case",
    }


@pytest.fixture
def start_go(go_program, go_environment):
    """Starts the Rodent in Go, with values for flags; it is ended after the test."""
    started = []

    def start(*, environment=None, **flags) -> GoDriver:
        started.append(GoDriver(go_program, go_environment | (environment or {}), **flags))
        return started[-1].ready()

    yield start
    for driver in started:
        driver.close()


@pytest.fixture(scope="module")
def browser():
    """A browser, for all tests of a module."""
    from support.browser import opened_browser

    with opened_browser() as browser:
        yield browser
