"""What is emitted arrives whole: payloads, texts, numbers, levels, sources, metadata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf import json_format
from google.protobuf.message import Message

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.contract.cases import Group
from toggle_mock.contract.driver_protocol import MARK
from toggle_mock.contract.filling import PLACES, Value, filled, greatest, least, plain
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.rodent.shaping import expect_category
from toggle_mock.recording.records import RecordedEvent

CONTENT: Group[RodentRig] = Group("content", "What is emitted arrives whole")

_SOURCE = "the schema; rodent_events, docs/events.md"
_COST = "What Toggle shows and stores is not what happened."

_LEVELS = ("INFO", "WARN", "ERROR", "CRITICAL")
"""Those that are enabled unless somebody says otherwise."""

_TEXTS: Mapping[str, str] = {
    "umlauts": "Größe über 9000 – naïve façade",
    "other scripts": "Ελλάδα, Россия, 日本語, العربية, עברית, हिन्दी",
    "emoji": "🐀 in a 🕳️, 👩‍👩‍👧‍👦",
    "beyond the first plane": "\U0001d11e \U0010ffff",
    "quotes and brackets": "\"'`{}[]<>&$%\\/;,",
    "white space": " \t two  lines\r\n and a rest ",
    "combined": "e\u0301 is no é",
    "long": "0123456789" * 1_000,
    "empty": "",
}


def _emit_all(
    rig: RodentRig, messages: Sequence[Message], **more: object
) -> dict[str, tuple[Message, RecordedEvent]]:
    """Have messages emitted and delivered; by mark, each with the event that came of it.

    Those of category USAGE may be filtered: nothing comes of them then.
    """
    agent = rig.start()
    marked = {}
    for message in messages:
        name = message.DESCRIPTOR.name
        fields = json_format.MessageToDict(message)
        if PLACES[name].category_name == "USAGE":
            marks = agent.emit_unless_filtered(name, fields, **more)
        else:
            marks = agent.emit(1, name, fields, **more)
        marked.update(dict.fromkeys(marks, message))
    agent.flush()
    rig.wait_for_marks(list(marked), rig.patience("start"))
    came = {one.metadata.get(MARK, ""): one for one in rig.toggle.events}
    return {mark: (message, came[mark]) for mark, message in marked.items()}


def _event(rig: RodentRig, **more: object) -> RecordedEvent:
    """An event that was emitted so."""
    ((_, event),) = _emit_all(rig, [filled("StoragePoolPayload")], **more).values()
    return event


def _expect_equal(rig: RodentRig, value: Value, names: Sequence[str] = tuple(PLACES)) -> None:
    """Payloads with such values arrive as they were emitted, each in its place."""
    for message, event in _emit_all(rig, [filled(name, value) for name in names]).values():
        name = message.DESCRIPTOR.name
        expect_category(rig, event.message)
        rig.expect(
            event.payload_type == name, f"a {name} has arrived as {event.payload_type or 'nothing'}"
        )
        rig.expect(event.payload == message, f"{name}: {_difference(message, event.payload)}")


def _difference(emitted: Message, arrived: Message | None) -> str:
    """The fields in which two messages of a type are not equal."""
    one, other = json_format.MessageToDict(emitted), json_format.MessageToDict(arrived or Event())
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    told = (
        f"{name} was {str(one.get(name))[:80]!r}, is {str(other.get(name))[:80]!r}"
        for name in names
    )
    return "; ".join(told)


@CONTENT.case(
    "payloads",
    "Payloads of all types arrive whole",
    rule="One of each of the 26 payload types, with every field set, arrives equal, under its "
    "category. Those of USAGE may be filtered.",
    source=_SOURCE,
    cost=_COST,
    needs=("driver",),
)
def payloads(rig: RodentRig) -> None:
    """All of them."""
    _expect_equal(rig, plain)


@CONTENT.case(
    "least-numbers",
    "The least numbers arrive whole",
    rule="One of each payload type arrives equal whose 32-bit and 64-bit numbers are the least "
    "that there are.",
    source=_SOURCE,
    cost=_COST,
    needs=("driver",),
)
def least_numbers(rig: RodentRig) -> None:
    """-2**31 and -2**63."""
    _expect_equal(rig, least)


@CONTENT.case(
    "greatest-numbers",
    "The greatest numbers arrive whole",
    rule="One of each payload type arrives equal whose 32-bit and 64-bit numbers are the greatest "
    "that there are: no number goes through a float.",
    source=_SOURCE,
    cost="Sizes beyond 2^53 bytes, or 2^31, are wrong.",
    needs=("driver",),
)
def greatest_numbers(rig: RodentRig) -> None:
    """2**31 - 1 and 2**63 - 1."""
    _expect_equal(rig, greatest)


@CONTENT.case(
    "empty-payload",
    "A payload without any field set arrives as what it is",
    rule="An empty payload of each type arrives in its place, under its category.",
    source="protobuf: an empty message in a oneof is set",
    cost="An event without details is one of nothing.",
    needs=("driver",),
)
def empty_payload(rig: RodentRig) -> None:
    """All types."""
    empty = [type(filled(name))() for name in PLACES]
    for message, event in _emit_all(rig, empty).values():
        name = message.DESCRIPTOR.name
        rig.expect(event.payload_type == name, f"a {name} is {event.payload_type or 'nothing'}")
        rig.expect(event.payload == message, f"{name}: {_difference(message, event.payload)}")


@CONTENT.case(
    "texts",
    "Text arrives whole",
    rule="Text of all scripts, emoji, quotes, line ends, blanks at its ends and 10,000 characters "
    "arrives as it was emitted, in the same form of Unicode.",
    source="protobuf: a string is UTF-8",
    cost="Names of shares and users cannot be found again.",
    needs=("driver",),
)
def texts(rig: RodentRig) -> None:
    """As a pool's name."""
    kind = type(filled("StoragePoolPayload"))
    messages = [kind(pool_name=text) for text in _TEXTS.values()]
    came = _emit_all(rig, messages).values()
    for (message, event), what in zip(came, _TEXTS, strict=True):
        rig.expect(event.payload == message, f"{what}: {_difference(message, event.payload)}")


@CONTENT.case(
    "metadata",
    "Metadata arrives whole",
    rule="Keys and values of all scripts, an empty value and one of 10,000 characters arrive, and "
    "no other value is changed.",
    source="the schema: Event.metadata",
    cost="What an event is about is found by its metadata.",
    needs=("driver",),
)
def metadata(rig: RodentRig) -> None:
    """All texts as values, and as keys."""
    given = {**_TEXTS, **{f"{text[:20]} ": what for what, text in _TEXTS.items()}}
    arrived = _event(rig, metadata=given).metadata
    wrong = [key for key, value in given.items() if arrived.get(key) != value]
    rig.expect(not wrong, f"of {len(given)} entries {len(wrong)} are changed: {wrong[:3]}")


@CONTENT.case(
    "levels",
    "A level that is given is kept",
    rule="Events emitted as INFO, WARN, ERROR and CRITICAL arrive as these.",
    source="the schema: EventLevel; the published Rodent on the wire: these four are enabled",
    cost="An alert is not raised, or all of the time.",
    needs=("driver",),
)
def levels(rig: RodentRig) -> None:
    """Each of the four."""
    agent = rig.start()
    marks = {agent.emit(level=level)[0]: level for level in _LEVELS}
    agent.flush()
    rig.wait_for_marks(list(marks), rig.patience("start"))
    came = {one.metadata.get(MARK): one.level for one in rig.toggle.events}
    for mark, level in marks.items():
        rig.expect(came[mark] == level, f"an event of level {level} has arrived as {came[mark]}")


@CONTENT.case(
    "source",
    "A source that is given is kept",
    rule="An event that is emitted with a source arrives with it.",
    source="the schema: Event.source",
    cost="Nobody knows which component to ask.",
    needs=("driver",),
)
def source(rig: RodentRig) -> None:
    """One that no Rodent has of itself."""
    arrived = _event(rig, source="contract-manager").source
    rig.expect(arrived == "contract-manager", f"it has arrived as {arrived!r}")
