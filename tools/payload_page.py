"""The page docs/payloads.md: each payload type, here and in the published revisions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

_HEAD = """\
# Payload types

What each of them says, field by field. The schema as it was published has no comments; what fields
mean is said in this project's `.proto` files, from which `make proto` makes this page.

*Query* is for [assertions](assertions.md#queries) and for the command line; *on the wire* are the
numbers of the fields from Event inwards. An enum has a value 0 besides, `UNSPECIFIED`, and all its
values have a prefix, as in `SystemStartupPayload.SYSTEM_STARTUP_OPERATION_COLD_BOOT`; settings,
queries and this page leave it out. `from_message` and `payloads` of [strategies](strategies.md)
draw each of them.
"""

_LATER = """\
## Of later revisions

`rodent_events` has no class for these and no function that emits them:
load the revision by
[`load_schema`](reference.md#toggle_mock.load_schema), and `emit` its messages.
"""

_EXAMPLE = "Example: "

_TYPES = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}


@dataclass(frozen=True)
class Schema:
    """What the page needs of a schema."""

    places: Mapping[str, Any]
    """The payload types, by name."""
    comments: Mapping[str, str]
    """The comments of messages by name, of fields by ``Message.field``."""


def page(own: Schema, revisions: Mapping[str, Schema], info_by_default: Collection[str]) -> str:
    """The page.

    Args:
        own: The project's own schema.
        revisions: The published ones by date, the oldest first.
        info_by_default: The names of the payloads whose emitters take no level first.
    """
    lines = [_HEAD]
    category = None
    for place in own.places.values():
        if place.category_name != category:
            category = place.category_name
            lines.append(f"## {category}\n")
        arguments = "payload" if place.name in info_by_default else "level, payload"
        call = f"`{place.emitter}({arguments}, metadata)`"
        lines += _section(place, own.comments, revisions, call)
    later = [
        (place, schema)
        for name, (place, schema) in _newest(revisions).items()
        if name not in own.places
    ]
    if later:
        lines.append(_LATER)
    for place, schema in later:
        lines += _section(place, schema.comments, revisions, f"category {place.category_name}")
    return "\n".join(lines)


def _newest(revisions: Mapping[str, Schema]) -> dict[str, tuple[Any, Schema]]:
    return {
        name: (place, schema)
        for schema in revisions.values()
        for name, place in schema.places.items()
    }


def _section(
    place: Any, comments: Mapping[str, str], revisions: Mapping[str, Schema], emitted: str
) -> Iterator[str]:
    yield f"### {place.name}\n"
    if place.name in comments:
        yield f"{_sentence(comments[place.name])}\n"
    yield f"- Emitted: {emitted}, usual source `{place.source}`"
    yield f"- Query: `payload:{place.short_name}`"
    yield f"- On the wire: `{place.path}`, {place.wrapper.number} and {place.member.number}"
    yield from _history(place.name, revisions)
    yield ""
    yield "| number | field | type | meaning | example |"
    yield "|---|---|---|---|---|"
    for field in place.descriptor.fields:
        meaning, example = _said(comments.get(f"{place.name}.{field.name}", ""))
        shown = f"`{example}`" if example else ""
        cells = (str(field.number), f"`{field.name}`", _type(field), _cell(meaning), _cell(shown))
        yield f"| {' | '.join(cells)} |"
    yield ""
    for enum in place.descriptor.enum_types:
        yield f"{enum.name}: {_values(enum)}.\n"


def _said(comment: str) -> tuple[str, str]:
    """What a comment says that a field means, and its example."""
    meaning, _, example = comment.partition(_EXAMPLE)
    return _sentence(meaning), example.strip()


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _type(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = (_type(message.fields_by_name[name]) for name in ("key", "value"))
        return f"map of {key} to {value}"
    of = field.enum_type or message
    name = _TYPES[field.type] if of is None else of.name
    return f"list of {name}" if field.is_repeated else name


def _values(enum: EnumDescriptor) -> str:
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    values = [value for value in enum.values if value.number]
    return ", ".join(f"`{value.name.removeprefix(prefix)}` ({value.number})" for value in values)


# The history of a payload type


def _history(name: str, revisions: Mapping[str, Schema]) -> Iterator[str]:
    first = next((date for date, schema in revisions.items() if name in schema.places), None)
    yield f"- Since revision {first}" if first else "- In no published revision"
    for (_, old), (date, new) in pairwise(revisions.items()):
        if name not in old.places:
            continue
        if name not in new.places:
            yield f"- Revision {date} has it no more"
            continue
        before, now = old.places[name].descriptor, new.places[name].descriptor
        changes = [*_changed(_fields(before), _fields(now)), *_changed(_all(before), _all(now))]
        if changes:
            yield f"- Revision {date}: {'; '.join(changes)}"


def _fields(message: Descriptor) -> dict[int, str]:
    return {field.number: f"`{field.name}` ({_type(field)})" for field in message.fields}


def _all(message: Descriptor) -> dict[tuple[str, int], str]:
    """The values of a message's enums."""
    return {
        (enum.name, value.number): f"`{value.name}`"
        for enum in message.enum_types
        for value in enum.values
    }


def _changed(before: Mapping[Any, str], now: Mapping[Any, str]) -> Iterator[str]:
    """In words what is there under a number that was not, is no more, or is another now."""
    for key in sorted(before.keys() & now.keys()):
        if before[key] != now[key]:
            yield f"{before[key]} became {now[key]}"
    if new := sorted(now.keys() - before.keys()):
        yield f"new: {', '.join(now[key] for key in new)}"
    if gone := sorted(before.keys() - now.keys()):
        yield f"gone: {', '.join(before[key] for key in gone)}"
