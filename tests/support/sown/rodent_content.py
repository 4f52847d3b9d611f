"""Faults of a Rodent in the form of its events and batches, and in what they carry."""

from __future__ import annotations

import unicodedata
import uuid

from google.protobuf.descriptor import FieldDescriptor

from rodent_events import EventBus, client
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import EventCategory, EventLevel
from support.sown.faults import Fault

# How they are sown


def _sending(change) -> None:
    """A batch is changed whenever it is sent."""
    send = client.EventClient._send

    def changed(self, data):
        batch = EventBatch.FromString(data)
        change(batch)
        return send(self, batch.SerializeToString())

    client.EventClient._send = changed


def _each(change) -> None:
    """Each event is changed when it is sent."""

    def changed(batch):
        for event in batch.events:
            change(event)

    _sending(changed)


def _emitting(change) -> None:
    """What is emitted is changed: payload, and how it is emitted."""
    emit = EventBus.emit

    def changed(self, payload, **more):
        change(payload, more)
        return emit(self, payload, **more)

    EventBus.emit = changed


def _values(kinds, change) -> None:
    """The values of fields of some types are changed."""

    def changed(payload, _more):
        for field, value in payload.ListFields():
            if field.type in kinds and not field.is_repeated:
                setattr(payload, field.name, change(value))

    _emitting(changed)


_TEXT = {FieldDescriptor.TYPE_STRING}
_NUMBERS = {FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64}


def _metadata(change) -> None:
    def changed(_payload, more):
        more["metadata"] = change(more.get("metadata") or {})

    _emitting(changed)


# Form


def event_ids_v4() -> None:
    """Event ids are UUIDv4."""
    _each(lambda event: setattr(event, "event_id", str(uuid.uuid4())))


def event_ids_in_braces() -> None:
    """Event ids are UUIDv7 in another form."""
    _each(lambda event: setattr(event, "event_id", f"{{{event.event_id}}}"))


def one_id_per_batch() -> None:
    """The events of a batch have one id."""

    def change(batch):
        for event in batch.events:
            event.event_id = batch.events[0].event_id

    _sending(change)


def turned_round() -> None:
    """A batch has its newest event first."""

    def change(batch):
        events = list(batch.events)[::-1]
        del batch.events[:]
        batch.events.extend(events)

    _sending(change)


def seconds() -> None:
    """Timestamps are seconds."""
    _each(lambda event: setattr(event, "timestamp", event.timestamp // 1000))


def no_timestamp() -> None:
    """Events have no timestamp."""
    _each(lambda event: event.ClearField("timestamp"))


def batch_microseconds() -> None:
    """A batch's timestamp is in microseconds."""
    _sending(lambda batch: setattr(batch, "batch_timestamp", batch.batch_timestamp * 1000))


def batch_ids_v4() -> None:
    """Batch ids are UUIDv4."""
    _sending(lambda batch: setattr(batch, "batch_id", str(uuid.uuid4())))


def one_batch_id() -> None:
    """All batches of a process have one id."""
    first = []

    def change(batch):
        first.append(batch.batch_id)
        batch.batch_id = first[0]

    _sending(change)


def no_category() -> None:
    """Events have no category."""
    _each(lambda event: event.ClearField("category"))


def transfers_are_storage() -> None:
    """Payloads of DATA_TRANSFER are filed under STORAGE."""

    def change(event):
        if event.HasField("data_transfer_event"):
            event.category = EventCategory.EVENT_CATEGORY_STORAGE

    _each(change)


def no_level() -> None:
    """INFO is not said."""

    def change(event):
        if event.level == EventLevel.EVENT_LEVEL_INFO:
            event.ClearField("level")

    _each(change)


def no_source() -> None:
    """Events have no source."""
    _each(lambda event: event.ClearField("source"))


def no_empty_payload() -> None:
    """A payload without a field is left out."""

    def change(event):
        wrapper = getattr(event, event.WhichOneof("event_payload"))
        member = wrapper.WhichOneof("event_type")
        if not getattr(wrapper, member).ListFields():
            wrapper.ClearField(member)

    _each(change)


# Content


def numbers_are_floats() -> None:
    """Numbers go through a float."""
    _values(_NUMBERS, lambda value: int(float(value) * (1 - 2**-53)) if value > 2**53 else value)


def no_negative_numbers() -> None:
    """What is less than nothing is nothing."""
    _values(_NUMBERS, lambda value: max(0, value))


def numbers_are_32_bits() -> None:
    """Numbers are cut to 31 bits."""
    _values(_NUMBERS, lambda value: value if value < 0 else value & (2**31 - 1))


def no_lists() -> None:
    """Fields that repeat are left out."""

    def change(payload, _more):
        for field, _ in payload.ListFields():
            if field.is_repeated:
                payload.ClearField(field.name)

    _emitting(change)


def short_texts() -> None:
    """Texts end after 255 characters."""
    _values(_TEXT, lambda text: text[:255])


def composed_texts() -> None:
    """Texts are brought into another form of Unicode."""
    _values(_TEXT, lambda text: unicodedata.normalize("NFC", text))


def stripped_texts() -> None:
    """Blanks at the ends of texts are taken away."""
    _values(_TEXT, str.strip)


def latin_texts() -> None:
    """Characters beyond Latin-1 are question marks."""
    _values(_TEXT, lambda text: text.encode("latin-1", "replace").decode("latin-1"))


def ten_entries() -> None:
    """Metadata have ten entries at the most."""
    _metadata(lambda entries: dict(sorted(entries.items(), reverse=True)[:10]))


def small_keys() -> None:
    """Keys of metadata are in lower case."""
    _metadata(lambda entries: {key.lower().strip(): value for key, value in entries.items()})


def all_is_info() -> None:
    """Whatever happens is INFO."""
    _emitting(lambda _payload, more: more.update(level=EventLevel.EVENT_LEVEL_INFO))


def own_source() -> None:
    """The source is the agent's."""
    _emitting(lambda _payload, more: more.update(source="agent"))


FAULTS = {
    "event-ids-v4": Fault(
        event_ids_v4, {"form.event-ids": "ids are none", "form.rising-ids": "after "}
    ),
    "event-ids-in-braces": Fault(event_ids_in_braces, {"form.event-ids": "such as ['{"}),
    "one-id-per-batch": Fault(
        one_id_per_batch, {"form.unique-ids": "events have ", "form.rising-ids": "after "}
    ),
    "turned-round": Fault(turned_round, {"form.rising-ids": "after "}),
    "seconds": Fault(seconds, {"form.timestamps": "which is seconds"}),
    "no-timestamp": Fault(no_timestamp, {"form.timestamps": "a timestamp is 0"}),
    "batch-microseconds": Fault(
        batch_microseconds, {"form.batch-timestamps": "which is microseconds"}
    ),
    "batch-ids-v4": Fault(batch_ids_v4, {"form.batch-ids": "batch ids are no UUIDv7"}),
    "one-batch-id": Fault(one_batch_id, {"form.batch-ids": "batches have 1 ids"}),
    "no-category": Fault(
        no_category,
        {
            "form.categories": "has the category 0",
            "content.payloads": "has the category 0",
            "content.least-numbers": "has the category 0",
            "content.greatest-numbers": "has the category 0",
        },
    ),
    "transfers-are-storage": Fault(
        transfers_are_storage,
        {
            "content.payloads": "a DataTransferTransferPayload has the category 2",
            "content.least-numbers": "has the category 2",
            "content.greatest-numbers": "has the category 2",
        },
    ),
    "no-level": Fault(
        no_level, {"form.levels": "is UNSPECIFIED", "content.levels": "has arrived as UNSPECIFIED"}
    ),
    "no-source": Fault(
        no_source, {"form.sources": "events have none", "content.source": "it has arrived as ''"}
    ),
    "no-empty-payload": Fault(
        no_empty_payload,
        {
            "content.empty-payload": "a SystemStartupPayload is nothing",
            "form.categories": "has no payload",
            "content.texts": "empty: ",
        },
    ),
    "numbers-are-floats": Fault(
        numbers_are_floats,
        {"content.greatest-numbers": "bootTimeSeconds was '9223372036854775807'"},
    ),
    "no-negative-numbers": Fault(
        no_negative_numbers, {"content.least-numbers": "bootTimeSeconds was '-9223372036854775808'"}
    ),
    "numbers-are-32-bits": Fault(
        numbers_are_32_bits, {"content.greatest-numbers": "is '2147483647'"}
    ),
    "no-lists": Fault(
        no_lists,
        {
            "content.payloads": "servicesStarted was",
            "content.least-numbers": "servicesStarted was",
            "content.greatest-numbers": "servicesStarted was",
        },
    ),
    "short-texts": Fault(short_texts, {"content.texts": "long: poolName was"}),
    "composed-texts": Fault(composed_texts, {"content.texts": "combined: poolName was"}),
    "stripped-texts": Fault(stripped_texts, {"content.texts": "white space: poolName was"}),
    "latin-texts": Fault(latin_texts, {"content.texts": "umlauts: poolName was"}),
    "ten-entries": Fault(ten_entries, {"content.metadata": "are changed"}),
    "small-keys": Fault(small_keys, {"content.metadata": "are changed"}),
    "all-is-info": Fault(all_is_info, {"content.levels": "has arrived as INFO"}),
    "own-source": Fault(own_source, {"content.source": "it has arrived as 'agent'"}),
}
