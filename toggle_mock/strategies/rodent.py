"""Strategies for what Rodents emit: payloads, events, batches, of any revision."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from rodent_events.payload_types import EVENT_LEVEL, PayloadType, enum_of, payload_types, schema_of
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.schema import Schema, load_schema
from toggle_mock.strategies.late import made_late
from toggle_mock.strategies.messages import Overrides, from_message
from toggle_mock.strategies.realistic import datasets, realistic_fields, users
from toggle_mock.strategies.scalars import TEXT

_VALUES = users | datasets | st.uuids(version=4).map(str)
_KEYS = st.sampled_from(("component", "action", "transfer_id", "user", "device_id", "interface"))


def payloads(
    *,
    schema: Schema | Path | str | None = None,
    types: Collection[type[Message] | str] | None = None,
    realistic: bool = False,
    overrides: Overrides | None = None,
) -> st.SearchStrategy[Any]:
    """Payload messages, each type as likely as the others.

    Args:
        schema: A revision; None for the project's own messages.
        types: The payload types to draw from, by class or by name such as ``StoragePoolPayload``;
            None for all.
        realistic: Whether fields hold what a storage node would report: names that ZFS accepts,
            addresses, times, percentages.
        overrides: Strategies for fields; each type takes those that it has.
    """

    def make() -> st.SearchStrategy[Any]:
        return _payloads(schema, types, realistic, overrides or {})

    return made_late("payloads()", make)


def events(
    *,
    schema: Schema | Path | str | None = None,
    types: Collection[type[Message] | str] | None = None,
    realistic: bool = False,
    payload: st.SearchStrategy[Message] | None = None,
) -> st.SearchStrategy[Any]:
    """Events that hang together: the category is the payload's, the id a UUIDv7.

    Args:
        schema: A revision; None for the project's own messages.
        types: The payload types to draw from; None for all.
        realistic: Whether payload, source and metadata are what a storage node would report.
        payload: Payloads instead; of the same schema.
    """

    def make() -> st.SearchStrategy[Any]:
        contents = payload
        if contents is None:
            contents = _payloads(schema, types, realistic, {})
        return _events(_event_class(schema), contents, realistic)

    return made_late("events()", make)


def batches(
    *,
    schema: Schema | Path | str | None = None,
    max_size: int = 5,
    realistic: bool = False,
    event: st.SearchStrategy[Message] | None = None,
) -> st.SearchStrategy[Any]:
    """EventBatch messages, as a Rodent sends them.

    Args:
        schema: A revision; None for the project's own messages.
        max_size: Events in a batch at the most; none is possible too.
        realistic: As for :func:`events`.
        event: Events instead; of the same schema.
    """

    def make() -> st.SearchStrategy[Any]:
        contents = event
        if contents is None:
            contents = _events(
                _event_class(schema), _payloads(schema, None, realistic, {}), realistic
            )
        return _batches(_batch_class(schema), contents, max_size)

    return made_late("batches()", make)


# One strategy for each that is asked for in the same way: to make one of all payload types takes
# longer than to draw from it.


@lru_cache(maxsize=64)
def _batches(
    batch_class: Any, contents: st.SearchStrategy[Message], max_size: int
) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda content, moment, noise: batch_class(
            events=content, batch_timestamp=moment, batch_id=_uuid7(moment, noise)
        ),
        st.lists(contents, max_size=max_size),
        st.integers(1_600_000_000_000, 1_900_000_000_000),
        st.integers(0, 2**74 - 1),
    )


@lru_cache(maxsize=64)
def _events(
    event_class: Any, contents: st.SearchStrategy[Message], realistic: bool
) -> st.SearchStrategy[Any]:
    by_name = payload_types(schema_of(event_class()))
    levels = [v.number for v in enum_of(event_class.DESCRIPTOR, EVENT_LEVEL).values][1:]
    metadata = st.dictionaries(
        _KEYS if realistic else TEXT, _VALUES if realistic else TEXT, max_size=3
    )

    def assemble(content: Message, level: int, moment: int, noise: int, data: Any) -> Message:
        place = by_name[schema_of(content).full_name]
        event: Message = event_class(
            event_id=_uuid7(moment, noise),
            level=level,
            category=place.category,
            source=place.source,
            timestamp=moment,
            metadata=data,
        )
        member = getattr(getattr(event, place.wrapper.name), place.member.name)
        member.SetInParent()
        member.CopyFrom(content)
        return event

    return st.builds(
        assemble,
        contents,
        st.sampled_from(levels),
        st.integers(1_600_000_000_000, 1_900_000_000_000),
        st.integers(0, 2**74 - 1),
        metadata,
    )


def _payloads(
    schema: Schema | Path | str | None,
    types: Collection[type[Message] | str] | None,
    realistic: bool,
    overrides: Overrides,
) -> st.SearchStrategy[Any]:
    places = _places(schema, types)
    if overrides:
        return st.one_of([_overridden(place.descriptor, realistic, overrides) for place in places])
    return _any_of(tuple(place.descriptor for place in places), realistic)


@lru_cache(maxsize=64)
def _any_of(descriptors: tuple[Descriptor, ...], realistic: bool) -> st.SearchStrategy[Any]:
    return st.one_of([_payload(descriptor, realistic) for descriptor in descriptors])


@lru_cache(maxsize=256)
def _payload(descriptor: Descriptor, realistic: bool) -> st.SearchStrategy[Any]:
    return from_message(descriptor, overrides=realistic_fields(descriptor) if realistic else None)


def _overridden(
    descriptor: Descriptor, realistic: bool, overrides: Overrides
) -> st.SearchStrategy[Any]:
    """Payloads of one type, with those overrides that are for it."""
    own = {
        key: value
        for key, value in overrides.items()
        if key.partition(".")[0] in descriptor.fields_by_name
    }
    if not own:
        return _payload(descriptor, realistic)
    usual = realistic_fields(descriptor) if realistic else {}
    return from_message(descriptor, overrides={**usual, **own})


def _places(
    schema: Schema | Path | str | None, types: Collection[type[Message] | str] | None
) -> list[PayloadType]:
    known = payload_types(_event_class(schema).DESCRIPTOR)
    if types is None:
        return list(known.values())
    names = [one if isinstance(one, str) else one.DESCRIPTOR.full_name for one in types]
    found = []
    for name in names:
        full_name = name if "." in name else f"rodent.events.{name}"
        if full_name not in known:
            raise InvalidArgument(f"{name} is no payload type; there are {', '.join(known)}")
        found.append(known[full_name])
    if not found:
        raise InvalidArgument("types is empty: give at least one payload type")
    return found


def _event_class(schema: Schema | Path | str | None) -> Any:
    if schema is None:
        return Event
    return load_schema(schema).event_class


def _batch_class(schema: Schema | Path | str | None) -> Any:
    if schema is None:
        return EventBatch
    return load_schema(schema).message_class("rodent.EventBatch")


def _uuid7(milliseconds: int, noise: int) -> str:
    high, low = noise >> 62, noise & ((1 << 62) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low))
