"""Messages of one schema, drawn and read under another, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from toggle_mock.compat.encodings import WIRE, Encoding, UnreadableError
from toggle_mock.compat.meaning import Cause, Difference, Effect, differences, held
from toggle_mock.compat.reducing import leaves, reduced, without
from toggle_mock.compat.subjects import Subject, carries_payloads
from toggle_mock.strategies.messages import from_message
from toggle_mock.strategies.realistic import realistic_fields

EXAMPLES = 300
"""Messages that are drawn of each kind, unless it is said otherwise."""

_REALISTIC = 40

_FIND = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Evidence:
    """A difference with the smallest message that shows it."""

    difference: Difference
    example: Message


def evidence(
    subject: Subject, reader: Descriptor, *, encoding: Encoding = WIRE, examples: int = EXAMPLES
) -> list[Evidence]:
    """Each way in which messages of a subject are not read as they were sent.

    The first messages hold what a storage node would report, so that examples read well; further
    ones hold anything that their types allow.

    Args:
        subject: What is sent.
        reader: The other schema's message of the same name as ``subject.root``.
        encoding: How it is carried.
        examples: Messages that are drawn.
    """
    collected = _Collection(subject, message_factory.GetMessageClass(reader), encoding)
    _draw(_messages(subject, realistic=True), collected.take, _REALISTIC)
    known = set(collected.found)
    strategy = _messages(subject, realistic=False)
    _draw(strategy, collected.take, examples)
    for key in collected.found.keys() - known:
        collected.shrink(key, strategy)
    return list(collected.found.values())


class _Collection:
    """The differences that were seen, with an example of each."""

    def __init__(self, subject: Subject, reader: type[Message], encoding: Encoding) -> None:
        self.found: dict[str, Evidence] = {}
        self._subject = subject
        self._reader = reader
        self._encoding = encoding

    def take(self, message: Message) -> None:
        """Keep what is new about a message."""
        for difference in self._differences(message):
            if difference.key not in self.found:
                self._keep(difference.key, message)

    def shrink(self, key: str, strategy: st.SearchStrategy[Message]) -> None:
        """Look for an example with smaller values in the same fields."""
        places = leaves(self.found[key].example)
        smaller = strategy.map(lambda message: without(message, lambda place: place not in places))
        try:
            self._keep(
                key, find(smaller, lambda message: self._shows(message, key), settings=_FIND)
            )
        except NoSuchExample:
            return

    def _keep(self, key: str, message: Message) -> None:
        small = reduced(message, lambda smaller: self._shows(smaller, key))
        difference = next(one for one in self._differences(small) if one.key == key)
        self.found[key] = Evidence(difference, small)

    def _shows(self, message: Message, key: str) -> bool:
        return any(difference.key == key for difference in self._differences(message))

    def _differences(self, message: Message) -> Iterator[Difference]:
        try:
            self._encoding.carry(message, type(message))
        except UnreadableError:
            return  # not even its own side reads it: that is not the other one's fault
        while self._is_rejected(message):
            culprit = leaves(reduced(message, self._is_rejected))
            yield from map(_rejection, culprit.values())
            if not culprit:
                yield Difference(Effect.UNREADABLE, Cause.REJECTED, None, None)
                return
            message = without(message, culprit.__contains__)
        read = self._encoding.carry(message, self._reader)
        yield from differences(message, read, self._encoding)

    def _is_rejected(self, message: Message) -> bool:
        try:
            self._encoding.carry(message, self._reader)
        except UnreadableError:
            return True
        return False


def _rejection(leaf: tuple[FieldDescriptor, Any]) -> Difference:
    field, value = leaf
    return Difference(Effect.UNREADABLE, Cause.REJECTED, held(field, value), None)


def _messages(subject: Subject, *, realistic: bool) -> st.SearchStrategy[Message]:
    """Messages of a subject, within those that carry it."""
    descriptor = subject.descriptor
    carried = {field.name: st.none() for field in descriptor.fields if carries_payloads(field)}
    overrides = {**(realistic_fields(descriptor) if realistic else {}), **carried}
    return from_message(descriptor, overrides=overrides).map(
        lambda message: _carried(subject, message)
    )


def _carried(subject: Subject, message: Message) -> Message:
    if not subject.path:
        return message
    root = message_factory.GetMessageClass(subject.root)()
    holder: Any = root
    for name in subject.path:
        holder = getattr(holder, name)
    holder.SetInParent()
    holder.CopyFrom(message)
    return root


def _draw(
    strategy: st.SearchStrategy[Message], take: Callable[[Message], None], examples: int
) -> None:
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(message: Message) -> None:
        take(message)

    draw()
