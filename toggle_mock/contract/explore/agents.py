"""The agents that schedules are played with, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from toggle_mock.contract.explore.history import Promise
from toggle_mock.contract.explore.lives import ForkLauncher, Launcher, ProgramLauncher
from toggle_mock.contract.explore.player import Patience, Player
from toggle_mock.contract.settings import RodentContract, read_contract
from toggle_mock.errors import ContractError

_PREFIX = "RODENT_EVENTS_"

_SEND_TIMEOUT = 2.0
"""Seconds. On a busy machine shorter ones are over for no other reason."""

_FAST = {
    f"{_PREFIX}BATCH_TIMEOUT": "0.02",
    f"{_PREFIX}RETRY_BACKOFF_BASE": "0.002",
    f"{_PREFIX}RETRY_BACKOFF_MAX": "0.02",
    f"{_PREFIX}SEND_TIMEOUT": f"{_SEND_TIMEOUT:g}",
    f"{_PREFIX}MAX_BATCH_BYTES": "4000",
}
"""A hundredth of the usual pauses, and less. The limit of batches is the same at each start: if it
were lowered, what waits on disk would be cut anew.
"""

_VARIANTS: Sequence[Mapping[str, str]] = (
    {"BATCH_SIZE": "3"},
    {"BATCH_SIZE": "10"},
    {"BATCH_SIZE": "2", "FLUSH_THRESHOLD": "4"},
)

FAST_VARIANTS: Sequence[Mapping[str, str]] = tuple(
    {
        **_FAST,
        f"{_PREFIX}SPOOL_MODE": mode,
        **{f"{_PREFIX}{name}": value for name, value in variant.items()},
    }
    for mode in ("journal", "spill")
    for variant in _VARIANTS
)
"""What ``rodent_events`` is started with."""


@dataclass(frozen=True)
class Explored:
    """An agent, and what is known of it."""

    variants: Sequence[Mapping[str, str]]
    """The settings that it may be started with."""
    reads_tokens: bool
    """Whether it reads its token again from its file."""
    promise_of: Callable[[Mapping[str, str]], Promise]
    """What it promises with some settings."""
    patience: Patience
    launcher: Callable[[], Launcher]

    @contextmanager
    def player(self) -> Iterator[Player]:
        """Plays schedules with it."""
        with self.players(1) as (player,):
            yield player

    @contextmanager
    def players(self, count: int) -> Iterator[list[Player]]:
        """So many that play schedules with it at the same time, each before a Toggle of its own."""
        with ExitStack() as stack:
            launcher = self.launcher()
            stack.callback(launcher.close)
            yield [
                stack.enter_context(Player(launcher, self.promise_of, self.patience, name))
                for name in (f"player-{number}" for number in range(1, count + 1))
            ]


def rodent_events(launcher: Callable[[], Launcher] = ForkLauncher) -> Explored:
    """The pipeline of ``rodent_events``, each life of it in a fork of one process."""
    patience = Patience(send_timeout=_SEND_TIMEOUT)
    return Explored(FAST_VARIANTS, True, _promise_of, patience, launcher)


def _promise_of(settings: Mapping[str, str]) -> Promise:
    return "journal" if settings.get(f"{_PREFIX}SPOOL_MODE") == "journal" else "disk"


def program(contract: RodentContract, variants: Sequence[Mapping[str, str]] = ()) -> Explored:
    """A program that speaks the driver protocol.

    Args:
        contract: What is said of it.
        variants: Environments that it may be started with, besides what the contract has; none is
            one that is empty.

    Raises:
        ContractError: It has no command.
    """
    if not contract.command:
        raise ContractError("there is no command to explore: give one that is a driver")
    times, slack = contract.times, contract.times.slack
    promises: tuple[Promise, ...] = ("journal", "disk")
    kept: list[Promise] = [one for one in promises if one in contract.features]
    promised: Promise = kept[0] if kept else "none"
    patience = Patience(
        start=times.start + slack,
        answer=times.answer + slack,
        rest=times.batch + times.outage + times.send + slack,
        stop=times.stop + slack,
        amid=times.batch + 1.0,
        send_timeout=times.send,
    )
    return Explored(
        tuple(variants) or ({},),
        "token_file" in contract.features,
        lambda _settings: promised,
        patience,
        lambda: ProgramLauncher(contract),
    )


def explored(contract: RodentContract | Path | str | None) -> Explored:
    """What is said of an agent: by a contract, or the file of one; None is ``rodent_events``.

    Raises:
        ContractError: It says something that means nothing.
        OSError: It cannot be read.
    """
    if contract is None:
        return rodent_events()
    if isinstance(contract, RodentContract):
        return program(contract)
    return program(read_contract(RodentContract, Path(contract)))
