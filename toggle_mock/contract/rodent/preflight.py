"""Whether a Rodent can be judged at all: it is started once, before all cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from toggle_mock.contract.cases import Case
from toggle_mock.contract.verdicts import NOTE, Breach

if TYPE_CHECKING:  # who judges a Toggle need not wait for a mock of one
    from toggle_mock.contract.rodent.agent import Agent
    from toggle_mock.contract.rodent.rig import RodentRig

_ALIVE = 1.0
"""Seconds that it must run, if nothing else can be expected of it."""

_FLOOD = 1024 * 1024
"""Bytes on stdout until it is ready that are worth a note."""


def can_be_judged(rig: RodentRig) -> None:
    """It starts, stays, and answers its driver, or else calls Toggle.

    Raises:
        Breach: It does not.
        ContractError: It cannot be started.
    """
    agent = rig.start()
    if rig.contract.emit == "driver":
        driver, patience = agent.driver, rig.patience("answer")
        driver.reply(driver.give("stats", {}, patience), "stats", patience)
    elif "register" in rig.contract.abilities or "connect" in rig.contract.abilities:
        patience = rig.patience("start")
        rig.until(lambda: rig.toggle.calls, patience, "it has not called Toggle at all")
    else:
        agent.program.wait(_ALIVE)
    agent.program.must_run()
    for note in _notes(agent):
        rig.story.tell(NOTE, note)


def _notes(agent: Agent) -> Iterator[str]:
    """What is remarkable about it, and about how it ends."""
    if agent.program.stdout.size > _FLOOD:
        yield f"it floods stdout: {agent.program.stdout.size:,} bytes until it was ready"
    try:
        agent.terminate()
    except Breach as error:
        yield f"it does not end by SIGTERM, and is killed: {error}"
    if agent.program.has_left_processes:
        yield "it ends, and leaves processes behind that it has started: they are killed"


PREFLIGHT: Case[RodentRig] = Case(
    "preflight.starts",
    "The program can be judged",
    rule="It starts, goes on running, and answers its driver; without a driver, it calls Toggle at "
    "TOGGLE_ADDRESS. It is started once for this, before all cases.",
    source="what verify needs; docs/contract.md tells what a program is told in its environment",
    cost="Nothing can be said of it: every case would fail, and none about its rule.",
    judge=can_be_judged,
)
