"""Strategies for the messages of any schema."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from rodent_events import wire
from rodent_events.payload_types import message_of, schema_of
from toggle_mock.fields import field_by_label, fields_of, label_of, put
from toggle_mock.schema import Schema, is_map, is_synthetic, load_schema, oneof_of
from toggle_mock.strategies.late import made_late
from toggle_mock.strategies.scalars import ScalarOptions, Strategy, scalar
from toggle_mock.strategies.sizes import fitting_depth, halvings
from toggle_mock.strategies.well_known import WELL_KNOWN, Around

M = TypeVar("M", bound=Message)

Overrides: TypeAlias = "Mapping[str, st.SearchStrategy[Any] | Overrides]"
"""Strategies by field name, and by ``[package.name]`` for extensions; for a message field also
overrides of its fields, which may be written with dots too:
``{"pool_event.size_bytes": st.just(0)}``. A strategy that draws None leaves the field unset."""


def from_message(
    message_type: type[M] | Descriptor | str,
    *,
    overrides: Overrides | None = None,
    schema: Schema | Path | str | None = None,
    max_depth: int = 4,
    max_size: int = 4,
    allow_nan: bool = True,
    unknown_enum_values: bool = False,
    unknown_fields: bool = False,
    extensions: bool = True,
    any_types: Sequence[type[Message] | Descriptor | str] = (),
    well_known: bool = True,
    json: bool = False,
) -> st.SearchStrategy[M]:
    """Messages of a type.

    Each member of a oneof, and none of them, is as likely as the others. Fields with presence may
    be unset. Of a message with very many fields each draw has some, and any of them as often as the
    others. Errors are raised when it is drawn from.

    Args:
        message_type: A generated class, a descriptor, or a full name in ``schema``.
        overrides: Strategies for fields instead of the usual ones; see :data:`Overrides`.
        schema: Where a name is looked up; see :func:`toggle_mock.schema.load_schema`.
        max_depth: How deep messages may be nested; further ones are left unset.
        max_size: Elements of a repeated field or a map.
        allow_nan: Whether floats may be NaN; a message with one does not equal itself.
        unknown_enum_values: Whether enums may have numbers that the schema does not know.
        unknown_fields: Whether messages may have fields that the schema does not know.
        extensions: Whether messages may have the extensions that their descriptor pool knew when
            such a message was first drawn.
        any_types: What a ``google.protobuf.Any`` may hold, written as ``message_type`` is. If none
            is given, some of protobuf's own types, as far as the pool knows them, and one that it
            does not know.
        well_known: Whether Timestamp, Duration, FieldMask, Value and Any hold only what the
            comments of their definitions allow; else whatever their fields can.
        json: Whether only what protobuf's JSON can hold is drawn: no negative zero, one NaN, and in
            Any only types that the pool knows.
    """
    if json and (unknown_fields or not well_known):
        which = "unknown_fields=True" if unknown_fields else "well_known=False"
        raise InvalidArgument(f"JSON cannot hold what {which} draws: leave it out, or json=True")

    def make() -> st.SearchStrategy[M]:
        descriptor = _descriptor(message_type, schema)
        options = Options(
            ScalarOptions(allow_nan, unknown_enum_values, json),
            max_size,
            unknown_fields,
            _always if extensions else _is_own,
            tuple(_descriptor(one, schema) for one in any_types),
            well_known,
        )
        return cast("st.SearchStrategy[M]", build(descriptor, options, max_depth, overrides or {}))

    return made_late(f"from_message({_title(message_type)})", make)


def _title(message_type: object) -> str:
    descriptor = getattr(message_type, "DESCRIPTOR", message_type)
    return getattr(descriptor, "full_name", None) or repr(message_type)


def _always(_field: FieldDescriptor) -> bool:
    return True


def _is_own(field: FieldDescriptor) -> bool:
    return not field.is_extension


@dataclass(frozen=True)
class Options:
    """What :func:`build` draws."""

    scalars: ScalarOptions = field(
        default_factory=lambda: ScalarOptions(allow_nan=True, unknown_enum_values=False)
    )
    max_size: int = 4
    unknown_fields: bool = False
    wanted: Callable[[FieldDescriptor], bool] = _always
    """Which fields are set at all; required ones are in any case."""
    any_types: tuple[Descriptor, ...] = ()
    """What an Any may hold; if there are none, some of protobuf's own."""
    well_known: bool = True
    """Whether protobuf's own types hold only what the comments of their definitions allow."""


def build(
    descriptor: Descriptor,
    options: Options,
    max_depth: int,
    overrides: Overrides,
    only: Collection[str] | None = None,
) -> Strategy:
    """What :func:`from_message` does, once it is drawn from.

    Args:
        descriptor: The message.
        options: What is drawn.
        max_depth: How deep messages may be nested.
        overrides: Strategies for fields instead of the usual ones.
        only: The fields of the message itself that are set at all, besides required ones; None for
            all of them.

    Raises:
        hypothesis.errors.InvalidArgument: No such messages can be made.
    """
    builder, expanded = _Builder(options), _expanded(overrides)
    if only is None:
        return builder.message(descriptor, max_depth, expanded)
    return builder.anew(descriptor, max_depth, expanded, only)


# As many as a large schema has types, at each depth.
@lru_cache(maxsize=16_384)
def _shared(builder: _Builder, descriptor: Descriptor, depth: int) -> Strategy:
    """One strategy for each type, depth and options, whoever asks for it.

    Descriptors are told apart by what they are, not by their names: another schema may have the
    same. Made late, so that a type may contain itself.
    """
    return made_late(descriptor.full_name, lambda: builder.anew(descriptor, depth, {}))


@dataclass(frozen=True)
class _Builder:
    """Makes strategies."""

    options: Options

    def message(self, descriptor: Descriptor, depth: int, overrides: Overrides) -> Strategy:
        """Messages of a type."""
        if overrides:
            return self.anew(descriptor, depth, overrides)
        return _shared(self, descriptor, depth)

    def anew(
        self,
        descriptor: Descriptor,
        depth: int,
        overrides: Overrides,
        only: Collection[str] | None = None,
    ) -> Strategy:
        """Messages of a type, by a strategy that nobody else has."""
        _check_names(descriptor, overrides)
        _check_ends(descriptor, overrides)
        if descriptor.full_name in WELL_KNOWN and self.options.well_known and not overrides:
            return WELL_KNOWN[descriptor.full_name](descriptor, self._around(depth))
        depth = fitting_depth(descriptor, depth, self.options.wanted)
        alone = tuple(
            one
            for one in fields_of(descriptor)
            if oneof_of(one) is None and self._is_set(one, only)
        )
        oneofs = [one for one in descriptor.oneofs if not is_synthetic(one)]
        holders: list[FieldDescriptor | OneofDescriptor] = [*alone, *oneofs]
        make = _Maker(message_factory.GetMessageClass(descriptor), alone)
        parts = _Parts(
            [
                *(self._field(one, depth, overrides.get(label_of(one))) for one in alone),
                *(self._choice(one, depth, overrides, only) for one in oneofs),
            ],
            frozenset(index for index, one in enumerate(holders) if _must_be_drawn(one, overrides)),
        )
        rare = halvings(descriptor, depth, self.options.wanted) if only is None else 0
        drawn = _some(parts, rare) if rare else st.tuples(*parts.strategies)
        if self.options.unknown_fields:
            return st.builds(make, drawn, unknown_content(descriptor))
        return drawn.map(make)

    def _is_set(self, one: FieldDescriptor, only: Collection[str] | None) -> bool:
        if one.is_required:
            return True
        return self.options.wanted(one) and (only is None or label_of(one) in only)

    def _around(self, depth: int) -> Around:
        def nested(descriptor: Descriptor) -> Strategy | None:
            return self.message(descriptor, depth - 1, {}) if depth > 0 else None

        options = self.options
        return Around(nested, options.scalars, options.max_size, options.any_types)

    def _field(self, one: FieldDescriptor, depth: int, override: Any) -> Strategy:
        """Draws a value, or None to leave the field unset."""
        values = self._values(one, depth, override)
        if values is None:
            return st.none()
        optional = one.has_presence and not one.is_required
        is_replaced = override is not None and not isinstance(override, Mapping)
        return st.none() | values if optional and not is_replaced else values

    def _choice(
        self,
        oneof: OneofDescriptor,
        depth: int,
        overrides: Overrides,
        only: Collection[str] | None,
    ) -> Strategy:
        """One member of a oneof, or none; only overridden ones, if any is."""
        wanted = [one for one in oneof.fields if self._is_set(one, only)]
        names = [one.name for one in wanted if one.name in overrides]
        members = [one for one in wanted if not names or one.name in names]
        choices = [
            values.map(partial(_named, one.name))
            for one in members
            if (values := self._values(one, depth, overrides.get(one.name))) is not None
        ]
        return st.one_of(choices if names and choices else [st.none(), *choices])

    def _values(self, one: FieldDescriptor, depth: int, override: Any) -> Strategy | None:
        """The values of a field; None if it is nested too deep."""
        if isinstance(override, st.SearchStrategy):
            return override
        if is_map(one):
            return self._map(one, depth)
        if one.message_type is None:
            single = scalar(one, self.options.scalars)
        elif depth <= 0 and not one.is_required:
            return None
        else:
            nested = override if isinstance(override, Mapping) else {}
            single = self.message(one.message_type, depth - 1, nested)
        return st.lists(single, max_size=self.options.max_size) if one.is_repeated else single

    def _map(self, one: FieldDescriptor, depth: int) -> Strategy | None:
        entry = message_of(one)
        key, value = (entry.fields_by_name[name] for name in ("key", "value"))
        keys = scalar(key, self.options.scalars)
        if value.message_type is None:
            values = scalar(value, self.options.scalars)
        elif depth <= 0:
            return None
        else:
            values = self.message(message_of(value), depth - 1, {})
        return st.dictionaries(keys, values, max_size=self.options.max_size)


def _named(name: str, value: Any) -> tuple[str, Any] | None:
    return None if value is None else (name, value)


def _must_be_drawn(one: FieldDescriptor | OneofDescriptor, overrides: Overrides) -> bool:
    if isinstance(one, FieldDescriptor):
        return one.is_required or label_of(one) in overrides
    return any(member.name in overrides for member in one.fields)


@dataclass(frozen=True)
class _Parts:
    """What a message is drawn from: a strategy for each field by itself, and for each oneof."""

    strategies: Sequence[Strategy] = field(repr=False)
    always: frozenset[int]
    """The indexes of those that are drawn in any case."""


@st.composite
def _some(draw: st.DrawFn, parts: _Parts, rare: int) -> tuple[Any, ...]:
    """One part in 2 to the power of ``rare`` is drawn, and None stands for each other one."""
    size = -(-len(parts.strategies) // 8)
    chosen = -1
    for _ in range(rare):
        chosen &= int.from_bytes(draw(st.binary(min_size=size, max_size=size)))
    return tuple(
        draw(one) if index in parts.always or chosen >> index & 1 else None
        for index, one in enumerate(parts.strategies)
    )


@dataclass(frozen=True)
class _Maker:
    """Makes messages of what was drawn."""

    message_class: type[Message]
    alone: tuple[FieldDescriptor, ...]
    """The fields that are in no oneof; their values come first, then a choice for each oneof."""

    def __call__(self, drawn: Sequence[Any], unknown: bytes = b"") -> Message:
        """None leaves a field unset, for the constructor too."""
        values = list(zip(self.alone, drawn, strict=False))
        given = {one.name: value for one, value in values if not one.is_extension}
        given.update(choice for choice in drawn[len(self.alone) :] if choice is not None)
        message = self.message_class(**given)
        for one, value in values:
            if one.is_extension and value is not None:
                put(message, one, value)
        if unknown:
            # Of the class, since a field may have the method's name.
            self.message_class.MergeFromString(message, unknown)
        return message


def unknown_content(descriptor: Descriptor) -> st.SearchStrategy[bytes]:
    """Bytes of fields that a message type does not have."""
    known = {one.number for one in fields_of(descriptor)}
    numbers = st.integers(1, 2**29 - 1).filter(
        lambda number: number not in known and not 19_000 <= number < 20_000
    )
    fields = st.one_of(
        st.builds(
            lambda number, value: wire.tag(number, wire.VARINT) + wire.varint(value),
            numbers,
            st.integers(0, 2**64 - 1),
        ),
        st.builds(wire.delimited, numbers, st.binary(max_size=8)),
        st.builds(
            lambda number, value: wire.tag(number, 5) + value,
            numbers,
            st.binary(min_size=4, max_size=4),
        ),
        st.builds(
            lambda number, value: wire.tag(number, 1) + value,
            numbers,
            st.binary(min_size=8, max_size=8),
        ),
    )
    return st.lists(fields, max_size=3).map(b"".join)


def _descriptor(
    message_type: type[Message] | Descriptor | str, schema: Schema | Path | str | None
) -> Descriptor:
    if isinstance(message_type, str):
        if schema is None:
            raise InvalidArgument(f"from_message({message_type!r}): a name needs schema=")
        return load_schema(schema).descriptor(message_type)
    if isinstance(message_type, type) and issubclass(message_type, Message):
        return schema_of(message_type())
    if hasattr(message_type, "oneofs"):
        return message_type
    raise InvalidArgument(
        "from_message() takes a message class, a descriptor, or a full name with schema=, got "
        f"{message_type!r}"
    )


def _expanded(overrides: Overrides) -> Overrides:
    """Overrides with dots as nested ones."""
    nested: dict[str, Any] = {}
    for key, value in overrides.items():
        if not isinstance(value, st.SearchStrategy | Mapping):
            raise InvalidArgument(
                f"the override of {key} is {value!r}: give a strategy, such as "
                f"st.just({value!r}), or overrides of its fields"
            )
        head, rest = _split(key)
        if isinstance(value, Mapping) or rest:
            inner = nested.setdefault(head, {})
            if isinstance(inner, st.SearchStrategy):
                raise InvalidArgument(f"{head} is overridden as a whole and in its fields")
            inner.update({rest: value} if rest else value)
        else:
            nested[head] = value
    return {
        key: _expanded(value) if isinstance(value, Mapping) else value
        for key, value in nested.items()
    }


def _split(key: str) -> tuple[str, str]:
    """The first field of a way, and the rest of it; the name of an extension has dots itself."""
    if key.startswith("["):
        head, _, rest = key.partition("]")
        return f"{head}]", rest.removeprefix(".")
    head, _, rest = key.partition(".")
    return head, rest


def _check_names(descriptor: Descriptor, overrides: Overrides) -> None:
    for name in overrides:
        one = field_by_label(descriptor, name)
        if one is None:
            known = ", ".join(map(label_of, fields_of(descriptor)))
            raise InvalidArgument(f"{descriptor.full_name} has no field {name}; it has {known}")
        if isinstance(overrides[name], Mapping) and (one.message_type is None or is_map(one)):
            raise InvalidArgument(f"{one.full_name} is no message: its override is a strategy")


def _check_ends(
    descriptor: Descriptor, overrides: Overrides, within: Sequence[Descriptor] = ()
) -> None:
    """See that no message requires another of its own type, and that one another, without end.

    Looked for here since it does not show in drawing: Hypothesis gives up what is nested deeply as
    one bad draw of many.
    """
    within = [*within, descriptor]
    for one in descriptor.fields:
        override = overrides.get(one.name, {})
        if not one.is_required or one.message_type is None or not isinstance(override, Mapping):
            continue
        if one.message_type in within and not override:
            raise InvalidArgument(f"{one.full_name} requires itself: no such message can be made")
        _check_ends(one.message_type, override, within)
