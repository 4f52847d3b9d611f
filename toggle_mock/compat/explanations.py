"""Findings in words that an operator understands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from toggle_mock.compat.messages.diff import NOTHING, Cause, Difference, Effect, Value
from toggle_mock.compat.parties import Sides
from toggle_mock.compat.rpcs.trials import Change, Trial
from toggle_mock.compat.rules import RULES


def title(difference: Difference, payload: str) -> str:
    """What became of a field, in a few words.

    Args:
        difference: What was found.
        payload: The payload's name if the whole of it is concerned; else empty.
    """
    named = difference.sent or difference.believed
    if payload:
        return f"{payload} is {_PAYLOAD_FATES[difference.effect]}"
    if named is None:
        return "all messages are rejected"
    field = f"{named.owner.rpartition('.')[2]}.{named.name}"
    if difference.cause is Cause.RENAMED and difference.believed:
        return f"{field} is read as {difference.believed.name}"
    return f"{field} {_FIELD_FATES[difference.cause]}"


_PAYLOAD_FATES = {
    Effect.IGNORED: "ignored",
    Effect.MISREAD: "taken for another event",
    Effect.UNREADABLE: "rejected",
}
_FIELD_FATES = {
    Cause.UNKNOWN_FIELD: "is ignored",
    Cause.LEFT_OUT: "is ignored",
    Cause.PRESENCE: "is taken for nothing when it is zero",
    Cause.OVERWRITTEN: "is lost beside another field",
    Cause.UNKNOWN_VALUE: "has a value without a name",
    Cause.UNSENT: "is believed, though nobody sent it",
    Cause.VALUE: "is read as another value",
    Cause.VALUE_NAME: "is read as another value",
    Cause.TYPE: "is read as another type of message",
    Cause.DEFAULT: "means something else when it is unset",
    Cause.MISSING: "is required, and messages need not have it",
    Cause.REJECTED: "makes messages unreadable",
}


def of_difference(difference: Difference, sides: Sides, payload: str, *, in_batch: bool) -> str:
    """What was sent and what the other side believes.

    Args:
        difference: What was found.
        sides: Who sends and who reads.
        payload: The payload's name if the whole of it is concerned; else empty.
        in_batch: Whether the message travels in a batch, with others.
    """
    sent, believed = difference.sent, difference.believed
    reaction = _REACTIONS[difference.cause]
    if payload and difference.effect is Effect.IGNORED:
        reaction = _SENDS + "sees an event without content."
    elif difference.cause is Cause.UNKNOWN_VALUE and believed:
        reaction = _SENDS + "sees {seen}."
    return reaction.format(
        sender=_capital(sides.sender),
        reader=sides.reader,
        what=f"a {payload}" if payload else _assignment(sent),
        belief=_assignment(believed),
        field=(sent or believed or NOTHING).name,
        meant=(sent or NOTHING).text,
        other=(believed or NOTHING).name,
        seen=(believed or NOTHING).text,
        unit="batch" if in_batch else "message",
    )


_SENDS = "{sender} sends {what}; {reader} "
_IGNORES = _SENDS + "does not see it."
_BELIEVES = _SENDS + "believes {belief}, and nothing tells it otherwise."
_REACTIONS = {
    Cause.UNKNOWN_FIELD: _IGNORES,
    Cause.UNKNOWN_VALUE: _IGNORES,
    Cause.LEFT_OUT: _IGNORES,
    Cause.PRESENCE: _IGNORES,
    Cause.OVERWRITTEN: _SENDS + "sees only {other}, which was sent too.",
    Cause.RENAMED: _BELIEVES,
    Cause.UNSENT: _BELIEVES,
    Cause.VALUE: _BELIEVES,
    Cause.VALUE_NAME: _BELIEVES,
    Cause.TYPE: _BELIEVES,
    Cause.DEFAULT: "{sender} leaves {field} unset, which means {meant}; {reader} takes it for "
    "{seen}, and nothing tells it otherwise.",
    Cause.MISSING: "{sender} need not send {field}; {reader} rejects the whole {unit} without it.",
    Cause.REJECTED: _SENDS + "rejects the whole {unit}.",
}


def _assignment(value: Value | None) -> str:
    return f"{value.name} = {value.text}" if value else "nothing of the kind"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def of_rpc(change: Change, trials: Sequence[Trial], sides: Sides) -> str:
    """What became of the calls of an rpc."""
    ours, theirs = change
    begin = f"{_capital(sides.sender)} calls it with {ours}; {sides.reader}"
    if theirs is None:
        return f"{begin} does not have it: {trials[0].status}."
    tried = "; ".join(f"{trial}{_remark(trial)}" for trial in trials)
    return f"{begin} has it with {theirs}. RpcResult: {tried}."


def _remark(trial: Trial) -> str:
    if trial.status == "DEADLINE_EXCEEDED":
        return " (the client waits until its deadline)"
    return " (messages were lost)" if trial.effect is Effect.IGNORED else ""


def passed_by_rules(causes: Iterable[Cause]) -> str:
    """Why rules pass what messages show."""
    reasons = dict.fromkeys(_UNSEEN_BY_RULES[cause] for cause in causes)
    return f"buf passes it: {'; '.join(reasons)}"


def failed_by_rules(rules: Iterable[str]) -> str:
    """Why rules fail what loses nothing."""
    reasons = dict.fromkeys(RULES[rule].harmless for rule in rules)
    return f"buf fails it, but {'; '.join(reasons)}"


REQUIRED_IN_BOTH = (
    "the field is required in both, by its label and by a feature; buf looks at labels alone"
)
_ADDED = "its rules ask whether the new schema reads old data, and nothing about the reverse"
_NUMBERS = "its rules look at numbers and types, and both are allowed to become this"
_UNSEEN_BY_RULES = {
    Cause.UNKNOWN_FIELD: _ADDED,
    Cause.UNKNOWN_VALUE: _ADDED,
    Cause.RENAMED: "a rename keeps number and type, and the WIRE rules look at nothing else",
    Cause.LEFT_OUT: _NUMBERS,
    Cause.PRESENCE: "its rules take a field with presence for one without",
    Cause.OVERWRITTEN: _NUMBERS,
    Cause.UNSENT: _ADDED,
    Cause.VALUE: "its rules take the two types for one; values beyond the narrower one change",
    Cause.VALUE_NAME: "the enum's number is the same, and the WIRE rules do not look at names",
    Cause.TYPE: _NUMBERS,
    Cause.DEFAULT: _NUMBERS,
    Cause.MISSING: _NUMBERS,
    Cause.REJECTED: "a string may become bytes, but bytes need not be a string",
}
