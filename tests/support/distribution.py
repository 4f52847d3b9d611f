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
from dataclasses import dataclass, field
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


@dataclass
class Coverage:
    """Which edges of a payload type were drawn, and after how many messages."""

    place: PayloadType
    drawn: int = 0
    reached: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def wanted(self) -> set[tuple[str, str]]:
        """All edges: a field and a name; of repeated fields also that they are empty and full."""
        found = set()
        for one in self.place.descriptor.fields:
            found |= {(one.name, name) for name in edges(one)}
            if one.is_repeated:
                found |= {(one.name, "no element"), (one.name, "several elements")}
        return found

    @property
    def missing(self) -> set[tuple[str, str]]:
        """The edges that were not drawn yet."""
        return self.wanted - self.reached.keys()

    def see(self, message: Message) -> None:
        """Count a message."""
        self.drawn += 1
        for field_name, name in list(self.missing):
            one = self.place.descriptor.fields_by_name[field_name]
            if _shows(one, name, getattr(message, field_name)):
                self.reached[field_name, name] = self.drawn


def _shows(one: FieldDescriptor, name: str, content: Any) -> bool:
    if not one.is_repeated:
        return edges(one)[name](content)
    match name:
        case "no element":
            return len(content) == 0
        case "several elements":
            return len(content) > 1
    return any(edges(one)[name](element) for element in content)


class _Enough(Exception):  # noqa: N818 (ends the drawing, and is no error)
    pass


def draw(strategy: st.SearchStrategy[Any], take: Callable[[Any], bool]) -> None:
    """Draw messages until ``take`` has enough, and no more than EXAMPLES."""

    @settings(
        max_examples=EXAMPLES // _AT_ONCE,
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
) -> Shares:
    counts = Counter(dict.fromkeys(members, 0))

    def take(message: Any) -> bool:
        counts[member(message) or "none of them"] += 1
        return False

    draw(strategy, take)
    return Shares(name, counts)


def shares(schema: Schema) -> Iterator[Shares]:
    """Those of the payload types in events(), and of each oneof as from_message() draws it."""
    event = schema.descriptor(EVENT)
    paths = [place.path for place in schema.payload_types.values()]
    yield _shares("events()", events(schema=schema), paths, _payload_path)
    yield oneof_shares(event)
    for wrapper in event.oneofs_by_name["event_payload"].fields:
        yield oneof_shares(message_of(wrapper))


def oneof_shares(descriptor: Descriptor) -> Shares:
    """Those of the oneof of a message, such as StorageEvent."""
    (oneof,) = descriptor.oneofs
    return _shares(
        f"{descriptor.name}.{oneof.name}",
        from_message(descriptor),
        [*(one.name for one in oneof.fields), "none of them"],
        lambda message: message.WhichOneof(oneof.name),
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
