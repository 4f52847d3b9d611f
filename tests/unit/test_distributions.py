"""How long something takes by chance, without a clock."""

import random
from statistics import mean, median, stdev

import pytest

from rodent_events import EventBatch
from toggle_mock import delay, normal, percentiles, uniform
from toggle_mock.faults.book import FaultBook
from toggle_mock.faults.conditions import Delay
from toggle_mock.faults.plans import Incoming
from toggle_mock.faults.script import Script
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.scope import Scope


@pytest.mark.parametrize(
    ("distribution", "times"),
    [
        (uniform(1, 3), [1, 1.5, 2, 2.98, 3]),
        (uniform(2, 2), [2] * 5),
        (percentiles({50: 1, 100: 2}), [0, 0.5, 1, 1.98, 2]),
        (percentiles({99: 2, 50: 1}), [0, 0.5, 1, 2, 2]),
        (percentiles({0: 1, 50: 1}), [1] * 5),
        (percentiles({0: 1, 100: 3}), [1, 1.5, 2, 2.98, 3]),
        (normal(1, 0), [1] * 5),
        (normal(10, 1), [4.002, 9.3255, 10, 12.3263, 15.998]),
        (normal(0, 1), [0, 0, 0, 2.3263, 5.998]),
    ],
)
def test_the_time_that_a_share_of_all_stays_below(distribution, times):
    shares = (0, 0.25, 0.5, 0.99, 1)
    assert [distribution.at(share) for share in shares] == pytest.approx(times, abs=1e-3)


def incoming() -> Incoming:
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r1", "sub": "o1"})
    return Incoming(call, EventBatch().SerializeToString())


def draws(distribution, seed, count=2000) -> list[float]:
    """What the calls of a fault take."""
    book = FaultBook()
    Script(lambda spec: book.add(spec, Scope()), "SendEvents").always(
        delay(distribution), seed=seed
    )
    return [book.decide(incoming())[0].delay for _ in range(count)]


def test_a_seed_gives_the_same_times_in_each_run():
    assert draws(normal(5, 1), seed=7, count=3) == pytest.approx([3.6237, 5.4981, 3.4473], abs=1e-3)
    assert draws(uniform(0, 1), 7, 5) == draws(uniform(0, 1), 7, 5) != draws(uniform(0, 1), 8, 5)


def test_many_calls_are_distributed_as_asked():
    many = draws(normal(5, 1), seed=1)
    assert (mean(many), stdev(many)) == pytest.approx((5, 1), abs=0.1)
    assert median(draws(percentiles({50: 0.1, 99: 3}), seed=1)) == pytest.approx(0.1, abs=0.03)


def test_how_long_it_takes_does_not_follow_from_who_was_chosen():
    book = FaultBook()
    script = Script(lambda spec: book.add(spec, Scope()), "SendEvents")
    script.rates({delay(uniform(1, 2)): 0.1}, seed=5)
    times = [book.decide(incoming())[0].delay for _ in range(3000)]
    chosen = [time for time in times if time]
    assert len(chosen) == pytest.approx(300, abs=60)
    assert mean(chosen) == pytest.approx(1.5, abs=0.06)


def test_jitter_varies_a_chunk_s_time_up_and_down():
    assert [Delay(1, jitter=0.5).at(share) for share in (0, 0.5, 1)] == [0.5, 1, 1.5]
    assert Delay(normal(1, 0)).at(random.random()) == 1
