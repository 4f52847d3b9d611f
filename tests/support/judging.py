"""Bringing Rodents before the contract suite."""

from __future__ import annotations

import sys
from pathlib import Path

from msgspec import structs

from rodent_events.config import CATEGORIES
from toggle_mock.contract.cases import Case, all_cases
from toggle_mock.contract.rodent.catalogue import GROUPS
from toggle_mock.contract.rodent.keeping_alive import KEEPALIVE
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.runner import Suite
from toggle_mock.contract.settings import (
    RODENT_FEATURES,
    RodentContract,
    RodentTimes,
    SlowCommand,
)
from toggle_mock.contract.verdicts import Result

ROOT = Path(__file__).parents[2]

RODENT_CASES: dict[str, Case[RodentRig]] = {case.id: case for case in all_cases(GROUPS)}

FAST = RodentContract(
    emit="driver",
    environment={
        "RODENT_EVENTS_BATCH_TIMEOUT": "0.2",
        "RODENT_EVENTS_RETRY_BACKOFF_BASE": "0.05",
        "RODENT_EVENTS_RETRY_BACKOFF_MAX": "0.5",
        "RODENT_EVENTS_SEND_TIMEOUT": "2",
        "RODENT_EVENTS_ENABLED_CATEGORIES": ",".join(sorted(CATEGORIES.values())),
    },
    slow_command=SlowCommand(command="contract.slow"),
    times=RodentTimes(
        register_again=0.6,
        connect=0.03,
        batch=0.2,
        retry=0.1,
        outage=2.0,
        send=2.0,
        stop=6.0,
        token=1.0,
        redial=0.3,
        redial_refused=0.6,
    ),
)
"""The reference driver with pauses of a hundredth."""

_DRIVER = ("-m", "toggle_mock.contract.driver")
_SOWN = str(ROOT / "tests" / "support" / "sown" / "rodent.py")
_PACE = ("--pace", "0.01")

_PINGING = 1.0
"""Seconds between two pings, and until one must be answered, where pings are judged."""

UNHURRIED = {
    "backoff.not-hot": 10,
    "backoff.not-hot-for-a-token": 10,
    "backoff.grows": 4,
    "backoff.jitter": 3,
}
"""Cases that tell short pauses from long ones: for a fault, all are so many times as long there.

On a busy machine each call takes its time too, by which a Rodent without pauses seems to have some.
"""

_IMPATIENT = {"start": 6.0, "answer": 2.0, "stop": 6.0, "slack": 2.0}
"""Times of a Rodent of which is known that it will be waited for in vain."""


def rodent_suite(
    fault: str | None = None, mode: str = "journal", *, pinging: bool = False, slowness: float = 1
) -> Suite[RodentRig]:
    """The suite for the reference driver.

    Args:
        fault: What is sown into it.
        mode: Its ``spool_mode``. Only with ``journal`` it has that feature.
        pinging: Whether it pings so often that this can be waited for.
        slowness: By what the pauses between two tries to send are multiplied.
    """
    program, times = (_DRIVER, {}) if fault is None else ((_SOWN, fault), _IMPATIENT)
    options = _PACE
    if pinging:
        times = {**times, "keepalive": _PINGING, "keepalive_timeout": _PINGING}
        options += ("--keepalive", str(_PINGING))
    slow_times = {name: slowness * getattr(FAST.times, name) for name in ("retry", "outage")}
    backoff = {
        name: str(slowness * float(FAST.environment[name]))
        for name in ("RODENT_EVENTS_RETRY_BACKOFF_BASE", "RODENT_EVENTS_RETRY_BACKOFF_MAX")
    }
    features = [name for name in RODENT_FEATURES if name != "journal" or mode == "journal"]
    contract = structs.replace(
        FAST,
        command=(sys.executable, *program, *options),
        features=tuple(features),
        environment=FAST.environment | backoff | {"RODENT_EVENTS_SPOOL_MODE": mode},
        times=structs.replace(FAST.times, **times, **slow_times),
    )
    return Suite(
        RODENT_CASES.values(),
        lambda case_id, folder, story: RodentRig(contract, case_id, folder, story),
        contract.abilities,
        structs.asdict(contract.times),
        contract.profile,
        slow=slowness > 1,
    )


def judged(case_id: str, fault: str | None = None) -> Result:
    """What becomes of a case with the reference driver, or with it and a fault sown into it."""
    case = RODENT_CASES[case_id]
    slowness = 1 if fault is None else UNHURRIED.get(case_id, 1)
    suite = rodent_suite(fault, pinging=case.group == KEEPALIVE.name, slowness=slowness)
    return suite.run_case(case)
