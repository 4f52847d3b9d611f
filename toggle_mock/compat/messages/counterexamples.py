"""Messages of one schema, drawn and read under another, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from rodent_events.payload_types import message_of, schema_of
from toggle_mock.compat.messages.changed_fields import (
    changed_fields,
    changed_numbers,
    is_changed,
    is_only_renamed,
)
from toggle_mock.compat.messages.codecs import BYTES, Codec, UnreadableError
from toggle_mock.compat.messages.diff import Cause, Difference, Effect, Value, differences, held
from toggle_mock.compat.messages.shrinking import leaves, shrunk, without
from toggle_mock.compat.messages.types import MessageType, carries_payloads, messages_within
from toggle_mock.fields import (
    extensions_of,
    field_by_label,
    field_by_number,
    label_of,
    owner_of,
)
from toggle_mock.schema import is_map
from toggle_mock.strategies.messages import Options, build
from toggle_mock.strategies.realistic import realistic_fields

EXAMPLES = 300
"""Messages that are drawn of each kind, unless it is said otherwise."""

_AT_ONCE = 20
"""Messages that are one example of Hypothesis."""

_REALISTIC = 20

_FEWEST = 40
"""Messages that are drawn of each field, however many differ."""

_DEPTH = 4

_OPTIONS = Options()

_FIND = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


_FIND_ANY = settings(_FIND, max_examples=_FEWEST, phases=[Phase.generate])


@dataclass(frozen=True)
class Counterexample:
    """A difference with the smallest message that shows it."""

    difference: Difference
    example: Message
    field: FieldDescriptor | None
    """The field whose definition differs; None if it is none that is sent."""


def counterexamples(
    message_type: MessageType, reader: Descriptor, *, codec: Codec = BYTES, examples: int = EXAMPLES
) -> list[Counterexample]:
    """Each way in which messages of a type are not read as they were sent.

    Fields that both sides define alike are left unset: they are understood, and would only make
    the others rare. The first messages hold what a storage node would report, so that examples
    read well; further ones hold anything that their types allow.

    Args:
        message_type: What is sent.
        reader: The other schema's message that ``message_type.root`` is read as.
        codec: How it is carried.
        examples: Messages that are drawn of all fields that differ together.

    Raises:
        hypothesis.errors.InvalidArgument: Its messages cannot be made.
    """
    collected = _Collection(message_type, message_factory.GetMessageClass(reader), codec)
    if message_type.path and (differing := _differing_on_the_way(message_type, reader)):
        collected.look(_carried(message_type, _empty(message_type.descriptor)), differing)
        return list(collected.found.values())
    collected.look(_carried(message_type, _empty(message_type.descriptor)), None)
    theirs = _at(reader, message_type.path)
    found = changed_fields(message_type.descriptor, theirs)
    share = max(_FEWEST, examples // max(1, len(found)))
    for name, companions in found.items():
        field = field_by_label(message_type.descriptor, name)
        if field is not None and not carries_payloads(field):
            collected.draw(field, companions, theirs, share)
    return list(collected.found.values())


def _differing_on_the_way(message_type: MessageType, reader: Descriptor) -> FieldDescriptor | None:
    """The first field on the way to a payload that the other side defines otherwise."""
    theirs = reader
    for step in message_type.steps:
        if is_changed(step, theirs):
            return step
        theirs = message_of(theirs.fields_by_number[step.number])
    return None


def _at(holder: Descriptor, path: Sequence[str]) -> Descriptor:
    for name in path:
        holder = message_of(holder.fields_by_name[name])
    return holder


class _Collection:
    """The differences that were seen, with an example of each."""

    def __init__(self, message_type: MessageType, reader: type[Message], codec: Codec) -> None:
        self.found: dict[str, Counterexample] = {}
        self._message_type = message_type
        self._reader = reader
        self._codec = codec

    def look(self, message: Message, field: FieldDescriptor | None) -> None:
        """Keep what is new about a message."""
        for difference in self._differences(message):
            if difference.key not in self.found:
                self._keep(difference.key, message, field)

    def draw(
        self,
        field: FieldDescriptor,
        companions: frozenset[str],
        reader: Descriptor,
        examples: int,
    ) -> None:
        """Look at messages with one field that differs, and those that may interfere with it.

        If what becomes of it does not go by what it holds, one message that sets it is enough.
        """
        wanted = {label_of(field), *companions}
        realistic, anything = (
            _messages(self._message_type, wanted, {**overrides, **_changed_values(field, reader)})
            for overrides in (_realistic(self._message_type.descriptor, wanted), {})
        )
        if not companions and self._is_settled(field, reader):
            self._draw_until_seen(field, realistic, anything)
            return
        _draw(realistic, lambda message: self.look(message, field), _REALISTIC)
        known = set(self.found)
        _draw(anything, lambda message: self.look(message, field), examples)
        for key in self.found.keys() - known:
            self._shrink(key, anything)

    def _is_settled(self, field: FieldDescriptor, reader: Descriptor) -> bool:
        """Whether the reader does not know the field, or takes it as it is for another."""
        target = self._codec.target(field, reader)
        if target is None:
            return True
        return label_of(field) != label_of(target) and is_only_renamed(field, target)

    def _draw_until_seen(
        self, field: FieldDescriptor, *strategies: st.SearchStrategy[Message]
    ) -> None:
        """Look at the first message that shows what becomes of a field."""

        def is_about(message: Message) -> bool:
            sent = (one.sent for one in self._differences(message))
            return any(
                one is not None and (one.owner, one.number) == (owner_of(field), field.number)
                for one in sent
            )

        for strategy in strategies:
            with suppress(NoSuchExample):
                self.look(find(strategy, is_about, settings=_FIND_ANY), field)
                return

    def _shrink(self, key: str, strategy: st.SearchStrategy[Message]) -> None:
        """Look for an example with smaller values."""
        with suppress(NoSuchExample):  # then it stays as it was found
            smaller = find(strategy, lambda message: self._shows(message, key), settings=_FIND)
            self._keep(key, smaller, self.found[key].field)

    def _keep(self, key: str, message: Message, field: FieldDescriptor | None) -> None:
        small = shrunk(message, lambda smaller: self._shows(smaller, key))
        difference = next(one for one in self._differences(small) if one.key == key)
        self.found[key] = Counterexample(difference, small, field)

    def _shows(self, message: Message, key: str) -> bool:
        return any(difference.key == key for difference in self._differences(message))

    def _differences(self, message: Message) -> Iterator[Difference]:
        try:
            self._codec.carry(message, type(message))
        except UnreadableError:
            return  # not even its own side reads it: that is not the other one's fault
        while (error := self._rejection(message)) is not None:
            if error.missing:
                yield self._missing(error.missing[0])
                return
            culprit = leaves(shrunk(message, lambda one: self._rejection(one) is not None))
            if not culprit:
                yield Difference(Effect.UNREADABLE, Cause.REJECTED, None, None)
                return
            yield from map(_rejected, culprit.values())
            message = without(message, culprit.__contains__)
        read = self._codec.carry(message, self._reader)
        yield from differences(message, read, self._codec)

    def _rejection(self, message: Message) -> UnreadableError | None:
        try:
            self._codec.carry(message, self._reader)
        except UnreadableError as error:
            return error
        return None

    def _missing(self, path: str) -> Difference:
        """A field that the other side requires, at a path such as ``a.list[0].b``."""
        *way, name = re.sub(r"\[[^\]]*\]", "", path).split(".")
        holder = schema_of(self._reader())
        for step in way:
            holder = _within(holder, step)
        required = Value(holder.full_name, name, holder.fields_by_name[name].number, "required")
        return Difference(Effect.UNREADABLE, Cause.MISSING, None, required)


def _within(holder: Descriptor, name: str) -> Descriptor:
    """The message that a field holds; an extension goes by its last name here."""
    field = holder.fields_by_name.get(name)
    if field is None:
        field = next(one for one in extensions_of(holder) if one.name == name)
    inner = message_of(field)
    return message_of(inner.fields_by_name["value"]) if is_map(field) else inner


def _rejected(leaf: tuple[FieldDescriptor, Any]) -> Difference:
    field, value = leaf
    return Difference(Effect.UNREADABLE, Cause.REJECTED, held(field, value), None)


def _messages(
    message_type: MessageType, wanted: set[str], overrides: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Message]:
    """Messages of a type with some of its fields, within those that carry it."""
    descriptor = message_type.descriptor
    owner = descriptor.full_name
    options = _OPTIONS
    if any(owner in messages_within(inner) for inner in _held(descriptor, wanted)):
        # Within itself it has no other fields either.
        options = Options(
            wanted=lambda field: owner_of(field) != owner or label_of(field) in wanted
        )
    drawn = build(descriptor, options, _DEPTH, overrides, only=wanted)
    return drawn.map(lambda message: _carried(message_type, message))


def _held(descriptor: Descriptor, labels: set[str]) -> Iterator[Descriptor]:
    """The messages that some fields hold."""
    for label in labels:
        field = field_by_label(descriptor, label)
        if field is not None and field.message_type is not None:
            yield field.message_type


def _realistic(descriptor: Descriptor, wanted: set[str]) -> dict[str, st.SearchStrategy[Any]]:
    fields = realistic_fields(descriptor).items()
    return {name: strategy for name, strategy in fields if name in wanted}


def _changed_values(
    field: FieldDescriptor, reader: Descriptor
) -> dict[str, st.SearchStrategy[Any]]:
    """Of an enum that differs, the values that do."""
    target = field_by_number(reader, field.number)
    if field.enum_type is None or target is None or target.enum_type is None:
        return {}
    numbers = st.sampled_from(changed_numbers(field.enum_type, target.enum_type))
    return {label_of(field): st.lists(numbers, max_size=3) if field.is_repeated else numbers}


def _empty(descriptor: Descriptor) -> Message:
    return message_factory.GetMessageClass(descriptor)()


def _carried(message_type: MessageType, message: Message) -> Message:
    if not message_type.path:
        return message
    root = message_factory.GetMessageClass(message_type.root)()
    holder: Any = root
    for name in message_type.path:
        holder = getattr(holder, name)
    kind = type(holder)
    kind.SetInParent(holder)
    kind.CopyFrom(holder, message)
    return root


def _draw(
    strategy: st.SearchStrategy[Message], take: Callable[[Message], None], examples: int
) -> None:
    """Draw many at once: Hypothesis' own work for an example costs more than a small message.

    The first ones, which are drawn as simple as can be, come on top of those asked for.
    """

    @settings(
        max_examples=1 + -(-examples // _AT_ONCE),
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.tuples(*[strategy] * _AT_ONCE))
    def draw(messages: tuple[Message, ...]) -> None:
        for message in messages:
            take(message)

    draw()
