"""Which runs of a store a limit lets go."""

from datetime import UTC, datetime, timedelta

import pytest

from toggle_mock.recording.postgres.runs import StoredRun, expired

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def run(number: int, days: float, size: int = 10, *, in_use: bool = False) -> StoredRun:
    written = NOW - timedelta(days=days)
    return StoredRun(number, f"run {number}", written, written, 1, 1, size, in_use)


RUNS = [run(1, 40), run(2, 35, in_use=True), run(3, 30), run(4, 3, 20), run(5, 0, 0)]


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        ({}, []),
        ({"older_than": timedelta(days=30)}, [1]),
        ({"older_than": timedelta(days=29)}, [1, 3]),
        ({"keep": 5}, []),
        ({"keep": 2}, [1, 3]),
        ({"keep": 0}, [1, 3, 4, 5]),
        ({"max_size": 50}, []),
        ({"max_size": 30}, [1]),
        ({"max_size": 29}, [1, 3]),
        ({"max_size": 0}, [1, 3, 4]),
        ({"keep": 4, "older_than": timedelta(days=29)}, [1, 3]),
    ],
)
def test_a_run_goes_that_one_of_the_limits_lets_go(limits, gone):
    assert [one.number for one in expired(RUNS, NOW, **limits)] == gone
