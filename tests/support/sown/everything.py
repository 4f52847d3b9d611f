"""Run all cases of the contract suite against all sown Toggles: which case catches which fault.

    make sown [FAULTS='FAULT …']

A line for each fault that is caught by other cases than its table says; the exit code tells whether
there was one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from rodent_events import clock
from support.judging_toggles import RIGHT, RIGHT_WITH_TLS, toggle_suite
from support.sown.toggle import FAULTS
from support.sown.toggle_fault import ToggleFault
from toggle_mock.contract.verdicts import Verdict

JOBS = 4


def seen_in(fault: ToggleFault) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What each case that fails says of a Toggle, and each that is inconclusive; by their ids."""
    with toggle_suite(fault) as suite:
        results = list(suite.run(JOBS))
    by_verdict: dict[Verdict, dict[str, str]] = {verdict: {} for verdict in Verdict}
    for result in results:
        by_verdict[result.verdict][result.case.id] = result.text
    return by_verdict[Verdict.FAILED], by_verdict[Verdict.INCONCLUSIVE]


def main() -> None:
    """Print where the tables are wrong."""
    wrong = 0
    faults = {"none": RIGHT, "none, with TLS": RIGHT_WITH_TLS, **FAULTS}
    begin = clock.monotonic()
    for name in sys.argv[1:] or faults:
        fault = faults[name]
        failed, inconclusive = seen_in(fault)
        for case_id in sorted({*failed, *fault.caught_by}):
            text, part = failed.get(case_id), fault.caught_by.get(case_id)
            if text is None or part is None or part not in text:
                wrong += 1
                print(f"{name}: {case_id}: expected {part!r}, seen {text!r}", flush=True)
        for case_id, text in inconclusive.items():
            print(f"{name}: {case_id} is inconclusive: {text}", flush=True)
        seconds = clock.monotonic() - begin
        print(f"{name}: caught by {len(failed)} cases ({seconds:.0f} s so far)", flush=True)
    sys.exit(wrong != 0)


if __name__ == "__main__":
    main()
