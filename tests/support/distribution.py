"""What the strategies draw: shares of oneofs, values of enums, edges of types.

    make distribution

The page is about one published revision, so that it stays true when the schema changes. Draws are
derandomized, so the same versions of Hypothesis and of this code give the same page.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rodent_events.payload_types import EVENT, PayloadType, message_of
from toggle_mock.schema import Schema, load_schema
from toggle_mock.strategies import events, from_message

REVISION = "2025-09-17"
"""What the page is about."""

EXAMPLES = 10_000
# Hypothesis prefers variations of what it drew before; several draws an example even that out.
_AT_ONCE = 5

Test = Callable[[Any], bool]


def _equals(value: object) -> Test:
    return lambda drawn: bool(drawn == value)


def _integers(bounds: tuple[int, int]) -> Mapping[str, Test]:
    values = {"least": bounds[0], "greatest": bounds[1], "zero": 0, "one": 1, "minus one": -1}
    beside = {"beyond 31 bits": 2**31, "beyond a double": 2**53 + 1}
    return {
        name: _equals(value)
        for name, value in {**values, **beside}.items()
        if bounds[0] <= value <= bounds[1]
    }


FLOATS: Mapping[str, Test] = {
    "NaN": math.isnan,
    "infinity": _equals(math.inf),
    "minus infinity": _equals(-math.inf),
    "negative zero": lambda drawn: drawn == 0 and math.copysign(1, drawn) < 0,
    "a fraction": lambda drawn: math.isfinite(drawn) and drawn != int(drawn),
}
TEXTS: Mapping[str, Test] = {
    "empty": _equals(""),
    "NUL": lambda drawn: "\0" in drawn,
    "beyond ASCII": lambda drawn: any(127 < ord(char) < 0x10000 for char in drawn),
    "beyond the BMP": lambda drawn: any(ord(char) > 0xFFFF for char in drawn),
    "a length of two bytes": lambda drawn: len(drawn.encode()) > 127,
}
BYTES: Mapping[str, Test] = {
    "empty": _equals(b""),
    "NUL": lambda drawn: 0 in drawn,
    "beyond ASCII": lambda drawn: any(byte > 127 for byte in drawn),
}
EDGES: Mapping[int, Mapping[str, Test]] = {
    FieldDescriptor.CPPTYPE_INT32: _integers((-(2**31), 2**31 - 1)),
    FieldDescriptor.CPPTYPE_INT64: _integers((-(2**63), 2**63 - 1)),
    FieldDescriptor.CPPTYPE_UINT32: _integers((0, 2**32 - 1)),
    FieldDescriptor.CPPTYPE_UINT64: _integers((0, 2**64 - 1)),
    FieldDescriptor.CPPTYPE_DOUBLE: FLOATS,
    FieldDescriptor.CPPTYPE_FLOAT: FLOATS,
    FieldDescriptor.CPPTYPE_STRING: TEXTS,
    FieldDescriptor.CPPTYPE_BOOL: {"true": _equals(value=True), "false": _equals(value=False)},
}


def edges(one: FieldDescriptor) -> Mapping[str, Test]:
    """What must be drawn of a field: each value of an enum, each edge of a scalar."""
    if one.enum_type is not None:
        return {value.name: _equals(value.number) for value in one.enum_type.values}
    if one.message_type is not None:
        return {}
    return BYTES if one.type == FieldDescriptor.TYPE_BYTES else EDGES[one.cpp_type]


class Coverage:
    """Which edges of a payload type were drawn, and after how many messages.

    Wanted are all edges: a field and a name; of repeated fields also that they are empty and full.
    """

    def __init__(self, place: PayloadType) -> None:
        self.drawn = 0
        self.reached: dict[tuple[str, str], int] = {}
        self._missing = {
            (one.name, name): test
            for one in place.descriptor.fields
            for name, test in _content_edges(one).items()
        }
        self.wanted = set(self._missing)

    @property
    def missing(self) -> set[tuple[str, str]]:
        """The edges that were not drawn yet."""
        return set(self._missing)

    def see(self, message: Message) -> None:
        """Count a message."""
        self.drawn += 1
        for key, test in list(self._missing.items()):
            if test(getattr(message, key[0])):
                self.reached[key] = self.drawn
                del self._missing[key]


def _content_edges(one: FieldDescriptor) -> Mapping[str, Test]:
    if not one.is_repeated:
        return edges(one)
    return {
        **{name: partial(_any, test) for name, test in edges(one).items()},
        "no element": lambda content: len(content) == 0,
        "several elements": lambda content: len(content) > 1,
    }


def _any(test: Test, content: Iterable[Any]) -> bool:
    return any(map(test, content))


class _Enough(Exception):  # noqa: N818 (ends the drawing, and is no error)
    pass


def draw(
    strategy: st.SearchStrategy[Any], take: Callable[[Any], bool], examples: int = EXAMPLES
) -> None:
    """Draw messages until ``take`` has enough, and no more than so many."""

    @settings(
        max_examples=examples // _AT_ONCE,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*[strategy] * _AT_ONCE))
    def see(several: tuple[Any, ...]) -> None:
        if any(map(take, several)):
            raise _Enough

    with contextlib.suppress(_Enough):
        see()


def coverage(place: PayloadType) -> Coverage:
    """What is drawn of a payload type within EXAMPLES messages."""
    found = Coverage(place)

    def take(message: Message) -> bool:
        found.see(message)
        return not found.missing

    draw(from_message(place.descriptor), take)
    return found


@dataclass(frozen=True)
class Shares:
    """How often each member of a oneof was drawn."""

    name: str
    counts: Mapping[str, int]

    @property
    def least(self) -> tuple[str, float]:
        """The rarest member, and its share of what would be fair."""
        fair = sum(self.counts.values()) / len(self.counts)
        name = min(self.counts, key=lambda one: self.counts[one])
        return name, self.counts[name] / fair


def _shares(
    name: str,
    strategy: st.SearchStrategy[Any],
    members: Iterable[str],
    member: Callable[[Any], str | None],
    examples: int = EXAMPLES,
) -> Shares:
    counts = Counter(dict.fromkeys(members, 0))

    def take(message: Any) -> bool:
        counts[member(message) or "none of them"] += 1
        return False

    draw(strategy, take, examples)
    return Shares(name, counts)


def shares(schema: Schema) -> Iterator[Shares]:
    """Those of the payload types in events(), and of each oneof as from_message() draws it."""
    event = schema.descriptor(EVENT)
    paths = [place.path for place in schema.payload_types.values()]
    yield _shares("events()", events(schema=schema), paths, _payload_path)
    yield oneof_shares(event)
    for wrapper in event.oneofs_by_name["event_payload"].fields:
        yield oneof_shares(message_of(wrapper))


def oneof_shares(descriptor: Descriptor, examples: int = EXAMPLES) -> Shares:
    """Those of the oneof of a message, such as StorageEvent."""
    (oneof,) = descriptor.oneofs
    return _shares(
        f"{descriptor.name}.{oneof.name}",
        from_message(descriptor),
        [*(one.name for one in oneof.fields), "none of them"],
        lambda message: message.WhichOneof(oneof.name),
        examples,
    )


def _payload_path(event: Any) -> str:
    wrapper = event.WhichOneof("event_payload")
    return f"{wrapper}.{getattr(event, wrapper).WhichOneof('event_type')}"


def page() -> str:
    """The report."""
    schema = load_schema(REVISION)
    lines = [
        "# What the strategies draw",
        "",
        f"Revision {REVISION}, by `make distribution` with Hypothesis {hypothesis.__version__}.",
        "Draws are derandomized: the same code and the same version give the same page.",
        "",
        "## Oneofs",
        "",
        f"Shares over {EXAMPLES:,} messages. 1 would be fair.",
        "",
        "| oneof | members | the rarest | its share of what is fair |",
        "|---|---|---|---|",
    ]
    for one in shares(schema):
        name, share = one.least
        lines.append(f"| `{one.name}` | {len(one.counts)} | `{name}` | {share:.2f} |")
    lines += [
        "",
        "## Payload types",
        "",
        "Every value of every enum, and every edge of every field: least and greatest numbers,",
        "zero, one and minus one, numbers beyond 31 and 53 bits, NaN, infinities, negative zero,",
        "the empty text, NUL, text beyond ASCII and beyond the BMP, long text, lists without and",
        "with several elements. After how many messages the last of them was reached:",
        "",
        "| payload type | enum values | edges | reached | after |",
        "|---|---|---|---|---|",
    ]
    for place in schema.payload_types.values():
        found = coverage(place)
        values = sum(len(f.enum_type.values) for f in place.descriptor.fields if f.enum_type)
        after = max(found.reached.values())
        lines.append(
            f"| `{place.name}` | {values} | {len(found.wanted) - values} | "
            f"{len(found.reached)} of {len(found.wanted)} | {after:,} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    Path(sys.argv[1]).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
