"""Snapshots in a foreign project: made, kept apart, updated, found to be unused."""

import pytest

pytestmark = pytest.mark.slow

PROJECT = """
import pytest
from rodent_events import EventBatch, StoragePoolPayload
from support.recorded import recorded_event
from toggle_mock import Assertions, RecordedCall, Recording

@pytest.fixture
def toggle():
    return Assertions(Recording())

def record(toggle, name):
    call = RecordedCall("SendEvents", "peer", ())
    toggle.recording.begin(call)
    raw = recorded_event(StoragePoolPayload(pool_name=name)).batch.raw
    toggle.recording.accept(call, raw, batch_id="", count=1)
"""

TESTS = """
@pytest.mark.parametrize("name", ["tank", "a/b"])
class TestPools:
    def test_pool(self, toggle, name):
        record(toggle, name)
        toggle.assert_snapshot("pool")

def test_two(toggle):
    record(toggle, "two")
    toggle.assert_snapshot("one")
    toggle.assert_snapshot("other")
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """Writes the tests of a project, runs them with some options, and returns the result."""
    pytester.makeini("[pytest]\naddopts = -p no:randomly -p no:asyncio\n")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # syrupy leaves all to who has it not
    monkeypatch.setenv("PYTHONPATH", str(pytest.importorskip("support").__path__[0] + "/.."))

    def run(*options: str, tests: str = TESTS, apart: bool = False):
        pytester.makepyfile(test_it=PROJECT + tests)
        return (pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess)(*options)

    return run


def stored(pytester) -> list[str]:
    folder = pytester.path / "__snapshots__"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.txtpb"))


NAMES = [
    "test_it/TestPools.test_pool[a_b]-2bb04f12/pool.txtpb",
    "test_it/TestPools.test_pool[tank]/pool.txtpb",
    "test_it/test_two/one.txtpb",
    "test_it/test_two/other.txtpb",
]


def test_they_are_made_and_then_held_to_and_those_that_are_unused_are_told(project, pytester):
    result = project()
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        ["*there is no snapshot 'one' in __snapshots__/test_it/test_two/one.txtpb"]
    )
    assert stored(pytester) == []
    project("--toggle-snapshot-update").assert_outcomes(passed=3)
    assert stored(pytester) == NAMES
    result = project()
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*unused snapshot*")


def test_what_is_unused_is_told_and_deleted(project, pytester):
    project("--toggle-snapshot-update").assert_outcomes(passed=3)
    gone = TESTS.replace('"tank", ', "").replace('    toggle.assert_snapshot("other")\n', "")
    result = project("-k", "two", tests=gone)  # which cannot tell of the others
    result.stdout.fnmatch_lines(["*1 unused snapshot*--toggle-snapshot-update deletes them*"])
    result = project("test_it.py::test_two", tests=gone)
    result.stdout.fnmatch_lines(["*1 unused snapshot*"])
    project("--collect-only", "--toggle-snapshot-update", tests=gone)
    assert stored(pytester) == NAMES
    result = project("-n1", tests=gone)
    result.stdout.fnmatch_lines(["*2 unused snapshot(s) of events; *", "*tank*", "*other.txtpb"])
    result = project("--toggle-snapshot-update", tests=gone)
    result.stdout.fnmatch_lines(["*2 unused snapshot(s) of events; deleted*"])
    assert stored(pytester) == [NAMES[0], NAMES[2]]
    assert not (pytester.path / "__snapshots__" / NAMES[1]).parent.exists()


def test_a_test_that_fails_or_is_skipped_leaves_its_snapshots(project, pytester):
    project("--toggle-snapshot-update").assert_outcomes(passed=3)
    broken = TESTS.replace('assert_snapshot("one")', "nothing()")
    broken = broken.replace("record(toggle, name)\n", "pytest.skip()\n")
    result = project("--toggle-snapshot-update", tests=broken)
    result.assert_outcomes(failed=1, skipped=2)
    result.stdout.no_fnmatch_line("*unused snapshot*")
    assert stored(pytester) == NAMES


WITH_SYRUPY = """
def test_both(toggle, snapshot):
    record(toggle, "tank")
    toggle.assert_snapshot("pool")
    assert snapshot == {"a": 1}
"""


def test_syrupy_updates_them_too_and_leaves_them_alone(project, pytester):
    result = project("--snapshot-update", tests=WITH_SYRUPY, apart=True)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 snapshot generated."])  # and none is unused, which it deletes
    assert stored(pytester) == ["test_it/test_both/pool.txtpb"]


def test_an_option_of_that_name_of_another_plugin_writes_them_too(project, pytester):
    pytester.makeconftest(
        """
        def pytest_addoption(parser):
            parser.addoption("--snapshot-update", action="store_true", dest="snapshot_update")
        """
    )
    project("--snapshot-update", "-p", "no:syrupy").assert_outcomes(passed=3)
    assert stored(pytester) == NAMES
