"""An interval for a median holds it as often as it says, whatever the distribution."""

import random
from statistics import NormalDist

import pytest

from bench.intervals import Interval, Verdict, coverage, median_interval
from bench.suite import CONFIDENCE, LOOKS


@pytest.mark.parametrize(
    ("count", "left_out", "sure"),
    [(1, 0, 0), (3, 0, 0.75), (6, 0, 0.9688), (7, 0, 0.9844), (8, 1, 0.9297), (20, 5, 0.9586)],
)
def test_coverage_is_that_of_the_tables(count, left_out, sure):
    assert coverage(count, left_out) == pytest.approx(sure, abs=5e-5)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, (0, 0)), (4, (0, 3)), (6, (0, 5)), (8, (0, 7)), (9, (1, 7)), (20, (5, 14))],
)
def test_the_interval_is_the_narrowest_that_is_sure_enough(count, expected):
    samples = list(range(count))
    random.Random(1).shuffle(samples)
    assert median_interval(samples, 0.95) == Interval(*expected)


def test_a_sample_far_out_moves_nothing():
    assert median_interval([1, 2, 3, 4, 5, 6, 7, 8, 9], 0.95).high == 8
    assert median_interval([1, 2, 3, 4, 5, 6, 7, 8, 9e9], 0.95).high == 8


@pytest.mark.parametrize("count", LOOKS)
@pytest.mark.parametrize(
    ("draw", "median"),
    [
        (lambda chance: chance.lognormvariate(0, 2), 1.0),
        (lambda chance: chance.expovariate(1), 0.6931),
        (lambda chance: NormalDist().inv_cdf(chance.random()) ** 3, 0.0),
    ],
    ids=["lognormal", "exponential", "heavy tails"],
)
def test_it_holds_the_median_as_often_as_it_says(count, draw, median):
    chance = random.Random(2026)
    intervals = [median_interval([draw(chance) for _ in range(count)], 0.95) for _ in range(2000)]
    held = sum(one.low <= median <= one.high for one in intervals) / len(intervals)
    assert held >= 0.94


def test_the_first_look_can_decide():
    assert coverage(LOOKS[0], 0) >= CONFIDENCE


@pytest.mark.parametrize(
    ("low", "high", "more", "verdict"),
    [
        (1.5, 2, False, Verdict.MET),
        (1.9, 2.1, False, Verdict.NOISE),
        (2.1, 2.2, False, Verdict.MISSED),
        (2, 2.1, True, Verdict.MET),
        (1.9, 2.1, True, Verdict.NOISE),
        (1.5, 1.9, True, Verdict.MISSED),
    ],
)
def test_a_goal_within_the_interval_is_neither_met_nor_missed(low, high, more, verdict):
    assert Interval(low, high).verdict(2, more_is_better=more) is verdict
