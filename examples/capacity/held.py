"""What the model predicts of loads that none of its figures is from, and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from figures import Figures
from steady import Load, Use
from storm import Backoff, Recovery, Storm, simulate


@dataclass(frozen=True)
class Held:
    """A prediction beside its measurement."""

    load: str
    what: str
    predicted: Callable[[Figures], float]
    measured: float
    unit: str


MIXED = Load(rate=1.0, event_bytes=230, batch_seconds=3, heartbeat=5)
"""500 of them; they have no batch of one event, and none of a hundred."""

MANY = "500 Rodents"
RECORDED = "the same, recorded to PostgreSQL"

AT_ONCE = Backoff(first=0.0)


def _mixed(what: Callable[[Use], float]) -> Callable[[Figures], float]:
    return lambda figures: what(Use.of(500, MIXED, figures))


def _storm(
    rodents: int, what: Callable[[Recovery], float | None], *, tls: bool = False
) -> Callable[[Figures], float]:
    def predicted(figures: Figures) -> float:
        came = simulate(
            Storm(
                rodents,
                backoff=AT_ONCE,
                accept=figures.mock_accept,
                connect=figures.mock_connect - figures.mock_accept,
                handshake=figures.mock_handshake if tls else 0.0,
            )
        )
        return what(came) or 0.0

    return predicted


HELD: Sequence[Held] = (
    Held(MANY, "calls", _mixed(lambda use: use.calls), 118, "a second"),
    Held(MANY, "mock", _mixed(lambda use: use.mock * 100), 32.1, "% of a core"),
    Held(MANY, "worker", _mixed(lambda use: use.worker * 100), 40.2, "% of a core"),
    Held(MANY, "network", _mixed(lambda use: use.network / 1e3), 308, "kB a second"),
    Held(
        RECORDED, "mock", _mixed(lambda use: (use.mock + use.recording) * 100), 45.7, "% of a core"
    ),
    Held(RECORDED, "PostgreSQL", _mixed(lambda use: use.store * 100), 8.5, "% of a core"),
    Held(RECORDED, "disk", _mixed(lambda use: use.disk / 1e3), 511, "kB a second"),
    Held("2,000 dial at once", "half after", _storm(2_000, lambda came: came.half), 1.35, "s"),
    Held("2,000 dial at once", "all after", _storm(2_000, lambda came: came.all), 2.07, "s"),
    Held("4,000 dial at once", "half after", _storm(4_000, lambda came: came.half), 2.22, "s"),
    Held("4,000 dial at once", "all after", _storm(4_000, lambda came: came.all), 3.29, "s"),
    Held(
        "1,000 at once by TLS",
        "all after",
        _storm(1_000, lambda came: came.all, tls=True),
        3.05,
        "s",
    ),
)
