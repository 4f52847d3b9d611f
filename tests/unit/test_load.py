"""A load by Locust, short of its processes: shapes, accounts, comparisons, tokens, payloads."""

import subprocess
import sys

import jwt as pyjwt
import pytest

from rodent_events import Event
from toggle_mock.locust.accounts import ACCEPTED, GIVEN_UP, WAITING, Account
from toggle_mock.locust.comparison import Arrivals, Verdict, compare, percentile
from toggle_mock.locust.identities import GivenIdentities, SignedIdentities
from toggle_mock.locust.pools import MIXES, pool_of
from toggle_mock.locust.shapes import SHAPES, Step, moment, rate_at, shape_of


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_shape_is_whole(shape):
    times = [time for time, _rate in shape.rate]
    assert (times[0], times[-1]) == (0.0, 1.0)
    assert times == sorted(times)
    assert shape.rate[0][1] == shape.rate[-1][1]  # the next cycle begins where this one ends
    for step in shape.steps:
        assert 0 <= step.at <= step.at + step.over < 1
    opened = [step.action for step in shape.steps if step.action in {"close", "open"}]
    assert opened == ["close", "open"] * (len(opened) // 2)


def test_the_rate_changes_evenly_and_begins_anew():
    diurnal = shape_of("diurnal")
    assert rate_at(diurnal, 0.5) == rate_at(diurnal, 7.5) == 2.0
    assert rate_at(diurnal, 0.125) == pytest.approx(0.4)
    assert rate_at(shape_of("steady"), 0.9) == 1.0


def test_steps_come_in_each_cycle_and_in_turn():
    step = Step(0.2, "restart", over=0.6)
    assert [moment(step, cycle) for cycle in range(3)] == pytest.approx([0.2, 1.2, 2.2])
    assert moment(step, 0, place=0.5) == pytest.approx(0.5)


def test_an_unknown_shape_is_told_with_the_nearest():
    with pytest.raises(ValueError, match=r"shape is 'strom': .*, did you mean storm\?"):
        shape_of("strom")


def event(metadata):
    return Event(metadata=metadata)


def test_an_account_knows_what_became_of_each_event():
    account, other = Account("a"), Account("b")
    events = [event(account.emitted()) for _ in range(4)]
    account.note([*events[:2], event(other.emitted()), event({})], ACCEPTED)
    account.note(events[1:3], GIVEN_UP)
    assert list(account.states) == [ACCEPTED, ACCEPTED, GIVEN_UP, WAITING]
    assert Account.unpack("a", account.pack()).states == account.states


def arrived(count, *arrivals):
    found = Arrivals(count)
    for number, batch in arrivals:
        found.note(number, batch, 0.25)
    return found


CLEAN = (ACCEPTED, ACCEPTED)


@pytest.mark.parametrize(
    ("states", "arrivals", "found", "faults"),
    [
        (CLEAN, [(0, "x"), (1, "x")], {"arrived": 2}, []),
        (
            CLEAN,
            [(1, "x")],
            {"arrived": 1, "lost": 1},
            ["1 events lost that Toggle has accepted"],
        ),
        (
            (GIVEN_UP, ACCEPTED),
            [(1, "x")],
            {"given_up": 1},
            ["1 events given up by their Rodents"],
        ),
        ((GIVEN_UP, ACCEPTED), [(0, "w"), (1, "x")], {"given_up": 0}, []),
        ((WAITING, ACCEPTED), [(1, "x")], {"waiting": 1}, ["1 events waiting at the end"]),
        (CLEAN, [(0, "x"), (1, "x"), (1, "x")], {"resent": 1, "arrived": 2}, []),
        (
            CLEAN,
            [(0, "x"), (1, "x"), (1, "y")],
            {"repeated": 1},
            ["1 events repeated in another batch"],
        ),
        (
            CLEAN,
            [(0, ""), (1, ""), (1, "")],
            {"repeated": 1},
            ["1 events repeated in another batch"],
        ),
        (
            CLEAN,
            [(0, "x"), (1, "x"), (2, "x")],
            {"unknown": 1},
            ["1 events never emitted, and there"],
        ),
        ((), [], {"emitted": 0}, ["nothing was emitted"]),
    ],
)
def test_what_was_sent_is_compared_with_what_arrived(states, arrivals, found, faults):
    account = Account("a", bytes(states))
    verdict = compare(account, arrived(len(states), *arrivals))
    assert {name: getattr(verdict, name) for name in found} == found
    assert verdict.faults == faults
    assert verdict.report().splitlines()[-1].startswith("not clean" if faults else "clean")


def test_all_accepted_are_there_or_not():
    account = Account("a", bytes([ACCEPTED, WAITING]))
    assert not arrived(2).has_all_accepted(account)
    assert arrived(2, (0, "x")).has_all_accepted(account)


def test_verdicts_of_several_fleets_add_up():
    total = Verdict(missing=["worker w has given no account"])
    for _ in range(2):
        total.add(compare(Account("a", bytes(CLEAN)), arrived(2, (0, "x"))))
    assert (total.emitted, total.lost, len(total.latencies)) == (4, 2, 2)
    assert total.faults[-1] == "worker w has given no account"
    assert total.as_object()["latency"] == {"median": 0.25, "99 %": 0.25, "longest": 0.25}


def test_percentiles_are_of_the_values():
    assert [percentile([3, 1, 2], share) for share in (0.0, 0.5, 1.0)] == [1, 2, 3]


def rid(token):
    return pyjwt.decode(token, options={"verify_signature": False})["rid"]


def test_each_worker_has_ids_of_its_own():
    workers = [SignedIdentities(worker, "HS256", b"k" * 32) for worker in range(2)]
    rids = {rid(worker.token(number)) for worker in workers for number in range(3)}
    assert rids == {f"load-{worker}-{number}" for worker in range(2) for number in range(3)}


def test_workers_divide_the_tokens_of_a_file(tmp_path):
    file = tmp_path / "tokens"
    file.write_text("a\nb\n\nc\nd\ne\n")
    of = [GivenIdentities(file, worker, 2) for worker in range(2)]
    assert [of[0].token(number) for number in range(3)] == ["a", "c", "e"]
    assert [of[1].token(number) for number in range(2)] == ["b", "d"]
    with pytest.raises(ValueError, match="2 tokens for this worker, and this is its Rodent 3"):
        of[1].token(2)
    with pytest.raises(ValueError, match=r"this is worker 3, .* --expect-workers"):
        GivenIdentities(file, 2, 2)


@pytest.mark.parametrize("mix", MIXES)
def test_a_pool_is_the_same_for_the_same_seed(mix):
    pool = pool_of(mix, 1)
    assert pool == pool_of(mix, 1) != pool_of(mix, 2)
    types = {type(event.payload) for event in pool}
    assert len(types) >= (26 if mix == "every-type" else 10)


def test_nothing_but_a_locustfile_brings_gevent():
    program = """
import sys
import toggle_mock, toggle_mock.locust, toggle_mock.cli.load, toggle_mock.locust.fleet_process
print(sorted({"gevent", "locust"} & sys.modules.keys()))
import toggle_mock
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
