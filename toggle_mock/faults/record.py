"""Records that are made of data: their keys, what may stand there, and what is said of a mistake.

The same is checked, in the same words, whether one is made in Python or read from a file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, inspect
from msgspec.structs import FieldInfo, fields, force_setattr

from toggle_mock.errors import FaultSpecError
from toggle_mock.wording import did_you_mean, wanted

GREATEST = 10**12
"""What is more than this is a mistake, whatever it is."""

Seconds = Annotated[float, Meta(ge=0, le=GREATEST)]
Count = Annotated[int, Meta(ge=0, le=GREATEST)]


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields that are checked against their annotations when it is made.

    Raises:
        FaultSpecError: A value is none for its field.
    """

    def __post_init__(self) -> None:
        for field in _fields(type(self)):
            value = _checked(field, getattr(self, field.name), self.read_value)
            force_setattr(self, field.name, value)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """A record of data.

        Raises:
            FaultSpecError: A key is unknown or missing, or a value is none for it.
        """
        known = {field.encode_name: field for field in _fields(cls)}
        refuse_unknown(data, known)
        missing = [key for key, field in known.items() if field.required and key not in data]
        if missing:
            raise FaultSpecError(f"{', '.join(missing)} is missing")
        return cls(**{known[key].name: value for key, value in data.items()})

    def dump(self) -> dict[str, Any]:
        """Its data, without what is as by default; the inverse of :meth:`read`.

        Raises:
            TypeError: A value has no such form.
        """
        return {
            field.encode_name: value.dump() if isinstance(value, Record) else self.dump_value(value)
            for field in _fields(type(self))
            if (value := getattr(self, field.name)) != _default(field)
        }

    @classmethod
    def read_value(cls, kind: type, value: Any) -> Any:
        """The value of a type that is no plain data; for subclasses that have such fields."""
        raise NotImplementedError(f"{cls.__name__} reads no {kind.__name__} of {value!r}")

    @classmethod
    def dump_value(cls, value: Any) -> Any:
        """The plain data of a value; for subclasses as well."""
        return value


@cache
def _fields(record: type[Record]) -> tuple[FieldInfo, ...]:
    return fields(record)


def whole_number(value: Any, kind: inspect.Type) -> Any:
    """A whole number where that is meant, since JSON's 5.0 is one too; else the value as it is."""
    is_whole = isinstance(value, float) and value.is_integer()
    return int(value) if is_whole and _is_meant_whole(kind) else value


def _is_meant_whole(kind: inspect.Type) -> bool:
    match kind:
        case inspect.Metadata(type=inner):
            return _is_meant_whole(inner)
        case inspect.UnionType(types=kinds):
            return any(map(_is_meant_whole, kinds))
    return isinstance(kind, inspect.IntType)


def refuse_unknown(keys: Collection[str], choices: Collection[str]) -> None:
    """See that there are no keys but these.

    Raises:
        FaultSpecError: There are others; the text has the nearest right ones.
    """
    unknown = [key for key in keys if key not in choices]
    if unknown:
        there_are = f"there are {', '.join(choices)}" if choices else "it is empty"
        text = ", ".join(map(repr, unknown))
        raise FaultSpecError(
            f"{text} means nothing here{did_you_mean(unknown, choices)}; {there_are}",
            str(unknown[0]),
        )


def _checked(field: FieldInfo, value: Any, read: Callable[[type, Any], Any]) -> Any:
    kind = inspect.type_info(field.type)
    record = _record_in(kind)
    if record is not None and isinstance(value, Mapping):
        return record.read(value)
    try:
        whole = whole_number(value, kind)
        return msgspec.convert(whole, field.type, dec_hook=read, str_keys=True)
    except msgspec.ValidationError as error:
        if error.__cause__ is not None:  # what has read the value says it better
            key = getattr(error.__cause__, "key", None) or field.encode_name
            raise FaultSpecError(str(error.__cause__), key) from None
        right = wanted(kind)
        text = f"give {right}" if right else str(error)
        what = f"{field.encode_name} is {value!r}: {text}"
        raise FaultSpecError(what, field.encode_name) from None


def _record_in(kind: inspect.Type) -> type[Record] | None:
    """The record that may stand there, as an object; None if there is none."""
    match kind:
        case inspect.UnionType(types=kinds):
            return next(filter(None, map(_record_in, kinds)), None)
        case inspect.StructType(cls=cls) if issubclass(cls, Record):
            return cls
    return None


def _default(field: FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def components_of(
    types: Iterable[type], **options: Any
) -> tuple[tuple[dict[str, Any], ...], dict[str, dict[str, Any]]]:
    """The JSON Schemas of types, and what they refer to, by name.

    They are described by what the docstrings say first, the same with every Python: from 3.13 on,
    docstrings are without their indentation.

    Args:
        types: These.
        options: As ``msgspec.json.schema_components`` has them.
    """
    schemas, components = msgspec.json.schema_components(types, **options)
    for component in components.values():
        if "description" in component:
            text = cleandoc(component["description"])
            component["description"] = re.split(r"\n\n(?:Args|Raises):", text)[0]
    return schemas, components
