"""What is said of a schedule that an agent does not survive: a story, a scenario, a test."""

from __future__ import annotations

import pprint
from collections.abc import Iterator, Sequence
from typing import Any

import grpc

from toggle_mock.contract.explore.player import Played
from toggle_mock.contract.explore.script import POISON, outcome_of
from toggle_mock.contract.explore.steps import (
    Answer,
    Emit,
    Limit,
    Outage,
    Refuse,
    Schedule,
    Token,
    told,
)
from toggle_mock.faults.outcome_data import outcome_data
from toggle_mock.faults.outcomes import OK, Outcome, fail

_SHOWN_MOMENTS = 60
"""Of a longer timeline, beginning and end are shown."""

_WIDTH = 96


def story(played: Played) -> str:
    """What happened, in numbered sentences, what is wrong with it, and the timeline."""
    sentences = [
        f"The agent is started with {told(played.schedule.settings)}.",
        *(step.sentence for step in played.schedule.steps),
        "All heals; it flushes, and shuts down.",
    ]
    lines = [f"{number}. {text}" for number, text in enumerate(sentences, 1)]
    lines += ["", "What is wrong:", *(f"  - {one}" for one in played.complaints)]
    lines += ["", "What happened:", *_timeline(played)]
    if played.output:
        lines += ["", f"The agent: {played.output}"]
    return "\n".join(lines)


def _timeline(played: Played) -> Iterator[str]:
    lines = [
        f"  {moment.at - played.begun:7.3f} s  {moment.who:8}  {moment.what[:_WIDTH]}"
        for moment in played.moments
    ]
    half = _SHOWN_MOMENTS // 2
    if len(lines) > _SHOWN_MOMENTS:
        lines[half:-half] = [f"  … {len(lines) - 2 * half} more …"]
    yield from lines


def scenario(played: Played) -> str:
    """Toggle's part of it, as a file that ``toggle-mock serve --scenario`` takes.

    The times are those at which the steps were begun as it was played.
    """
    import yaml  # noqa: PLC0415 - only who writes one needs its library

    steps = _scenario_steps(played.schedule, played.step_times)
    text: str = yaml.safe_dump({"steps": steps}, sort_keys=False, default_flow_style=None)
    return f"# toggle-mock serve --scenario FILE\n{text}"


def _scenario_steps(schedule: Schedule, times: Sequence[float]) -> list[dict[str, Any]]:
    at = [round(time, 2) for time in times] + [0.0] * (len(schedule.steps) - len(times))
    end = max(at, default=0.0) + 1.0
    steps: list[dict[str, Any]] = []
    if any(isinstance(step, Emit) and step.poison for step in schedule.steps):
        poison = {"always": "INVALID_ARGUMENT", "matching": f"metadata.{POISON}:yes"}
        steps.append({"method": "SendEvents", **poison})
    for number, step in enumerate(schedule.steps):
        later = [
            (other, time)
            for other, time in zip(schedule.steps[number + 1 :], at[number + 1 :], strict=True)
            if isinstance(other, type(step))
        ]
        until = later[0][1] if later else end
        lasts = {"at": at[number], "for": max(0.01, round(until - at[number], 2))}
        match step:
            case Answer():
                steps.append(
                    {"at": at[number], **_returns(outcome_of(step.answer), step.after, step.calls)}
                )
                if step.answer.startswith("reset"):
                    steps.append({"at": round(at[number] + 0.1, 2), "reset": {}})
            case Token():
                refusal = fail(grpc.StatusCode.UNAUTHENTICATED)
                steps.append({"at": at[number], **_returns(refusal)})
            case Limit(limit=limit) if limit:
                steps.append({**lasts, "method": "SendEvents", "message_limit": limit})
            case Outage(outage="begin"):
                steps.append({**lasts, "outage": {}})
            case Refuse(refuse="begin"):
                steps.append({**lasts, "refuse": {}})
    return steps


def _returns(outcome: Outcome, after: int = 0, calls: int = 1) -> dict[str, Any]:
    returns = [outcome_data(Outcome(OK))] * after + [outcome_data(outcome)] * calls
    return {"method": "SendEvents", "returns": returns}


def pytest_test(schedule: Schedule, contract: str | None) -> str:
    """It as a test of pytest.

    Args:
        schedule: What is played.
        contract: The file that says which agent is meant; None for ``rodent_events``.
    """
    agent = "" if contract is None else f", contract={contract!r}"
    data = pprint.pformat(schedule.dump(), width=_WIDTH, sort_dicts=False)
    return f'''"""The smallest schedule that toggle-mock explore has found."""

from toggle_mock.contract.explore import Schedule, play

SCHEDULE = {data}


def test_nothing_is_lost_repeated_or_reordered():
    play(Schedule.read(SCHEDULE){agent})
'''
