"""What a field is wanted to be: a value, a pattern, more or less than a number, and others."""

from __future__ import annotations

import math
import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from rodent_events.payload_types import message_of, prefix_of, schema_of, short_names
from toggle_mock.matching.equality import Number, Scalar, as_kind_of, equals, is_number, read_number
from toggle_mock.matching.patterns import compile_pattern, is_pattern
from toggle_mock.matching.query import is_bare, quoted
from toggle_mock.matching.values import (
    NOTHING,
    EnumValue,
    Given,
    fields_within,
    one_line,
    spelled,
    values_of,
    within,
)
from toggle_mock.schema import is_map
from toggle_mock.wording import did_you_mean, shortened


class Condition(ABC):
    """What a field is wanted to be."""

    @abstractmethod
    def fits(self, given: Given) -> bool:
        """Whether what stands at a place of an event is as wanted."""

    def objection(self, _field: FieldDescriptor) -> str:
        """Why no value of a field can be as wanted; empty if one can."""
        return ""

    def hint(self, _field: FieldDescriptor) -> str:
        """What may have been meant, to stand behind an objection; with a comma if it is near."""
        return ""

    @property
    @abstractmethod
    def shown(self) -> str:
        """What is wanted, for a failure's text."""

    @property
    def text(self) -> str | None:
        """Exactly this in the query language, behind a key; None if there is no text for it."""
        return None

    def __str__(self) -> str:
        return self.text or self.shown


class _OfOneValue(Condition):
    """A condition that a repeated field meets with one of its values."""

    def fits(self, given: Given) -> bool:
        """See :meth:`Condition.fits`."""
        value = given.value
        return any(map(self._accepts, value)) if isinstance(value, list) else self._accepts(value)

    @abstractmethod
    def _accepts(self, value: object) -> bool:
        """Whether a single value is as wanted."""


@dataclass(frozen=True)
class Equals(_OfOneValue):
    """The field has a value. Of a message: the same in all that the wanted one sets."""

    value: Scalar | Message

    def _accepts(self, value: object) -> bool:
        return equals(value, self.value)

    def objection(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.objection`."""
        message = field.message_type
        if isinstance(self.value, Message):
            same = message is not None and message.full_name == schema_of(self.value).full_name
            return "" if same else f"is no {schema_of(self.value).name}"
        return _not_a_scalar(field) or _no_value(field, self.value)

    def hint(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.hint`."""
        if field.enum_type is None or not isinstance(self.value, str):
            return ""
        names = _names_of(field.enum_type)
        return did_you_mean([self.value.upper()], names) or f"; it has {', '.join(names)}"

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return one_line(self.value)

    @property
    def text(self) -> str | None:
        """See :attr:`Condition.text`."""
        if isinstance(self.value, Message) or not _is_text(self.value):
            return None
        text = spelled(self.value)
        return text if is_bare(text) and _means_itself(text) else quoted(text)


class _OfText(_OfOneValue):
    """A condition on how a value is spelled; on that of an enum, by its short name."""

    def _accepts(self, value: object) -> bool:
        return isinstance(value, Scalar) and self._takes(spelled(value))

    def objection(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.objection`."""
        names = [] if field.enum_type is None else _names_of(field.enum_type)
        if names and not any(map(self._takes, names)):
            return f"is none of {', '.join(names)} then"
        return _not_a_scalar(field)

    @abstractmethod
    def _takes(self, text: str) -> bool:
        """Whether a text is as wanted."""


@dataclass(frozen=True)
class Matches(_OfText):
    """The field matches a pattern, in which ``*`` is any characters and ``?`` is one."""

    pattern: str

    def _takes(self, text: str) -> bool:
        return self._compiled.fullmatch(text) is not None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return compile_pattern(self.pattern)

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return f"glob({self.pattern!r})"

    @property
    def text(self) -> str | None:
        """See :attr:`Condition.text`; in quotes it would be no pattern."""
        return None if re.search(r'[\s()"]', self.pattern) else self.pattern


@dataclass(frozen=True)
class Finds(_OfText):
    """The field's text has a regular expression's match somewhere."""

    pattern: re.Pattern[str]

    def _takes(self, text: str) -> bool:
        return self.pattern.search(text) is not None

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return f"regex({self.pattern.pattern!r})"


@dataclass(frozen=True)
class Resembles(_OfOneValue):
    """The field equals an object that says itself what it equals, such as ``pytest.approx(5)``."""

    wanted: object
    numbers_alone: bool

    def _accepts(self, value: object) -> bool:
        return bool(value == self.wanted) and (is_number(value) or not self.numbers_alone)

    def objection(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.objection`."""
        is_none = self.numbers_alone and field.cpp_type not in _NUMBERS
        return "is no number, and compares with none" if is_none else ""

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return repr(self.wanted)


@dataclass(frozen=True)
class Compares(_OfOneValue):
    """The field is a number above or below another."""

    sign: str
    """One of ``>``, ``>=``, ``<``, ``<=``."""
    limit: Number

    def _accepts(self, value: object) -> bool:
        compare = _COMPARISONS[self.sign]
        return is_number(value) and compare(value, as_kind_of(value, self.limit))

    def objection(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.objection`."""
        return "" if field.cpp_type in _NUMBERS else "is no number, and compares with none"

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return repr(self.text)

    @property
    def text(self) -> str:
        """See :attr:`Condition.text`."""
        return f"{self.sign}{self.limit}".lower()


@dataclass(frozen=True)
class Lists(Condition):
    """The repeated field has so many values, each as wanted."""

    values: tuple[Condition, ...]

    def fits(self, given: Given) -> bool:
        """See :meth:`Condition.fits`."""
        values = given.value
        return (
            isinstance(values, list)
            and len(values) == len(self.values)
            and all(
                condition.fits(Given(value, is_set=True))
                for condition, value in zip(self.values, values, strict=True)
            )
        )

    def objection(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.objection`."""
        if not field.is_repeated or is_map(field):
            return "has no list of values"
        objections = (condition.objection(field) for condition in self.values)
        return next(filter(None, objections), "")

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return f"[{', '.join(condition.shown for condition in self.values)}]"


@dataclass(frozen=True)
class Holds(_OfOneValue):
    """The message or map has, at each of some paths, what is wanted there."""

    entries: tuple[tuple[str, Condition], ...]

    def _accepts(self, value: object) -> bool:
        return all(
            any(map(condition.fits, _values_at(value, path))) for path, condition in self.entries
        )

    def objection(self, field: FieldDescriptor) -> str:
        """See :meth:`Condition.objection`."""
        if field.message_type is None:
            return "has no fields"
        return next(filter(None, (_objection_at(field, *entry) for entry in self.entries)), "")

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        entries = (f"{path}: {condition.shown}" for path, condition in self.entries)
        return f"{{{', '.join(entries)}}}"


@dataclass(frozen=True)
class IsUnset(Condition):
    """The field is not set; one without presence is zero, or empty. The map has no such key."""

    def fits(self, given: Given) -> bool:
        """See :meth:`Condition.fits`."""
        return not given.is_set

    @property
    def shown(self) -> str:
        """See :attr:`Condition.shown`."""
        return "None"


def _not_a_scalar(field: FieldDescriptor) -> str:
    if is_map(field):
        return "is a map: write the key behind it, with a dot"
    return (
        "is a message: write one of its fields behind it, with a dot" if field.message_type else ""
    )


def _no_value(field: FieldDescriptor, wanted: Scalar) -> str:
    """Why a scalar is no value of a field; empty if it is one."""
    if field.enum_type is not None:
        return _no_value_of_enum(field.enum_type, wanted)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return "" if any(equals(value, wanted) for value in (True, False)) else "is true or false"
    if field.cpp_type not in _NUMBERS:
        return ""
    number = read_number(wanted) if isinstance(wanted, str) else wanted
    if number is None or isinstance(number, bool | bytes):
        return "is a number"
    if field.cpp_type not in _RANGES:
        return ""
    least, most = _RANGES[field.cpp_type]
    is_one = math.isfinite(number) and number == int(number) and least <= number <= most
    return "" if is_one else f"is a whole number from {least} to {most}"


def _no_value_of_enum(enum: EnumDescriptor, wanted: Scalar) -> str:
    if isinstance(wanted, bool | bytes):
        return f"is one of {', '.join(_names_of(enum))}"
    if not isinstance(wanted, str) or read_number(wanted) is not None:
        return ""
    prefix = prefix_of(enum)
    values = (EnumValue(name, number, prefix) for number, name in short_names(enum).items())
    is_one = any(value.is_called(wanted) for value in values)
    return "" if is_one else f"has no value {shortened(wanted)!r}"


def _names_of(enum: EnumDescriptor) -> list[str]:
    return list(short_names(enum).values())


def _objection_at(field: FieldDescriptor, path: str, condition: Condition) -> str:
    """Why what is at a path in a field cannot be as wanted."""
    if values := values_of(field):
        return condition.objection(values)
    message = message_of(field)
    inner = next(fields_within(message, path), None)
    if inner is None:
        return f"has no field {path!r}{did_you_mean([path], [one.name for one in message.fields])}"
    return condition.objection(inner)


def _means_itself(text: str) -> bool:
    return not is_pattern(text) and text[:1] not in {"<", ">"}


def _is_text(value: Scalar) -> bool:
    return not isinstance(value, bytes) or value.decode(errors="ignore").encode() == value


def _values_at(value: object, path: str) -> list[Given]:
    if isinstance(value, Message):
        return list(within(value, path))
    if not isinstance(value, Mapping):
        return []
    found = [Given(one, is_set=True) for key, one in value.items() if spelled(key) == path]
    return found or [NOTHING]


_NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
    FieldDescriptor.CPPTYPE_FLOAT,
    FieldDescriptor.CPPTYPE_DOUBLE,
}

_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, (1 << 64) - 1),
}

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
