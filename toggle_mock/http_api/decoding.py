"""From what a request says to the record that it stands for, or to what is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect

T = TypeVar("T", bound=Struct)

_FIELD = re.compile(r"at `\$\.(\w+)")


def json_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty one if there is no body.

    Raises:
        ValueError: It is no JSON.
        TypeError: It is no object.
    """
    try:
        data = msgspec.json.decode(raw) if raw else {}
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise TypeError(f"the body is no object but {data!r}")
    return data


def decoded(data: dict[str, Any], record: type[T], *, strict: bool = True) -> T:
    """The record that an object stands for.

    Args:
        data: The object.
        record: What it is to be.
        strict: Whether text stands for nothing but text; a URL has only text.

    Raises:
        ValueError: It is none; the text names the key.
    """
    fields = fields_of(record)
    for key in data:
        if key not in fields:
            raise ValueError(_unknown(key, list(fields)))
    for name, field in fields.items():
        if field.required and name not in data:
            raise ValueError(f"{name} is missing")
    try:
        return msgspec.convert(data, record, strict=strict)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        if found is None or found[1] not in data:
            raise ValueError(str(error)) from None
        name = found[1]
        value = repr(data[name])[:_LONGEST_VALUE]
        raise ValueError(f"{name} is {value}: give {wanted(fields[name].type)}") from None


_LONGEST_VALUE = 200
"""Characters of a wrong value that are shown."""


@cache
def fields_of(record: type[Struct]) -> dict[str, inspect.Field]:
    """The fields of a record, by the names that they have on the wire."""
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: field for field in info.fields}


def wanted(kind: inspect.Type) -> str:
    """What a value should be, in words."""
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            title = (extra or {}).get("title")
            return wanted(inner) if title is None else f"{title.lower()}{_range(inner)}"
        case inspect.UnionType(types=kinds):
            return " or ".join(wanted(one) for one in kinds if not _is_nothing(one))
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.ListType(item_type=item):
            return f"a list of {wanted(item)}"
        case inspect.DictType(value_type=value) if not isinstance(value, inspect.AnyType):
            return f"an object of {wanted(value)}"
    return f"{_WORDS.get(type(kind), 'an object')}{_range(kind)}"


_WORDS: Mapping[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BytesType: "bytes in base64",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
}


def _range(kind: inspect.Type) -> str:
    least, most = getattr(kind, "ge", None), getattr(kind, "le", None)
    return "" if least is None else f" from {least:g} to {most:.0f}"


def _is_nothing(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.NoneType)


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{key} is unknown: {hint}there are {', '.join(known) or 'none'}"
