"""Which schedules there are: a Hypothesis strategy that draws valid ones, the simplest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hypothesis import strategies as st
from msgspec import structs

from toggle_mock.contract.explore.steps import (
    ANSWERS,
    PAYLOADS,
    Answer,
    Emit,
    Flush,
    Limit,
    Outage,
    Refuse,
    Restart,
    Schedule,
    Step,
    Token,
)

MOST_STEPS = 10
"""A schedule that is drawn has no more steps; those that find something have far fewer."""

_USUAL = (
    "UNAVAILABLE",
    "lose_answer",
    "INVALID_ARGUMENT",
    "reject",
    "RESOURCE_EXHAUSTED",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "DEADLINE_EXCEEDED",
    "reset",
    "reset_accepted",
    "slow",
)
_COSTLY = ("late", "hang")
"""An agent waits for these until it gives up: they are drawn more rarely."""

_REST = tuple(name for name in ANSWERS if name not in (*_USUAL, *_COSTLY))
_FAILING_FOR_LONG = ("UNAVAILABLE", "lose_answer", "RESOURCE_EXHAUSTED")
_NEXT = st.integers(0, 3)

_EMITS = st.builds(
    Emit,
    emit=st.sampled_from([1, 2, 3, 5, 10, 25]),
    payload=st.sampled_from(list(PAYLOADS)),
    size=st.sampled_from([0, 0, 0, 300, 1000]),
    poison=st.sampled_from([False, False, False, False, True]),
)
_ANSWERS = st.builds(
    Answer,
    answer=st.one_of(
        *[st.sampled_from(_USUAL)] * 6, *[st.sampled_from(_REST)] * 2, st.sampled_from(_COSTLY)
    ),
    after=_NEXT,
)
_MANY_ANSWERS = st.builds(
    Answer, answer=st.sampled_from(_FAILING_FOR_LONG), after=_NEXT, calls=st.integers(2, 5)
)


def _restarts(variants: Sequence[Mapping[str, str]]) -> st.SearchStrategy[Step]:
    others = [None, None, None, *map(dict, variants)] if len(variants) > 1 else [None]
    return st.builds(
        Restart,
        restart=st.sampled_from(["SIGTERM", "SIGKILL"]),
        amid=st.sampled_from([None, None, "accepted", "refused"]),
        settings=st.sampled_from(others),
    )


def _steps(variants: Sequence[Mapping[str, str]], *, tokens: bool) -> st.SearchStrategy[Step]:
    kinds: list[st.SearchStrategy[Step]] = [
        _EMITS,
        _EMITS,
        _EMITS,
        _ANSWERS,
        _ANSWERS,
        _ANSWERS,
        st.just(Flush()),
        _restarts(variants),
        _restarts(variants),
        st.builds(Outage, outage=st.sampled_from(["begin", "end"])),
        st.builds(Limit, limit=st.sampled_from([1500, 600, 0])),
        st.builds(Refuse, refuse=st.sampled_from(["begin", "end"])),
        _MANY_ANSWERS,
    ]
    return st.one_of(*kinds, *[st.just(Token())] * tokens)


def schedules(
    variants: Sequence[Mapping[str, str]], *, tokens: bool = True
) -> st.SearchStrategy[Schedule]:
    """Draws schedules.

    Args:
        variants: The settings that the agent may be started with; at least one.
        tokens: Whether the agent reads its token again from its file.
    """
    steps = st.lists(_steps(variants, tokens=tokens), min_size=1, max_size=MOST_STEPS)
    return st.builds(
        lambda settings, steps: valid(Schedule(steps, dict(settings))),
        st.sampled_from(list(variants)),
        steps.map(tuple),
    )


def valid(schedule: Schedule) -> Schedule:
    """The same without what means nothing there, and with something that is emitted."""
    steps: list[Step] = []
    going_on = {"outage": False, "refuse": False}
    limit = 0
    for step in schedule.steps:
        if isinstance(step, Outage | Refuse):
            begins = getattr(step, step.kind) == "begin"
            if begins == going_on[step.kind]:
                continue
            going_on[step.kind] = begins
        if isinstance(step, Limit):
            if step.limit == limit:
                continue
            limit = step.limit
        steps.append(step)
    if not any(isinstance(step, Emit) for step in steps):
        steps.insert(0, Emit(emit=1))
    return replace(schedule, steps=tuple(steps))


_SIMPLE: Mapping[type[Step], Mapping[str, object]] = {
    Emit: {"emit": 1, "payload": "StoragePoolPayload", "size": 0, "poison": False},
    Answer: {"after": 0, "calls": 1},
    Restart: {"amid": None, "settings": None},
}
"""What is simplest in a step."""


def smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Schedules that are smaller than one, or simpler: without a step, or with one that is."""
    steps = schedule.steps
    for place, step in enumerate(steps):
        before, after = steps[:place], steps[place + 1 :]
        without = valid(replace(schedule, steps=before + after))
        if len(without.steps) < len(steps):
            yield without
        for name, simple in _SIMPLE.get(type(step), {}).items():
            if getattr(step, name) != simple:
                simpler = structs.replace(step, **{name: simple})
                yield replace(schedule, steps=(*before, simpler, *after))
