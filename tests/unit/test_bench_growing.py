"""What grows more than its work is seen to; what waits longest is picked out of many."""

import pytest

from bench.growing import FOLD, GOAL, growth
from bench.latencies import percentile


@pytest.mark.parametrize(
    ("power", "grown"),
    [(1.0, 1), (1.5, FOLD**0.5), (2.0, FOLD)],
    ids=["linear", "between", "quadratic"],
)
def test_growth_is_what_a_piece_costs_more_among_many(power, grown):
    sample = growth(lambda count: count**power * 1e-6, 10)
    assert sample.value == pytest.approx(grown)
    assert sample.peer == pytest.approx(10 ** (power - 1))


def test_the_least_work_is_measured_several_times():
    seconds = iter([90.0, 1.0, 2.0, 100.0])
    assert growth(lambda _: next(seconds), 1).value == pytest.approx(0.5)


def test_the_goal_of_a_hundredfold_is_that_of_two_tenfolds():
    assert pytest.approx(1.15**2, abs=0.005) == GOAL


@pytest.mark.parametrize(("share", "expected"), [(0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share, expected):
    assert percentile([*range(100, 0, -1)], share) == expected
