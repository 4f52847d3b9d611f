"""Matchers of payloads: of a type, and like a message."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf import text_format
from google.protobuf.message import Message

from rodent_events.payload_types import schema_of, snake_case
from toggle_mock.matching.contrast import contrast
from toggle_mock.matching.equality import differences, is_like
from toggle_mock.matching.matchers import Matcher, matcher_of, not_a_matcher
from toggle_mock.matching.names import Names
from toggle_mock.matching.patterns import compile_pattern, is_pattern
from toggle_mock.matching.query import quoted, written
from toggle_mock.matching.values import plain, shown, spelled
from toggle_mock.recording.records import Kind, RecordedEvent


@dataclass(frozen=True, repr=False)
class Like(Matcher):
    """Matches events whose payload is of a message's type and equals it in all that it sets.

    Not-a-number equals itself here.
    """

    wanted: Message

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        given = event.payload
        wanted = schema_of(self.wanted)
        if given is None or schema_of(given).full_name != wanted.full_name:
            return [f"is {event.payload_type or 'an event without payload'}, not {wanted.name}"]
        return [
            contrast(field.name, shown(field, content), shown(field, got))
            for field, content, got in differences(given, self.wanted)
        ]

    def __call__(self, event: RecordedEvent) -> bool:
        """Whether the payload is like the message."""
        given = event.payload
        return given is not None and is_like(given, self.wanted)

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        return None if kind.payload_type == schema_of(self.wanted).name else False

    def check(self, names: Names) -> None:
        """See :meth:`Matcher.check`."""
        names.check_payload(schema_of(self.wanted), [f.name for f, _ in self.wanted.ListFields()])

    def as_query(self) -> str:
        """See :meth:`Matcher.as_query`."""
        terms = [str(PayloadType(schema_of(self.wanted).name))]
        for field, content in self.wanted.ListFields():
            if field.is_repeated or field.message_type is not None:
                raise TypeError(
                    f"{field.full_name} is no scalar: write a query instead of the payload"
                )
            terms.append(f"payload.{field.name}:{quoted(spelled(plain(field, content)))}")
        return " ".join(terms)

    def __str__(self) -> str:
        fields = text_format.MessageToString(self.wanted, as_one_line=True, as_utf8=True)
        return f"{schema_of(self.wanted).name}({fields})"


@dataclass(frozen=True, repr=False)
class PayloadType(Matcher):
    """Matches payloads by the name of their type.

    The name is the message's (``StorageTransferPayload``), the same in snake case
    (``storage_transfer``), one or more words of that (``transfer``), or a pattern (``storage_*``).
    """

    name: str
    may_be_absent: bool = False
    """Whether it is one of another revision, perhaps."""

    def misses(self, event: RecordedEvent) -> list[str]:
        """See :meth:`Matcher.misses`."""
        given = event.payload_type
        if self._is_name_of(given):
            return []
        return [f"is {given or 'an event without payload'}, not {self.name}"]

    def _is_name_of(self, given: str) -> bool:
        short = snake_case(given.removesuffix("Payload"))
        wanted = self.name
        if is_pattern(wanted):
            return compile_pattern(wanted).fullmatch(short) is not None
        if not wanted:
            return not given
        return wanted == given or f"_{snake_case(wanted.removesuffix('Payload'))}_" in f"_{short}_"

    def judge(self, kind: Kind) -> bool | None:
        """See :meth:`Matcher.judge`."""
        return self._is_name_of(kind.payload_type)

    def check(self, names: Names) -> None:
        """See :meth:`Matcher.check`."""
        types = ("", *(message.name for message in names.payloads))
        if not self.may_be_absent and not any(map(self._is_name_of, types)):
            raise names.unknown("payload", self.name, names.payload_names, f"payload?:{self.name}")

    def __str__(self) -> str:
        return f"payload{'?' if self.may_be_absent else ''}:{written(self.name)}"


@matcher_of.register
def _(given: Message) -> Matcher:
    return Like(given)


@matcher_of.register
def _(given: type) -> Matcher:
    if not issubclass(given, Message):
        raise not_a_matcher(given)
    return PayloadType(given.DESCRIPTOR.name)
