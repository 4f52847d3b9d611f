"""Fixtures for pytest: a mock Toggle, an event bus that reports to it, a simulated Rodent.

The plugin is active wherever this distribution is installed. What needs the extra ``testing`` is
imported when a fixture is used.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from toggle_mock.assertions.snapshots import UPDATE
from toggle_mock.pytest_agents import told_of, told_of_others
from toggle_mock.pytest_guard import INI, POLICIES, GlobalBusGuard
from toggle_mock.pytest_imports import leave_assertions
from toggle_mock.pytest_report import OPTION as RECORD
from toggle_mock.pytest_report import WHICH, RecordingReporter, remember
from toggle_mock.pytest_snapshots import SnapshotKeeper

if TYPE_CHECKING:
    from rodent_events import EventBus, EventConfig
    from rodent_events.global_bus import GlobalBus
    from toggle_mock.clients.simulated_rodent import SimulatedRodent
    from toggle_mock.container import ToggleContainer
    from toggle_mock.http_api.client import RemoteToggle
    from toggle_mock.server.server import ToggleServer
    from toggle_mock.toggle.toggle import Toggle
    from toggle_mock.tokens.certificates import Certificate

# A test should not have to wait for the 30 s of the default profile.
_BATCH_TIMEOUT = 0.05

# Nor for a Rodent's pauses of 3 to 60 s.
_PACE = 0.001

_ADDRESS = "--toggle-address"

leave_assertions()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the setting for a bus that a test has left running."""
    parser.getgroup("toggle").addoption(
        _ADDRESS,
        metavar="URL",
        help="run the tests against a mock Toggle elsewhere: the URL of its HTTP API, as "
        "`toggle-mock serve --http PORT` prints it",
    )
    parser.getgroup("toggle").addoption(
        RECORD,
        choices=WHICH,
        default=WHICH[0],
        help="of which tests to keep what their mock Toggles have recorded, as .ndjson in a folder "
        "such as tmp_path (default: %(default)s)",
    )
    parser.getgroup("toggle").addoption(
        UPDATE,
        action="store_true",
        help="write the snapshots that tests assert of what arrived, and delete the unused ones; "
        "where another plugin has --snapshot-update, that does so too",
    )
    choices = "; ".join(f"{name}: {text}" for name, text in POLICIES.items())
    parser.addini(
        INI,
        f"what becomes of a process-wide bus that a test has left running: {choices}",
        default="fail",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the marker, and guard the process-wide bus."""
    policy = config.getini(INI)
    if policy not in POLICIES:
        raise pytest.UsageError(f"{INI} is {policy!r}: give one of {', '.join(POLICIES)}")
    config.pluginmanager.register(GlobalBusGuard(policy), "toggle_global_bus_guard")
    reporter = RecordingReporter(config.getoption(RECORD))
    config.pluginmanager.register(reporter, "toggle_recording_reporter")
    config.pluginmanager.register(SnapshotKeeper(config), "toggle_snapshot_keeper")
    config.addinivalue_line(
        "markers",
        "toggle(**options): give the test's toggle_server these options of ToggleServer; it is one "
        "of its own then.",
    )


@pytest.fixture(scope="session")
def toggle_server_options() -> dict[str, Any]:
    """Keyword arguments for the ToggleServer of ``toggle_server``; override it to change them."""
    return {}


@pytest.fixture(scope="session")
def _shared_toggle(
    request: pytest.FixtureRequest, toggle_server_options: dict[str, Any]
) -> Iterator[ToggleServer | RemoteToggle]:
    """What all tests of a process share."""
    url = request.config.getoption(_ADDRESS)
    if url:
        from toggle_mock import RemoteToggle

        with RemoteToggle(url) as remote:
            yield remote
        return
    from toggle_mock import ToggleServer

    with ToggleServer(**{"relay": True} | toggle_server_options) as server:
        yield server


@pytest.fixture(scope="session")
def toggle_server_session(
    _shared_toggle: ToggleServer | RemoteToggle,
) -> Toggle:
    """The server of ``toggle_server`` for what outlasts a test, such as an agent started once.

    Clients with a token of this one stay connected from test to test; the ``toggle_server`` of each
    test has what they send while it runs.
    """
    from toggle_mock import ToggleServer

    return (
        _shared_toggle.across_tests if isinstance(_shared_toggle, ToggleServer) else _shared_toggle
    )


@pytest.fixture
def toggle_server(
    request: pytest.FixtureRequest, toggle_server_options: dict[str, Any]
) -> Iterator[ToggleServer | RemoteToggle]:
    """A running mock Toggle, the same for all tests of a process; nothing is recorded yet.

    Its faults are healed after the test, and what clients of earlier tests still send to it is not
    recorded. With the marker ``toggle`` the test gets a server of its own.
    """
    marker = request.node.get_closest_marker("toggle")
    if marker is not None:
        if marker.args:
            pytest.fail(
                f"the marker toggle takes keywords: toggle(deduplicate=True), got {marker.args!r}",
                pytrace=False,
            )
        if request.config.getoption(_ADDRESS):
            pytest.skip(f"options of a server cannot be set with {_ADDRESS}")
        from toggle_mock import ToggleServer

        _check_options(marker.kwargs)
        options = {"relay": True} | toggle_server_options | marker.kwargs
        with ToggleServer(**options) as server, told_of_others(server):
            remember(request, server)
            yield server
        return
    shared = request.getfixturevalue("_shared_toggle")
    shared.begin_test()
    remember(request, shared)
    with told_of_others(shared):
        yield shared
    shared.end_test()


def _check_options(given: Mapping[str, object]) -> None:
    """See that a server has the options that a marker gives."""
    from toggle_mock import ToggleServer
    from toggle_mock.wording import did_you_mean

    known = inspect.signature(ToggleServer).parameters
    if unknown := [name for name in given if name not in known]:
        pytest.fail(
            f"the marker toggle has {', '.join(unknown)}, which is no option of ToggleServer"
            f"{did_you_mean(unknown, known)}",
            pytrace=False,
        )


@pytest.fixture
def make_toggle_server(request: pytest.FixtureRequest) -> Iterator[Callable[..., ToggleServer]]:
    """Makes and starts further mock Toggles, each with its options; they stop after the test."""
    from toggle_mock import ToggleServer

    with ExitStack() as stack:

        def make(**options: Any) -> ToggleServer:
            server = stack.enter_context(ToggleServer(**options))
            stack.enter_context(told_of_others(server))
            remember(request, server)
            return server

        yield make


@pytest.fixture(scope="session")
def new_toggle_container() -> ToggleContainer:
    """The container of ``toggle_container`` before it starts; override it to set it up."""
    from toggle_mock.container import ToggleContainer

    return ToggleContainer()


@pytest.fixture(scope="session")
def toggle_container(new_toggle_container: ToggleContainer) -> Iterator[ToggleContainer]:
    """A mock Toggle in a container, the same for all tests of a process, in a network of its own.

    ``toggle_container.get_toggle()`` sees all of it, ``toggle_container.session()`` a part for one
    test, and ``RodentContainer(image).with_toggle(toggle_container)`` reports to it. When a test
    fails, its report shows the end of the logs of such containers among its fixtures.
    """
    from toggle_mock.container.toggle import new_network

    with new_network() as network, new_toggle_container.with_network(network):
        yield new_toggle_container


@pytest.fixture
def tls_toggle_server(make_toggle_server: Callable[..., ToggleServer]) -> ToggleServer:
    """A mock Toggle that speaks TLS; ``toggle_ca_file`` has the root of its certificate."""
    return make_toggle_server(tls=True, relay=True)


@pytest.fixture
def toggle_ca_file(tls_toggle_server: ToggleServer) -> Path:
    """A file with the root certificate of ``tls_toggle_server``, for ``tls_ca_file``."""
    return tls_toggle_server.authority.root_file


@pytest.fixture
def toggle_jwt(toggle_server: ToggleServer) -> Callable[..., str]:
    """Makes tokens that ``toggle_server`` takes: ``toggle_jwt(rid="r1", expires_in=60)``."""
    return toggle_server.jwt


@pytest.fixture
def event_bus_options() -> dict[str, Any]:
    """Settings for ``event_bus``, as for EventConfig; override it to change them."""
    return {}


@pytest.fixture
def event_bus(
    toggle_server: ToggleServer, tmp_path: Path, event_bus_options: dict[str, Any]
) -> Iterator[EventBus]:
    """A running EventBus that reports to ``toggle_server``, with a spool folder of its own."""
    from rodent_events import EventBus

    with (
        EventBus(_bus_config(toggle_server, tmp_path, event_bus_options)) as bus,
        told_of(toggle_server, "event_bus", bus),
    ):
        yield bus
        toggle_server.faults.heal()  # so that it can end


@pytest.fixture
def rodent_events_bus(
    toggle_server: ToggleServer, tmp_path: Path, event_bus_options: dict[str, Any]
) -> Iterator[GlobalBus]:
    """The process-wide bus, initialized to report to ``toggle_server``, and shut down in any case.

    For code that emits by the functions of ``rodent_events``, and does not initialize it itself.
    """
    from rodent_events.global_bus import GLOBAL_BUS

    GLOBAL_BUS.initialize(_bus_config(toggle_server, tmp_path, event_bus_options))
    with told_of(toggle_server, "rodent_events_bus", GLOBAL_BUS):
        yield GLOBAL_BUS
    toggle_server.faults.heal()  # so that it can end
    GLOBAL_BUS.shutdown()


@pytest.fixture
def rodent_options() -> dict[str, Any]:
    """Arguments for ``rodent``, as for SimulatedRodent; override it to change them."""
    return {}


@pytest.fixture
def rodent(
    toggle_server: ToggleServer, rodent_options: dict[str, Any]
) -> Iterator[SimulatedRodent]:
    """A simulated Rodent, ``rodent-1``: registered and connected to ``toggle_server``.

    ``toggle_server.rodents["rodent-1"]`` is how Toggle sees it. Its pauses are a thousandth of a
    real Rodent's.
    """
    from toggle_mock.clients.simulated_rodent import SimulatedRodent

    options: dict[str, Any] = {"pace": _PACE, "root_certificates": _root(toggle_server)}
    if (own := _certificate(toggle_server)) is not None:
        options["certificate"] = (own.chain, own.key)
    options |= rodent_options
    jwt = _timeless_jwt(toggle_server)
    with SimulatedRodent(toggle_server.address, jwt, **options) as simulated:
        simulated.wait_connected()
        yield simulated
        toggle_server.faults.heal()  # so that it can end


def _bus_config(toggle: ToggleServer, folder: Path, options: dict[str, Any]) -> EventConfig:
    """The settings of a test's bus; neither the environment nor a rodent.yml has a say."""
    from rodent_events import EventConfig

    settings: dict[str, Any] = {
        "target": toggle.address,
        "use_proxy": False,
        "jwt": _timeless_jwt(toggle),
        "events_dir": folder / "events",
        "batch_timeout": _BATCH_TIMEOUT,
        **_tls_settings(toggle, folder),
    }
    return EventConfig(**settings | options)


def _timeless_jwt(toggle: ToggleServer | RemoteToggle) -> str:
    """A token that is valid whatever time a test freezes or travels to."""
    return toggle.jwt(iat=None, exp=None)


def _tls_settings(toggle: ToggleServer | RemoteToggle, folder: Path) -> dict[str, Any]:
    root = _root(toggle)
    if root is None:
        return {}
    path = folder / "toggle-root.pem"
    path.write_bytes(root)
    own = _certificate(toggle)
    if own is None:
        return {"tls_ca_file": path}
    chain, key = own.write(folder, "event-bus")
    return {"tls_ca_file": path, "tls_cert_file": chain, "tls_key_file": key}


def _certificate(toggle: ToggleServer | RemoteToggle) -> Certificate | None:
    """One for a client, where a server that is here demands it."""
    from toggle_mock.server.server import ToggleServer

    if not isinstance(toggle, ToggleServer) or not toggle.demands_certificates:
        return None
    return toggle.authority.issue("localhost")


def _root(toggle: ToggleServer | RemoteToggle) -> bytes | None:
    """The root certificate, if it speaks TLS."""
    root: bytes | None = toggle.root_certificate
    return root
