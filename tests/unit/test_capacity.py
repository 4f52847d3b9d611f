"""What examples/capacity reckons: the page shows it, and it holds where it can be known."""

import importlib
import random
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import grpc
import pytest

from toggle_mock.clients.profiles import PROFILES, Redialing

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "capacity"
PAGE = ROOT / "docs" / "capacity.md"


@pytest.fixture
def module(monkeypatch):
    """Imports a module of the program, under its name there, for this test alone."""
    monkeypatch.syspath_prepend(PROGRAM)
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == PROGRAM:
            del sys.modules[name]


@pytest.fixture
def steady(module):
    return module("steady")


@pytest.fixture
def storm(module):
    return module("storm")


def test_the_page_has_the_tables_of_the_program(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    page = PAGE.read_text()
    assert importlib.import_module("capacity_page").capacity(page) == page, "run make schemas"


def test_figures_of_ones_own_are_options():
    def row(*options: str) -> str:
        told = [sys.executable, str(PROGRAM), *options]
        done = subprocess.run(told, capture_output=True, text=True, check=True)
        (found,) = [one for one in done.stdout.splitlines() if "| a core of a mock |" in one]
        return found

    assert row() != row("--mock-call", "1e-3")
    assert row() != row("--busy", "0.5")


def test_each_figure_says_what_it_is_and_how_it_is_known(module):
    figures, steady = module("figures"), module("steady")
    known = {figures.MEASURED, figures.ROW, figures.SOURCE, figures.ASSUMED}
    for kind in (figures.Figures, steady.Load, steady.Machine):
        for one in fields(kind):
            assert one.metadata["says"]
            assert one.metadata["known"].partition(":")[0] in known


# A steady load


@pytest.mark.parametrize("rate", [0.001, 0.1, 1.0, 3.0, 20.0])
def test_calls_are_as_many_as_a_rodent_makes(steady, rate):
    """Beside events at random, of which a batch takes those of 30 s, or 100."""
    draw, calls, waits, begun, now = random.Random(7), 0, 0, 0.0, 0.0
    load = steady.Load(rate=rate)
    while calls < 3_000:
        now += draw.expovariate(rate)
        if waits and now > begun + load.batch_seconds:
            calls, waits = calls + 1, 0
        if not waits:
            begun = now
        waits += 1
        if waits == load.batch_events:
            calls, waits = calls + 1, 0
    assert calls / now == pytest.approx(load.calls, rel=0.05)


def test_who_emits_nothing_calls_nobody(steady):
    assert steady.Load(rate=0.0).calls == 0
    assert steady.Load(heartbeat=0.0).commands == 0


def test_a_hundred_times_as_many_use_a_hundred_times_as_much(module, steady):
    load, figures = steady.Load(), module("figures").Figures()
    few, many = (vars(steady.Use.of(count, load, figures)) for count in (7, 700))
    assert {name: value * 100 for name, value in few.items()} == pytest.approx(many)
    assert min(few.values()) > 0


def test_what_is_used_up_first_is_named_first(module, steady):
    load, machine, figures = steady.Load(), steady.Machine(), module("figures").Figures()
    found = steady.bottlenecks(load, figures, machine)
    assert [one.rodents for one in found] == sorted(one.rodents for one in found)
    by_name = {one.name: one.rodents for one in found}
    use = steady.Use.of(by_name["a core of a mock"], load, figures)
    assert use.mock == pytest.approx(machine.busy)
    use = steady.Use.of(by_name["the lock of a shared run"], load, figures)
    assert use.lock == pytest.approx(machine.busy)


def test_each_figure_counts(module, steady):
    load, figures = steady.Load(), module("figures").Figures()
    usual = steady.Use.of(1, load, figures)

    def counts(name: str) -> bool:
        dearer = replace(figures, **{name: 2 * getattr(figures, name)})
        return steady.Use.of(1, load, dearer) != usual

    idle = {one.name for one in fields(figures) if not counts(one.name)}
    assert idle == {"mock_connect", "mock_accept", "mock_handshake"}  # which count in a storm


# A storm


@pytest.fixture
def come_back(storm):
    """Simulates a storm; of a thousand, for whom a process needs a millisecond each."""
    return lambda **said: storm.simulate(storm.Storm(**said))


@pytest.mark.parametrize("profile", ["published", "guarantees"])
def test_rodents_dial_again_when_the_simulated_ones_do(storm, profile):
    backoff = {"published": storm.PUBLISHED, "guarantees": storm.GUARANTEES}[profile]
    ends = [
        Redialing(PROFILES[profile], vary=lambda low, high, end=end: (low, high)[end])
        for end in (0, 1)
    ]
    firsts = [one.after_status(grpc.StatusCode.UNAVAILABLE) for one in ends]
    assert list(backoff.pause(0)) == firsts
    for in_vain in range(1, 15):
        shortest, longest = (one.after_no_connection() for one in ends)
        pause = backoff.pause(in_vain)
        assert pause == (None if shortest is None else pytest.approx((shortest, longest)))
        if pause is None:
            return


def test_all_come_at_once_and_wait_for_a_processor(come_back):
    came = come_back()
    assert came.connected == pytest.approx(1_000)
    assert came.queue == pytest.approx(1_000)
    assert came.all == pytest.approx(31.0, abs=0.2)  # after 30 s, a millisecond for each
    assert came.half == pytest.approx(30.5, abs=0.2)
    assert came.dials == pytest.approx(1_000)
    assert (came.unheard, came.given_up) == (0, 0)
    assert come_back(processes=4).all == pytest.approx(30.25, abs=0.2)


def test_who_draws_the_first_pause_too_waits_for_nobody(storm, come_back):
    came = come_back(backoff=storm.SPREAD)
    assert came.queue < 20
    assert came.all == pytest.approx(60.0, abs=0.3)


def test_the_published_rodent_is_gone_for_ever_once_toggle_was_away_for_long(storm, come_back):
    came = come_back(away=600.0, backoff=storm.PUBLISHED)
    assert came.connected == 0
    assert came.given_up == pytest.approx(1_000, abs=1)
    assert came.dials == pytest.approx(5_000, abs=5)
    patient = come_back(away=600.0)
    assert patient.connected == pytest.approx(1_000, abs=1)
    assert patient.all > 600


def test_what_the_kernel_has_no_room_for_it_is_asked_again(come_back):
    came = come_back(rodents=3_000, backlog=1_000)
    assert came.unheard == pytest.approx(2_000 + 1_000)  # at once, and a second later
    assert came.connected == pytest.approx(3_000)
    assert came.all == pytest.approx(30 + 1 + 2 + 1, abs=0.3)
    assert come_back(rodents=3_000, backlog=1_000, processes=3).unheard == 0


def test_who_waits_too_long_for_tls_comes_again_and_has_cost_all_the_same(storm, come_back):
    soon = storm.Backoff(first=1.0, growth=1.0, varies=0.0)
    many = {"rodents": 100_000, "processes": 4, "backlog": 100_000, "backoff": soon}
    alone = come_back(**many)
    assert alone.dials == pytest.approx(100_000)
    assert alone.all == pytest.approx(1 + 25, abs=0.3)
    came = come_back(**many, handshake=1e-3)
    assert came.connected == pytest.approx(100_000)
    in_vain = came.dials - 100_000
    assert in_vain > 50_000
    needed = 1 + (100_000 * 2e-3 + in_vain * 1e-3) / 4
    assert needed <= came.all < 1.06 * needed  # for some moments there is nothing to do


@pytest.mark.parametrize("away", [0.0, 45.0, 300.0, 900.0])
def test_nobody_is_lost_count_of(storm, come_back, away):
    for backoff in (storm.PUBLISHED, storm.GUARANTEES, storm.SPREAD):
        came = come_back(away=away, backoff=backoff, backlog=300, handshake=5e-3)
        assert came.connected + came.given_up == pytest.approx(1_000, abs=1)
        assert came.all is not None
