"""The fixtures beside other plugins of pytest: the rows of the table in docs/pytest.md.

Rows that need a whole project have one in ``downstream``.
"""

import re
import resource
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
from support import plugins

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

RERUN = """
import pytest
from rodent_events import StoragePoolPayload

TRIES = []

@pytest.mark.flaky(reruns=2)
def test_each_try_begins_anew(event_bus, toggle_server):
    TRIES.append(f"try-{len(TRIES)}")
    event_bus.emit(StoragePoolPayload(pool_name=TRIES[-1]))
    toggle_server.wait_for(f"pool_name:{TRIES[-1]}")
    toggle_server.assert_only("payload:pool", count=1)
    assert len(TRIES) == 3
"""

RANDOMLY = """
import random
import pytest

SEEN = set()

@pytest.mark.parametrize("number", range(3))
def test_the_same_seed_makes_no_two_sessions_the_same(toggle_server, number):
    random.seed(0)
    sessions = {toggle_server.session().scope.sub for _ in range(2)}
    assert len(sessions) == 2
    assert not sessions & SEEN
    SEEN.update(sessions)
"""

SUBTESTS = """
import unittest
import pytest
from rodent_events import StoragePoolPayload

def test_each_subtest_has_its_own(event_bus, toggle_server, subtests):
    for name in ("tank", "backup"):
        with subtests.test(name):
            toggle_server.clear()
            event_bus.emit(StoragePoolPayload(pool_name=name))
            toggle_server.assert_received(f"pool_name:{name}", count=1)

def test_one_that_fails(event_bus, toggle_server, subtests):
    event_bus.emit(StoragePoolPayload(pool_name="of-a-subtest"))
    with subtests.test("fails"):
        toggle_server.wait_for("pool_name:of-a-subtest")
        assert not "as it should"
"""

DOCTEST = '''
from rodent_events import StoragePoolPayload

class Good:
    """
    >>> toggle, bus = getfixture("toggle_server"), getfixture("event_bus")
    >>> _ = bus.emit(StoragePoolPayload(pool_name="of-a-doctest"))
    >>> [event.payload.pool_name for event in toggle.wait_for("payload:pool")]
    ['of-a-doctest']
    """

class Bad:
    """
    >>> toggle, bus = getfixture("toggle_server"), getfixture("event_bus")
    >>> _ = bus.emit(StoragePoolPayload(pool_name="of-a-doctest"))
    >>> len(toggle.wait_for("payload:pool"))
    2
    """
'''

GIVEN = """
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rodent_events import StoragePoolPayload

@given(st.integers())
def test_not_told(toggle_server, event_bus, number):
    pass

@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=3)
@given(st.integers(0, 9))
def test_told(toggle_server, event_bus, number):
    toggle_server.clear()
    event_bus.emit(StoragePoolPayload(size_bytes=number))
    toggle_server.assert_received(f"size_bytes:{number}", count=1)
"""


# What holds each row of the table to its word: a test of this file, or a project.
ROWS = {
    "pytest-xdist": "test_a_worker_of_xdist_that_ends_is_replaced",
    "pytest-rerunfailures": "test_plugins_that_repeat_reorder_and_divide",
    "pytest-randomly": "test_plugins_that_repeat_reorder_and_divide",
    "pytest-forked": "test_a_process_for_each_test",
    "subtests": "test_plugins_that_repeat_reorder_and_divide",
    "unittest": "django_project",
    "pytest-django": "django_project",
    "pytest-asyncio": "asyncio_project",
    "Celery's test helpers": "celery_project",
    "freezegun, time-machine": "frozen_project",
    "doctest": "test_plugins_that_repeat_reorder_and_divide",
    "Hypothesis": "test_plugins_that_repeat_reorder_and_divide",
    "other plugins that use the fixtures": "monorepo",
    "-p no:toggle_mock": "test_a_project_does_without_the_plugin",
}


def test_each_row_of_the_page_is_held_to_its_word():
    page = (ROOT / "docs/pytest.md").read_text().split("## Beside other plugins")[1]
    rows = re.findall(r"^\| (.*?) \|", page.split("\n## ")[0], re.MULTILINE)
    assert [row.strip("`") for row in rows[1:]] == list(ROWS)
    projects = {path.name for path in (ROOT / "tests/integration/downstream").iterdir()}
    assert set(ROWS.values()) <= projects | set(globals())


@pytest.fixture
def run(pytester, monkeypatch):
    """Runs files of tests with the plugins of these distributions, and what the extra brings."""

    def run(*options: str, plugins_of=(), **files: str) -> pytest.RunResult:
        monkeypatch.setenv("PYTEST_ADDOPTS", plugins.only(*plugins_of))
        pytester.makepyfile(**files)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options)

    return run


def outcomes(result: pytest.RunResult) -> dict[str, set[str]]:
    """The tests of a run by what became of them, from the summary that -rA shows."""
    found: dict[str, set[str]] = {}
    for line in result.outlines:
        match line.split():
            case [("PASSED" | "FAILED" | "ERROR") as outcome, test, *_]:
                found.setdefault(outcome, set()).add(test.rpartition("::")[2])
    return found


def test_plugins_that_repeat_reorder_and_divide(run):
    result = run(
        "-rA",
        "--doctest-modules",
        plugins_of=["pytest-randomly", "pytest-rerunfailures", "pytest-subtests"],
        test_rerun=RERUN,
        test_randomly=RANDOMLY,
        test_subtests=SUBTESTS,
        test_doctest=DOCTEST,
        test_given=GIVEN,
    )
    assert result.parseoutcomes()["rerun"] == 2
    became = outcomes(result)
    assert became["PASSED"] >= {
        "test_each_try_begins_anew",
        *(f"test_the_same_seed_makes_no_two_sessions_the_same[{number}]" for number in range(3)),
        "test_each_subtest_has_its_own",
        "test_doctest.Good",
        "test_told",
    }
    assert became["FAILED"] >= {"test_doctest.Bad", "test_not_told"}
    # What fails shows what was recorded, in whichever way it is run.
    shown = ["*recorded by toggle_server*", "1 event, *"]
    result.stdout.fnmatch_lines(["*test_doctest.Bad*", *shown, "*pool_name=of-a-doctest *"])
    result.stdout.fnmatch_lines(["*fails*", *shown, "*pool_name=of-a-subtest *"])
    result.stdout.fnmatch_lines(
        ["*unction-scoped fixture*", "*toggle_server and Hypothesis*", "*toggle_server.clear()*"]
    )


CRASHING = """
import os
from rodent_events import StoragePoolPayload

def test_one(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="one"))
    toggle_server.assert_received("payload:pool", count=1)

def test_that_ends_its_worker(event_bus, toggle_server):
    toggle_server.faults.hanging()
    event_bus.emit(StoragePoolPayload(pool_name="lost"))
    toggle_server.wait_for_call("SendEvents")
    os._exit(3)

def test_of_the_worker_that_comes_next(event_bus, toggle_server):
    event_bus.emit(StoragePoolPayload(pool_name="next"))
    toggle_server.assert_received("payload:pool", count=1)
    toggle_server.assert_only("pool_name:next")
"""


def test_a_worker_of_xdist_that_ends_is_replaced(run):
    result = run("-n", "1", plugins_of=["pytest-xdist"], test_crashing=CRASHING)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*worker 'gw0' crashed while running*ends_its_worker*"])


FORKED = """
import os
import pytest
from rodent_events import StoragePoolPayload

@pytest.mark.parametrize("number", range(2))
def test_alone(event_bus, toggle_server, number):
    event_bus.emit(StoragePoolPayload(pool_name=str(number)))
    toggle_server.assert_received("payload:pool", count=1)

def test_that_ends_its_process(toggle_server):
    os._exit(3)

def test_of_the_process_wide_bus(rodent_events_bus, toggle_server):
    rodent_events_bus.emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.assert_received("payload:pool", count=1)
"""


def is_forked_usable() -> bool:
    """Version 1.7.5 takes no report of pytest 9.2."""
    pytest_version = tuple(int(part) for part in version("pytest").split(".")[:2])
    return bool(find_spec("pytest_forked")) and pytest_version < (9, 2)


@pytest.mark.skipif(not is_forked_usable(), reason="pytest-forked runs no test with this pytest")
def test_a_process_for_each_test(run):
    result = run("--forked", plugins_of=["pytest-forked"], test_forked=FORKED)
    result.assert_outcomes(passed=3, failed=1)


def test_a_project_does_without_the_plugin(run):
    options = ["-p", "no:toggle_mock", "--strict-markers"]
    result = run(*options, test_without="def test_it(pytestconfig): pass", test_with=RANDOMLY)
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["*fixture 'toggle_server' not found*"])


HANGING = """
import threading
import grpc
from rodent_events import EventBus, StoragePoolPayload, emit, initialize
from toggle_mock import RemoteToggle, SimulatedRodent, ToggleServer, hang, simulate_fleet

LEFT = []

def bearer(toggle, rid):
    return [("authorization", f"Bearer {toggle.jwt(rid=rid)}")]

def leave_call(toggle):
    channel = grpc.insecure_channel(toggle.address)
    send = channel.unary_unary("/rodent.RodentService/SendEvents")
    LEFT.extend([channel, send.future(b"", metadata=bearer(toggle, "r1"))])
    toggle.wait_for_call("SendEvents")

def leave_stream(toggle):
    def requests():
        threading.Event().wait()
        yield b""

    channel = grpc.insecure_channel(toggle.address)
    connect = channel.stream_stream("/rodent.RodentService/Connect")
    LEFT.extend([channel, connect(requests(), metadata=bearer(toggle, "r2"))])
    toggle.rodents["r2"].wait_connected()

def leave_bus(toggle, folder):
    settings = {"target": toggle.address, "jwt": toggle.jwt(), "batch_timeout": 0.01}
    LEFT.append(EventBus(events_dir=folder, **settings).start())
    LEFT[-1].emit(StoragePoolPayload(pool_name="tank"))

def leave_waiting(wait, **options):
    LEFT.append(threading.Thread(target=wait, kwargs=options, daemon=True))
    LEFT[-1].start()

def test_a_call_that_hangs(toggle_server):
    toggle_server.on_send_events.always(hang())
    leave_call(toggle_server)

def test_a_bus_whose_calls_hang(toggle_server, tmp_path):
    toggle_server.faults.hanging()
    leave_bus(toggle_server, tmp_path)
    toggle_server.wait_for_call("SendEvents")
    leave_waiting(LEFT[-1].flush, timeout=60)

def test_a_bus_without_a_connection(make_toggle_server, tmp_path):
    server = make_toggle_server(relay=True)
    server.faults.partition()
    leave_bus(server, tmp_path)

def test_a_server_with_all_that_it_has():
    server = ToggleServer(relay=True, http_port=0).start()
    server.faults.hanging()
    LEFT.extend([server, RemoteToggle(f"http://{server.http_address}")])
    leave_call(server)
    leave_stream(server)

def test_rodents(toggle_server):
    leave_stream(toggle_server)
    LEFT.append(SimulatedRodent(toggle_server.address, toggle_server.jwt()).start())
    LEFT[-1].wait_connected()
    command = toggle_server.rodents["r2"].command
    leave_waiting(lambda **options: command("system.status", **options), timeout=60)

def test_whoever_waits(toggle_server):
    leave_waiting(toggle_server.wait_for, timeout=60)

def test_the_process_wide_bus(toggle_server, tmp_path):
    toggle_server.faults.hanging()
    initialize(
        target=toggle_server.address, jwt=toggle_server.jwt(), events_dir=tmp_path,
        batch_timeout=0.01,
    )
    emit(StoragePoolPayload(pool_name="tank"))
    toggle_server.wait_for_call("SendEvents")
    leave_stream(toggle_server)
"""

LAST = """
import os, time

def pytest_runtest_logreport(report):
    if report.when == "call":  # what comes then is the end of all fixtures
        with open("last", "w") as file:
            file.write(f"{time.time()} {sum(os.times()[:2])}")
"""


def test_a_run_ends_soon_after_its_last_test_whatever_is_left_hanging(run, pytester):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ini = ["-o", "toggle_leaked_bus=ignore"]
    result = run(*ini, conftest=LAST, test_hanging=HANGING)
    end, after = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    result.assert_outcomes(passed=7)
    last, used = (float(word) for word in (pytester.path / "last").read_text().split())
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - used
    # A machine with other work to do takes longer for it, as it has until then.
    slowness = (result.duration - (end - last)) / used
    assert end - last < 2 + 2 * slowness * spent, (slowness, spent)
