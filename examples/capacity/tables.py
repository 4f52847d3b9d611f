"""The tables of docs/capacity.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace

from figures import Figures
from held import HELD
from steady import Load, Machine, Use, bottlenecks
from storm import GUARANTEES, PUBLISHED, SPREAD, Backoff, Recovery, Storm, simulate

RODENTS = (2_000, 10_000, 100_000, 1_000_000)
EVENTS = 100_000
"""A second: the goal that a machine is to carry."""

Table = Callable[[Load, Machine, Figures], str]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; all columns but the first are numbers if the second one is."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def short(value: float) -> str:
    """Two digits that count, or all of them before the point."""
    value = float(f"{value:.2g}") if value < 10 else value
    if value >= 10 or value == 0:
        return f"{value:,.0f}"
    digits = 1 - math.floor(math.log10(value))
    return f"{value:.{digits}f}"


def figures(_load: Load, _machine: Machine, figures: Figures) -> str:
    """All that is reckoned with."""
    scale = {"µs": 1e6, "KiB": 1 / 1024}
    rows = []
    for one in fields(figures):
        facts = one.metadata
        value = getattr(figures, one.name) * scale.get(facts["unit"], 1)
        amount = f"{short(value)} {facts['unit']}".strip()
        rows.append([f"`{one.name}`", facts["says"], amount, facts["known"]])
    return markdown(["figure", "what it is", "value", "known"], rows)


def steady(load: Load, machine: Machine, figures: Figures) -> str:
    """What so many Rodents use."""
    uses = [Use.of(rodents, load, figures) for rodents in RODENTS]
    mocks = [mocks_for(use, machine) for use in uses]
    lines: dict[str, Callable[[Use], float]] = {
        "events a second": lambda use: use.events,
        "calls of SendEvents a second": lambda use: use.calls,
        "cores: mocks": lambda use: use.mock,
        "cores: workers of the load": lambda use: use.worker,
        "cores: mocks besides, if they record to PostgreSQL": lambda use: use.recording,
        "cores: PostgreSQL": lambda use: use.store,
        "a shared run is locked, of a second": lambda use: use.lock,
        "a shared run: cores that each mock needs to read it": lambda use: use.copy,
        "GB of memory: connections": lambda use: use.memory / 1e9,
        "GB of memory: Rodents, in workers": lambda use: use.simulated / 1e9,
        "GB of memory an hour: what mocks record": lambda use: use.recorded * 3600 / 1e9,
        "Mbit/s": lambda use: use.network * 8 / 1e6,
        "GB of disk a day: PostgreSQL": lambda use: use.disk * 86_400 / 1e9,
    }
    rows = [[name, *(short(of(use)) for use in uses)] for name, of in lines.items()]
    core = machine.busy
    rows += [
        [f"mocks, each with {core:.0%} of a core", *map(short, mocks)],
        ["workers, likewise", *(short(math.ceil(use.worker / core)) for use in uses)],
        [
            "open files of each mock",
            *(short(rodents / count) for rodents, count in zip(RODENTS, mocks, strict=True)),
        ],
        [
            "addresses of clients, for their ports",
            *(short(math.ceil(rodents / machine.ports)) for rodents in RODENTS),
        ],
    ]
    return markdown(["Rodents", *(f"{rodents:,}" for rodents in RODENTS)], rows)


def mocks_for(use: Use, machine: Machine) -> int:
    """How many processes."""
    return math.ceil(use.mock / machine.busy)


def order(load: Load, machine: Machine, figures: Figures) -> str:
    """Which bottleneck comes first."""
    found = bottlenecks(load, figures, machine)
    rows = [[one.name, rounded(one.rodents), one.moved_by] for one in found]
    return markdown(["bottleneck", "Rodents", "what moves it"], rows)


def rounded(value: float) -> str:
    """Two digits that count, the others 0."""
    digits = max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value, -digits):,.0f}"


def goal(load: Load, machine: Machine, figures: Figures) -> str:
    """So many events a second, of few busy Rodents or of many quiet ones."""
    rows = []
    for rodents in (1_000, *RODENTS[1:]):
        use = Use.of(rodents, replace(load, rate=EVENTS / rodents), figures)
        recorded = use.mock + use.recording
        rows.append(
            [
                f"{rodents:,} × {short(EVENTS / rodents)}",
                short(use.events / use.calls),
                short(use.mock),
                short(recorded),
                short(use.store),
                *(
                    "yes" if cores <= machine.cores * machine.busy else "no"
                    for cores in (use.mock, recorded + use.store)
                ),
            ]
        )
    head = [
        "Rodents × events a second",
        "events of a batch",
        "cores: mocks",
        "if they record",
        "cores: PostgreSQL",
        f"mocks on {machine.cores:g} cores",
        "with PostgreSQL on them",
    ]
    return markdown(head, rows)


EITHER = {"either": GUARANTEES, "spread": SPREAD}
"""As long as the published one has not given up, it is no different."""

ALL = {"published": PUBLISHED, "guarantees": GUARANTEES, "spread": SPREAD}

STORMS: Sequence[tuple[int, float, Mapping[str, Backoff]]] = (
    (2_000, 0, EITHER),
    (100_000, 0, EITHER),
    (1_000_000, 0, EITHER),
    (100_000, 300, EITHER),
    (100_000, 600, ALL),
    (100_000, 3_600, ALL),
)
"""How many come back, for how many seconds Toggle was away, and when they dial again."""


def storms(load: Load, machine: Machine, figures: Figures) -> str:
    """All come back at once."""
    usual = Storm(
        accept=figures.mock_accept,
        connect=figures.mock_connect - figures.mock_accept,
        handshake=figures.mock_handshake,
        backlog=int(machine.backlog),
    )
    rows = []
    for rodents, away, backoffs in STORMS:
        mocks = mocks_for(Use.of(rodents, load, figures), machine)
        for name, backoff in backoffs.items():
            storm = replace(usual, rodents=rodents, away=away, backoff=backoff, processes=mocks)
            told = _told(simulate(storm), away)
            rows.append([f"{rodents:,}", f"{mocks}", f"{away:,}", name, *told])
    head = ["Rodents", "mocks", "away, s", "back-off", "half after, s", "all after, s"]
    more = ["dials of each", "most waiting", "not heard", "never again"]
    return markdown([*head, *more], rows)


def _told(came: Recovery, away: float) -> list[str]:
    """In seconds since Toggle was back."""
    anybody = came.connected >= 1
    ends = [came.half, came.all if anybody else None]
    shown = ["never" if end is None else short(end - away) for end in ends]
    rodents = came.connected + came.given_up
    return [
        *shown,
        short(came.dials / rodents),
        f"{came.queue:,.0f}",
        f"{came.unheard:,.0f}",
        f"{came.given_up:,.0f}",
    ]


def held(_load: Load, _machine: Machine, figures: Figures) -> str:
    """What was predicted, and what was measured."""
    rows = [
        [one.load, one.what, short(one.predicted(figures)), short(one.measured), one.unit]
        for one in HELD
    ]
    return markdown(["load", "what", "predicted", "measured", "unit"], rows)


TABLES: Mapping[str, Table] = {
    "figures": figures,
    "steady": steady,
    "order": order,
    "goal": goal,
    "storms": storms,
    "held": held,
}
"""By the name of the part of the page in which it stands."""
