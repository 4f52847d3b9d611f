"""What happens when Toggle was away, and all of its Rodents come back: a simulation.

Rodents are counted, not told apart: so many dial in each step of time, and of each pause that
varies, a part ends in each step. So it is quick, and the same each time.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

STEP = 0.1
"""Seconds."""

FIRST_SYN = 1.0
"""Seconds until the kernel asks again for a connection that was not taken; then twice as many."""

PATIENCE = 20.0
"""Seconds that gRPC gives a connection, TLS included, to come about."""

LONGEST = 7200.0
"""Seconds after which a simulation ends, whatever is left."""

_NOBODY = 0.5
"""Fewer Rodents than that are none: what is left of fractions."""


@dataclass(frozen=True)
class Backoff:
    """When a Rodent dials again; a pause that varies by 0.1 is up to a tenth shorter or longer."""

    first: float = 30.0
    """Seconds after its stream has ended."""
    first_varies: float = 0.0
    growth: float = 1.5
    """By which the pause is multiplied after each dial in vain."""
    varies: float = 0.1
    """By how much these do."""
    longest: float = 900.0
    dials: int | None = None
    """In vain and in a row, after which it never dials again; None for ever."""

    def pause(self, in_vain: int) -> tuple[float, float] | None:
        """The shortest and the longest one after so many dials in vain; None for never again."""
        if not in_vain:
            return _around(self.first, self.first_varies)
        if self.dials is not None and in_vain >= self.dials:
            return None
        return _around(min(self.longest, self.first * self.growth**in_vain), self.varies)


def _around(seconds: float, varies: float) -> tuple[float, float]:
    return seconds * (1 - varies), seconds * (1 + varies)


PUBLISHED = Backoff(dials=5)
GUARANTEES = Backoff()
SPREAD = Backoff(first_varies=1.0)
"""As the guarantees have it, but that the first pause is drawn too: from 0 to 60 s."""


@dataclass(frozen=True)
class Storm:
    """Who comes back, and to what."""

    rodents: int = 1_000
    away: float = 0.0
    """Seconds for which Toggle takes no connection; 0 if all of them only break."""
    backoff: Backoff = GUARANTEES
    processes: int = 1
    """Of the mock, each with a core."""
    accept: float = 1e-4
    """Seconds of processor time, until a connection has left the kernel's queue."""
    connect: float = 9e-4
    """From there until the Rodent is connected."""
    handshake: float = 0.0
    """Of that, TLS: who waits longer than PATIENCE for it goes, and it is done in vain."""
    backlog: int = 4096
    """Connections that wait in the kernel, for each process; what comes beyond is not heard."""


@dataclass
class Recovery:
    """What came of it."""

    connected: float = 0.0
    """Rodents that are."""
    given_up: float = 0.0
    """Those that never dial again."""
    half: float | None = None
    """Seconds from the break until half of all are connected."""
    all: float | None = None
    """Until all are that ever will be."""
    dials: float = 0.0
    unheard: float = 0.0
    """Connections for which the kernel had no room; each was asked for again."""
    queue: float = 0.0
    """The most who waited at a time: in the kernel, and to be connected."""


@dataclass
class _Waiting:
    """Those who have been taken, and since when."""

    since: float
    count: float
    in_vain: int


@dataclass
class _Spread:
    """Who dials when, after so many dials in vain: the change of a rate from step to step."""

    changes: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    rate: float = 0.0

    def add(self, count: float, begin: int, end: int) -> None:
        """So many, evenly over the steps from one up to another."""
        share = count / (end - begin)
        self.changes[begin] += share
        self.changes[end] -= share

    def take(self, step: int) -> float:
        """How many there are in a step; each is asked for, in turn."""
        self.rate += self.changes.pop(step, 0.0)
        if not self.changes:
            self.rate = 0.0  # what is left of fractions
        return self.rate


class _Simulation:
    """Its state, from step to step."""

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self.recovery = Recovery()
        self._dialing: defaultdict[int, _Spread] = defaultdict(_Spread)
        self._unheard: defaultdict[int, list[tuple[float, int, int]]] = defaultdict(list)
        self._in_kernel: deque[_Waiting] = deque()
        self._taken: deque[_Waiting] = deque()
        self._in_vain = 0.0
        """Handshakes of those who have gone."""
        self._pause(storm.rodents, 0, 0.0)

    def run(self) -> Recovery:
        """Until nobody comes any more."""
        for step in range(int(LONGEST / STEP)):
            self._step(step)
            if self._is_over(step * STEP):
                break
        return self.recovery

    def _step(self, step: int) -> None:
        now = step * STEP
        coming = [(count, in_vain, 0) for count, in_vain in self._who_dial(step)]
        self.recovery.dials += sum(count for count, _, _ in coming)
        coming += self._unheard.pop(step, [])
        if now < self._storm.away:
            for count, in_vain, _ in coming:
                self._pause(count, in_vain + 1, now)
            return
        self._hear(coming, step)
        self._lose_patience(now)
        self._serve(now)

    def _who_dial(self, step: int) -> Iterator[tuple[float, int]]:
        for in_vain, spread in self._dialing.items():
            count = spread.take(step)
            if count > 0:
                yield count, in_vain

    def _pause(self, count: float, in_vain: int, now: float) -> None:
        """So many dial again later, or never."""
        pause = self._storm.backoff.pause(in_vain)
        if pause is None:
            self.recovery.given_up += count
            return
        begin = round((now + pause[0]) / STEP)
        end = max(begin + 1, round((now + pause[1]) / STEP))
        self._dialing[in_vain].add(count, begin, end)

    def _hear(self, coming: list[tuple[float, int, int]], step: int) -> None:
        """Let as many into the kernel's queue as there is room for."""
        storm = self._storm
        room = storm.backlog * storm.processes - _sum(self._in_kernel)
        wanted = sum(count for count, _, _ in coming)
        share = min(1.0, room / wanted) if wanted else 1.0
        for count, in_vain, tries in coming:
            if share > 0:
                self._in_kernel.append(_Waiting(step * STEP, count * share, in_vain))
            if share < 1:
                self._turn_away(count * (1 - share), in_vain, tries, step)

    def _turn_away(self, count: float, in_vain: int, tries: int, step: int) -> None:
        """The kernel says nothing, so the client's asks again."""
        self.recovery.unheard += count
        pause = FIRST_SYN * 2**tries
        if FIRST_SYN * (2 ** (tries + 1) - 1) < PATIENCE:
            self._unheard[step + round(pause / STEP)].append((count, in_vain, tries + 1))
        else:
            self._pause(count, in_vain + 1, step * STEP)

    def _lose_patience(self, now: float) -> None:
        while self._storm.handshake and self._taken and self._taken[0].since <= now - PATIENCE:
            gone = self._taken.popleft()
            self._in_vain += gone.count
            self._pause(gone.count, gone.in_vain + 1, now)

    def _serve(self, now: float) -> None:
        """Do what the processors can do in a step, what came first at first."""
        storm, recovery = self._storm, self.recovery
        waiting = _sum(self._in_kernel) + _sum(self._taken) + self._in_vain
        recovery.queue = max(recovery.queue, waiting)
        left = STEP * storm.processes
        for one in _served(self._in_kernel, left / storm.accept):
            left -= one.count * storm.accept
            self._taken.append(one)
        in_vain = min(self._in_vain, left / storm.handshake) if storm.handshake else 0.0
        self._in_vain -= in_vain
        left -= in_vain * storm.handshake
        for one in _served(self._taken, left / (storm.handshake + storm.connect)):
            recovery.connected += one.count
        if recovery.half is None and recovery.connected >= storm.rodents / 2:
            recovery.half = now

    def _is_over(self, now: float) -> bool:
        recovery, rodents = self.recovery, self._storm.rodents
        if recovery.connected + recovery.given_up < rodents - _NOBODY:
            return False
        recovery.all = now
        return True


def _sum(queue: deque[_Waiting]) -> float:
    return sum(one.count for one in queue)


def _served(queue: deque[_Waiting], room: float) -> Iterator[_Waiting]:
    """Take so many from the front of a queue."""
    while queue and room > 0:
        first = queue[0]
        if first.count <= room:
            room -= first.count
            yield queue.popleft()
            continue
        first.count -= room
        yield _Waiting(first.since, room, first.in_vain)
        return


def simulate(storm: Storm) -> Recovery:
    """What comes of a storm."""
    return _Simulation(storm).run()
