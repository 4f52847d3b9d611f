"""From what a request says to the record that it stands for, or to what is wrong with it."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect

from toggle_mock.faults.record import whole_number
from toggle_mock.faults.spec import FaultSpec, parse
from toggle_mock.wording import did_you_mean, wanted

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
    data = {name: whole_number(value, fields[name].type) for name, value in data.items()}
    try:
        return msgspec.convert(data, record, strict=strict)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        if found is None or found[1] not in data:
            raise ValueError(str(error)) from None
        name = found[1]
        value = repr(data[name])[:_LONGEST_VALUE]
        raise ValueError(f"{name} is {value}: give {wanted(fields[name].type)}") from None


def body_from(data: dict[str, Any], kind: type[T]) -> T | FaultSpec:
    """What an object stands for in the body of a request.

    Raises:
        ValueError: It stands for nothing of this kind; the text names the key.
    """
    return parse(data) if issubclass(kind, FaultSpec) else decoded(data, kind)


_LONGEST_VALUE = 200
"""Characters of a wrong value that are shown."""


@cache
def fields_of(record: type[Struct]) -> dict[str, inspect.Field]:
    """The fields of a record, by the names that they have on the wire."""
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: field for field in info.fields}


def _unknown(key: str, known: list[str]) -> str:
    near = did_you_mean([key], known)
    return f"{key} is unknown{near}; there are {', '.join(known) or 'none'}"
