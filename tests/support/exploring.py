"""Which sown faults ``toggle-mock explore`` finds, how soon, and how small.

python tests/support/exploring.py [FAULT …]
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


from support.sown.explored import FAULTS
from toggle_mock.contract.explore import Found, Search, rodent_events
from toggle_mock.contract.explore.lives import ForkLauncher
from toggle_mock.contract.explore.report import story

MOST_SCHEDULES = 300
MOST_STEPS = 3
JOBS = 6
SERVER = str(Path(__file__).parent / "sown" / "explored.py")


def look_for(fault: str, seed: int = 1, examples: int = MOST_SCHEDULES) -> Found | None:
    """Search for a schedule that an agent with a fault does not survive."""
    explored = rodent_events(partial(ForkLauncher, (sys.executable, SERVER, fault)))
    with explored.players(JOBS) as players:
        return Search(explored, players, seed=seed).run(examples)


def main() -> None:
    """Print the table; the exit code is 0 if all were found as soon and as small as promised."""
    names = sys.argv[1:] or list(FAULTS)
    bad = []
    print("| fault | found after | steps besides emits | emits | complaint |")
    print("|---|---|---|---|---|", flush=True)
    for name in names:
        found = look_for(name)
        if found is None:
            print(f"| {name} | never |", flush=True)
            bad.append(name)
            continue
        schedule, complaints = found.played.schedule, found.played.complaints
        kinds = [complaint.kind for complaint in complaints]
        steps = schedule.besides_emits
        emits = len(schedule.steps) - steps
        print(f"| {name} | {found.after} | {steps} | {emits} | {', '.join(kinds)} |", flush=True)
        if steps > MOST_STEPS or FAULTS[name].complaint not in kinds or not found.is_certain:
            bad.append(name)
            print(story(found.played), file=sys.stderr, flush=True)
    if bad:
        sys.exit(f"not as promised: {', '.join(bad)}")


if __name__ == "__main__":
    main()
