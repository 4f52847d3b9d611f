"""What is told of a result that fails a run: the rule, what was done and seen, how to repeat it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from toggle_mock.contract.standing import Standing, standing_of
from toggle_mock.contract.verdicts import Moment, Result

_WIDTH = 100
_FIRST, _LAST = 12, 36
"""Moments of a story that are shown: of its beginning, and of its end."""
_OUTPUT_LINES = 20
"""Of what the program has printed, the last ones are shown."""

_STRIKE = "it passes, and is listed as known to fail: strike it from the list"


def told(result: Result, alone: str) -> str:
    """All about a result.

    Args:
        result: The result; see ``clean`` for what it must not have in it.
        alone: The command that runs its case alone.
    """
    case = result.case
    lines = [
        f"{standing_of(result)}: {case.id} ({case.severity}) - {case.title}",
        *_field("seen", seen(result)),
        *_field("rule", case.rule),
        *_field("source", case.source),
        *_field("cost", case.cost),
    ]
    if result.story:
        lines += ["  what happened, in seconds:", *(f"    {line}" for line in timeline(result))]
    for name, text in result.output.items():
        lines += _output(name, text)
    return "\n".join([*lines, f"  alone:  {alone}"])


def seen(result: Result) -> str:
    """What was seen, or what is to be done, in a sentence or two."""
    is_struck = standing_of(result) is Standing.NO_LONGER_FAILING
    return _STRIKE if is_struck else result.text or "nothing"


def _field(name: str, text: str) -> list[str]:
    first, rest = f"  {name + ':':<8}", " " * 10
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def timeline(result: Result) -> list[str]:
    """What happened, with the seconds since the first moment; of a long story both ends."""
    story = result.story
    begin = story[0].at if story else 0.0
    if len(story) <= _FIRST + _LAST:
        return list(_lines(story, begin))
    left_out = len(story) - _FIRST - _LAST
    return [
        *_lines(story[:_FIRST], begin),
        f"        … {left_out} more …",
        *_lines(story[-_LAST:], begin),
    ]


def _lines(story: Sequence[Moment], begin: float) -> Iterator[str]:
    return (f"{one.at - begin:7.3f} {one.who:<6} {one.what}".rstrip() for one in story)


def _output(name: str, text: str) -> list[str]:
    lines = text.rstrip().splitlines()
    if not lines:
        return []
    end = ", its end" if len(lines) > _OUTPUT_LINES else ""
    shown = [textwrap.shorten(line, 400) if len(line) > 400 else line for line in lines]
    return [f"  {name}{end}:", *(f"    {line}" for line in shown[-_OUTPUT_LINES:])]
