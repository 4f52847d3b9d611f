"""What was found, in words: a finding for each difference, failing rpc and broken rule.

Only here do findings get their keys, severities and texts; what is found is the business of
``messages``, ``rpcs``, ``rules`` and ``buf``, and the sentences are in ``explanations``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from rodent_events.payload_types import schema_of
from toggle_mock.compat import explanations
from toggle_mock.compat.buf import BufViolation
from toggle_mock.compat.messages.check import (
    MessageCheck,
    MessageResult,
    Place,
    SharedName,
    places_of,
    severity,
)
from toggle_mock.compat.messages.text import text_of
from toggle_mock.compat.parties import Parties, Sides
from toggle_mock.compat.report import Direction, Finding, Severity, Verdict
from toggle_mock.compat.rpcs.check import RpcCheck
from toggle_mock.compat.rules import RULES, Violation


def message_findings(messages: MessageCheck, judged: Collection[Place]) -> Iterator[Finding]:
    """One for each difference between what was sent and what is read.

    Args:
        messages: What the messages of two schemas mean to each other.
        judged: The fields that break a rule.
    """
    parties = Parties(messages.schemas)
    for results in messages.results.values():
        for result in results.values():
            yield from _differences(result, parties.of(result.message_type.name), judged)
            yield from map(_unseen_in_json, result.unseen_in_json)


def _unseen_in_json(shared: SharedName) -> Finding:
    short = shared.message.rpartition(".")[2]
    explanation = (
        f"Its fields {' and '.join(shared.fields)} are all called {shared.name} in JSON, where one "
        "overwrites the other."
        if shared.fields
        else f"Its field {shared.name} hides a method by which protobuf for Python writes JSON."
    )
    return Finding(
        key=f"json:shared-name:{shared.message}.{shared.name}",
        severity=Severity.WARNING,
        title=f"{short} is not looked at in JSON",
        explanation=f"{explanation} As bytes it is looked at.",
        element=shared.message,
    )


def rpc_findings(rpcs: RpcCheck) -> Iterator[Finding]:
    """One for each rpc and direction in which calls go wrong, or what they carry is misread."""
    parties = Parties(rpcs.schemas).names
    yield from _carried_differences(rpcs, parties)
    for direction, results in rpcs.results.items():
        for name, result in results.items():
            if result.verdict is Verdict.COMPATIBLE:
                continue
            is_addition = result.change[1] is None and direction is Direction.NEW_TO_OLD
            sides = Sides.of(direction, parties)
            yield Finding(
                key=f"{direction}:rpc:{name}",
                severity=Severity.NOTE if is_addition else Severity.ERROR,
                title=f"calls of {name.rpartition('.')[2]} go wrong",
                explanation=explanations.of_rpc(result.change, result.trials, sides),
                element=name,
                direction=direction,
            )


def rule_findings(violations: Iterable[Violation]) -> Iterator[Finding]:
    """One for each broken rule."""
    for violation in violations:
        rule = RULES[violation.rule]
        yield Finding(
            key=":".join(
                filter(None, ("rule", violation.rule, violation.element, violation.reserved))
            ),
            severity=Severity.WARNING if rule.is_risk else Severity.NOTE,
            title=f"{_short_name(violation)}: {violation.text}",
            explanation=f"This breaks {violation.rule}.",
            element=violation.element,
            remark=explanations.failed_by_rules([violation.rule]),
        )


def buf_findings(
    violations: Iterable[BufViolation], is_wrong: Callable[[BufViolation], bool]
) -> Iterator[Finding]:
    """One for each thing that only buf says.

    Args:
        violations: What it says.
        is_wrong: Whether that is not so.
    """
    for violation in violations:
        wrong = is_wrong(violation)
        about = violation.element or violation.text
        number = f":{violation.number}" if violation.number else ""
        yield Finding(
            key=f"rule:{violation.rule}:{about}{number}",
            severity=Severity.NOTE if wrong else Severity.WARNING,
            title=violation.text,
            explanation=f"buf says so by its rule {violation.rule}.",
            element=violation.element,
            remark=explanations.REQUIRED_IN_BOTH if wrong else "",
        )


def _differences(
    result: MessageResult, parties: tuple[str, str], judged: Collection[Place]
) -> Iterator[Finding]:
    """One for each difference about a type's own fields; ``parties`` are sender and reader."""
    message_type, sides = result.message_type, Sides.of(result.direction, parties)
    for found in result.counterexamples:
        difference = found.difference
        named = difference.sent or difference.believed
        is_whole = named is not None and named.field in message_type.way
        payload = message_type.descriptor.name if is_whole else ""
        gravity = severity(result.direction, difference)
        is_passed = gravity > Severity.NOTE and places_of(found).isdisjoint(judged)
        yield Finding(
            key=f"{result.direction}:{difference.key}",
            severity=gravity,
            title=explanations.title(difference, payload),
            explanation=explanations.of_difference(
                difference, sides, payload, in_batch=bool(message_type.path)
            ),
            element=named.field if named else message_type.name,
            direction=result.direction,
            example=text_of(found.example),
            example_of=schema_of(found.example).full_name,
            remark=explanations.passed_by_rules([difference.cause]) if is_passed else "",
        )


def _carried_differences(rpcs: RpcCheck, parties: tuple[str, str]) -> Iterator[Finding]:
    for call, by_name in rpcs.carried.items():
        for name, results in by_name.items():
            for result in results:
                sides = parties if result.direction is call else parties[::-1]
                for finding in _differences(result, sides, ()):
                    method = name.rpartition(".")[2]
                    yield replace(
                        finding,
                        key=f"{finding.key}@{name}",
                        title=f"{finding.title} in calls of {method}",
                        element=name,
                        remark="",
                    )


def _short_name(violation: Violation) -> str:
    """The name of what a violation is about, without its package; of a file, its path."""
    is_file = violation.rule.startswith("FILE_")
    return violation.owner if is_file else violation.owner.rpartition(".")[2]
