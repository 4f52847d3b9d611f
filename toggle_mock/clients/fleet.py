"""Many simulated Rodents that emit at random."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from rodent_events import clock
from toggle_mock.clients.sample_events import sample_event
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.context import EndsWithBlock
from toggle_mock.loop_thread import LoopThread
from toggle_mock.recording.scope import TIMEOUT


class TokenSource(Protocol):
    """What Rodents report to and get their tokens from, such as a mock Toggle."""

    @property
    def address(self) -> str:
        """``host:port``."""

    def jwt(self, *, rid: str) -> str:
        """A token for a Rodent."""


class Fleet(EndsWithBlock):
    """Many simulated Rodents that emit events at random; see :func:`simulate_fleet`."""

    def __init__(self, rodents: Sequence[SimulatedRodent], *, rate: float, seed: int) -> None:
        self.rodents = rodents
        """The Rodents."""
        self._rate = rate
        self._seed = seed
        self._thread: LoopThread | None = None
        self._emitting: list[asyncio.Task[None]] = []

    def start(self) -> Self:
        """Have all register; does not wait."""
        self._thread = LoopThread("rodent-fleet")
        for rodent in self.rodents:
            rodent.start(self._thread)
        if self._rate:
            self._thread.loop.call_soon_threadsafe(self._begin_to_emit)
        return self

    def stop(self) -> None:
        """Have all send what waits, and be gone."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        for task in self._emitting:
            thread.loop.call_soon_threadsafe(task.cancel)
        for rodent in self.rodents:
            rodent.stop()
        thread.end()

    def __enter__(self) -> Self:
        return self.start()

    def _end_block(self) -> None:
        self.stop()

    def wait_registered(self, timeout: float = TIMEOUT) -> None:
        """Wait until all are registered.

        Raises:
            TimeoutError: One is not in time.
        """
        deadline = clock.monotonic() + timeout
        for rodent in self.rodents:
            rodent.wait_registered(max(0.0, deadline - clock.monotonic()))

    def _begin_to_emit(self) -> None:
        self._emitting = [
            asyncio.ensure_future(self._emit(rodent, random.Random(f"{self._seed} {rodent.rid}")))
            for rodent in self.rodents
        ]

    async def _emit(self, rodent: SimulatedRodent, draw: random.Random) -> None:
        while True:
            await asyncio.sleep(draw.expovariate(self._rate))
            event = sample_event(draw)
            rodent.emit(event.payload, level=event.level, metadata=event.metadata)


def simulate_fleet(
    toggle: TokenSource | str,
    count: int,
    *,
    jwt: Callable[[str], str] | None = None,
    rate: float = 0.0,
    pace: float = 1.0,
    seed: int = 0,
    name: str = "rodent-{number}",
    **options: Any,
) -> Fleet:
    """Many Rodents: a context manager that starts them and stops them.

    Args:
        toggle: A mock Toggle, or the address of any Toggle.
        count: How many.
        jwt: Gives the token for a rid; a mock Toggle gives its own.
        rate: Events a second that each emits, at random, on average.
        pace: By what their pauses are multiplied.
        seed: Makes their events repeatable.
        name: Their rids; ``{number}`` counts from 1.
        options: Further arguments of :class:`SimulatedRodent`.

    Raises:
        ValueError: An address is given without ``jwt``.
    """
    if isinstance(toggle, str):
        target = toggle
        if jwt is None:
            raise ValueError("simulate_fleet() with an address needs jwt=, a function of the rid")
        token = jwt
    else:
        target, own = toggle.address, toggle
        token = jwt or (lambda rid: own.jwt(rid=rid))
    rids = [name.format(number=number) for number in range(1, count + 1)]
    rodents = [SimulatedRodent(target, token(rid), pace=pace, **options) for rid in rids]
    return Fleet(rodents, rate=rate, seed=seed)
