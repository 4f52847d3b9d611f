"""The search, with players that only say that they have played."""

import threading

import pytest

from toggle_mock.contract.explore import Complaint, Explored, Played, Schedule, Search
from toggle_mock.contract.explore.crew import play_all
from toggle_mock.contract.explore.history import History
from toggle_mock.contract.explore.player import Patience
from toggle_mock.errors import ContractError

AGENT = Explored(({},), True, lambda _: "journal", Patience(), lambda: None)


class FakePlayer:
    """Finds fault with what it is told to, and notes what it has played."""

    patience = Patience()

    def __init__(self, fails=lambda _: False):
        self._fails = fails
        self.played = []

    def play(self, schedule, _patience=None):
        self.played.append(schedule)
        complaints = [Complaint("lost", "it is gone")] if self._fails(schedule) else []
        return Played(schedule, History(1.0), complaints, [], 0.0, [], "")


def schedule(number):
    return Schedule.read({"steps": [{"emit": number}]})


def numbers(schedules):
    return [one.steps[0].emit for one in schedules]


def has_outage(one):
    return any(step.kind == "outage" for step in one.steps)


def search(players, **more):
    return Search(AGENT, players, seed=1, **more)


# Several players


def test_all_is_played_and_comes_back_in_its_order():
    players = [FakePlayer() for _ in range(3)]
    played = play_all(players, map(schedule, range(1, 50)), lambda _: True)
    assert numbers(one.schedule for one in played) == list(range(1, 50))
    done = [number for player in players for number in numbers(player.played)]
    assert sorted(done) == list(range(1, 50))


def test_they_play_at_the_same_time():
    meet = threading.Barrier(3, timeout=30)

    def meets(_schedule):
        meet.wait()
        return False

    players = [FakePlayer(meets) for _ in range(3)]
    assert len(play_all(players, map(schedule, [1, 2, 3]), lambda _: True)) == 3


def test_once_one_is_enough_no_more_are_begun_but_what_is_begun_is_played():
    has_failed, is_under_way = threading.Event(), threading.Event()

    def fails(one):
        (number,) = numbers([one])
        if number == 1:
            is_under_way.set()
            has_failed.wait(30)
        if number == 2:
            is_under_way.wait(30)
        return number == 2

    def goes_on(played):
        if played.complaints:
            has_failed.set()
        return not played.complaints

    players = [FakePlayer(fails), FakePlayer(fails)]
    played = play_all(players, map(schedule, range(1, 100)), goes_on)
    assert numbers(one.schedule for one in played) == [1, 2]


def test_an_agent_that_cannot_be_started_ends_all():
    def fails(_schedule):
        raise ContractError("there is none")

    with pytest.raises(ContractError, match="there is none"):
        play_all([FakePlayer(fails), FakePlayer()], map(schedule, range(1, 1000)), lambda _: True)


# Looking, and making smaller


def test_what_fails_is_found_and_made_as_small_as_can_be():
    found = search([FakePlayer(has_outage) for _ in range(4)]).run(60)
    assert found.is_certain
    steps = [step.data() for step in found.played.schedule.steps]
    assert sorted(steps, key=str) == [{"emit": 1}, {"outage": "begin"}]


def test_where_the_first_one_stands_does_not_depend_on_the_number_of_players():
    search([right := FakePlayer()]).run(40)
    wanted = right.played[30]
    place = right.played.index(wanted) + 1
    for count in (1, 4):
        once = iter([True])
        players = [FakePlayer(lambda one: one == wanted and next(once, False))] * count  # noqa: B023
        assert search(players).run(40).after == place


def test_as_many_are_played_as_were_asked_for_if_all_hold():
    player = FakePlayer()
    assert search([player]).run(40) is None
    assert len(player.played) == 40


def test_the_same_seed_plays_the_same():
    first, second = FakePlayer(), FakePlayer()
    search([first]).run(20)
    search([second]).run(20)
    assert first.played == second.played


def test_what_fails_once_and_never_again_is_told_but_does_not_end_the_search():
    failed = []

    def fails_once(one):
        if failed or not has_outage(one):
            return False
        failed.append(one)
        return True

    player = FakePlayer(fails_once)
    found = search([player]).run(60)
    assert not found.is_certain
    assert (found.played.schedule, found.failed, found.replays) == (failed[0], 0, 10)
    assert len(player.played) == 60 + 10


def test_what_fails_once_does_not_hide_what_fails_each_time():
    failed = []

    def fails(one):
        is_first = has_outage(one) and not failed
        failed.append(one)
        return is_first or any(step.kind == "refuse" for step in one.steps)

    found = search([FakePlayer(fails)]).run(60)
    assert found.is_certain
    assert {step.kind for step in found.played.schedule.steps} == {"emit", "refuse"}


def test_no_more_are_played_once_the_time_is_over():
    player = FakePlayer()
    assert search([player]).run(10_000, seconds=0.0) is None
    assert player.played == []


def test_what_was_found_is_played_first_the_next_time(tmp_path):
    smallest = search([FakePlayer(has_outage)], database=tmp_path).run(60).played.schedule
    player = FakePlayer(has_outage)
    again = search([player], database=tmp_path).run(60)
    assert has_outage(player.played[0])
    assert (again.after, again.played.schedule) == (1, smallest)
    mended = FakePlayer()
    assert search([mended], database=tmp_path).run(20) is None
    assert has_outage(mended.played[0])
