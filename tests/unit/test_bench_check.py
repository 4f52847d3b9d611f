"""A row is worse only where the noise of both runs does not explain it."""

import pytest

from bench.check import CALIBRATION, Change, Comparison, noise
from bench.results import Figures, Run

MACHINE = {"machine": "x86_64, 2 cores"}
QUIET = Figures(1.0, 0.99, 1.01, 7, 4.0, 4.0, "µs")


def ratio(low, high):
    return Figures((low + high) / 2, low, high, 7, 1.0, 1.0, "µs")


def absolute(low, high, unit="ms"):
    return Figures((low + high) / 2, low, high, 7, (low + high) / 2, None, unit)


def change(before, now, *, more=False, machine=MACHINE, calibration=QUIET):
    old = Run("2026-11-01", "", MACHINE, {CALIBRATION: QUIET, "row": before})
    new = Run("2026-11-02", "", machine, {CALIBRATION: calibration})
    return Comparison({"row": old}, new).change("row", now, more_is_better=more)


@pytest.mark.parametrize(
    ("now", "less", "more"),
    [
        (ratio(1.3, 1.4), Change.WORSE, Change.BETTER),
        (ratio(1.19, 1.4), Change.SAME, Change.SAME),  # within the other interval
        (ratio(1.205, 1.4), Change.SAME, Change.SAME),  # within the noise beside it
        (ratio(1.05, 1.15), Change.SAME, Change.SAME),
        (ratio(0.8, 0.9), Change.BETTER, Change.WORSE),
    ],
)
def test_a_row_has_changed_if_it_is_outside_of_both_intervals(now, less, more):
    before = ratio(1.0, 1.2)
    assert change(before, now) is less
    assert change(before, now, more=True) is more


def test_a_noisy_machine_explains_more():
    noisy = Figures(1.0, 0.6, 1.1, 7, 4.0, 4.0, "µs")
    assert change(ratio(1.0, 1.2), ratio(1.3, 1.4), calibration=noisy) is Change.SAME
    assert change(ratio(1.0, 1.2), ratio(1.8, 1.9), calibration=noisy) is Change.WORSE


def test_a_slow_machine_explains_what_takes_longer_but_no_ratio_and_no_size():
    slow = Figures(1.0, 0.99, 1.01, 7, 12.0, 12.0, "µs")
    assert change(absolute(5, 6), absolute(12, 14), calibration=slow) is Change.SAME
    assert change(absolute(5, 6), absolute(30, 31), calibration=slow) is Change.WORSE
    assert change(absolute(5, 6, "KiB"), absolute(12, 14, "KiB"), calibration=slow) is Change.WORSE
    assert change(ratio(1.0, 1.2), ratio(2, 2.1), calibration=slow) is Change.WORSE


def test_what_is_no_ratio_is_not_compared_with_another_machine():
    other = {"machine": "arm64, 8 cores"}
    assert change(absolute(5, 6), absolute(50, 60), machine=other) is Change.OTHER_MACHINE
    assert change(ratio(1, 1.2), ratio(2, 2.1), machine=other) is Change.WORSE


def test_below_zero_worse_is_still_up():
    """A stall is a difference, which may be below zero."""
    assert change(absolute(-2, -1), absolute(-4, -3.9)) is Change.BETTER
    assert change(absolute(-2, -1), absolute(3, 4)) is Change.WORSE


def test_a_row_that_was_not_there_is_new():
    run = Run("2026-11-02", "", MACHINE, {})
    assert Comparison({}, run).change("row", ratio(1, 2), more_is_better=True) is Change.NEW


def test_the_noise_is_what_the_same_work_differs_from_itself():
    rows = {CALIBRATION: Figures(1.0, 0.93, 1.02, 7, 4.0, 4.0, "µs")}
    assert noise(Run("", "", MACHINE, rows)) == pytest.approx(0.07)
    assert noise(Run("", "", MACHINE, {})) == 0.05
