"""Faults of a Toggle in Register and SendEvents: what it answers, and what it stores."""

from __future__ import annotations

import asyncio

import grpc
from google.protobuf.message import DecodeError

from rodent_events import wire
from rodent_events.pb.base_pb2 import (
    EventBatch,
    EventBatchResponse,
    RegisterResponse,
)
from rodent_events.pb.events.event_messages_pb2 import Event, EventLevel
from support.sown.toggle_fault import Patch, ToggleFault, answers, caught, events_of, refuse
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.recording.recorder import Recording
from toggle_mock.server.answering import Answer, OwnAnswers
from toggle_mock.server.service import Handled, RodentService
from toggle_mock.tokens.certificates import Authority
from toggle_mock.tokens.tokens import unverified_claims

Code = grpc.StatusCode
OURS = "suite_mark"


def registers(response: RegisterResponse):
    """It answers Register so."""

    def sow(patch: Patch) -> None:
        def decide(asked):
            return Answer(response.SerializeToString()) if asked.call.method == "Register" else None

        answers(patch, decide)

    return sow


def registers_with_another_key(patch: Patch) -> None:
    authority = Authority()
    response = authority.registration("node.example")
    response.private_key = authority.registration("other.example").private_key
    registers(response)(patch)


def registers_once(patch: Patch) -> None:
    known = set()

    def decide(asked):
        if asked.call.method != "Register":
            return None
        if asked.call.rid in known:
            return refuse(Code.ALREADY_EXISTS, "it is registered")
        known.add(asked.call.rid)
        return None

    answers(patch, decide)


def one_at_a_time(is_meant):
    """A second such call of a Rodent, while the first is under way, is refused."""

    def sow(patch: Patch) -> None:
        answer, under_way = OwnAnswers.answer, set()

        async def slow(self, asked):
            rid = asked.call.rid
            if not is_meant(asked):
                return await answer(self, asked)
            if rid in under_way:
                return refuse(Code.ABORTED, "sown: another call is under way")
            under_way.add(rid)
            await asyncio.sleep(0.3)
            under_way.discard(rid)
            return await answer(self, asked)

        patch(OwnAnswers, "answer", slow)

    return sow


def is_register(asked) -> bool:
    return asked.call.method == "Register"


def has_six_events(asked) -> bool:
    return len(events_of(asked)) == 6


def needs_info(patch: Patch) -> None:
    def decide(asked):
        if asked.call.method == "Register" and not asked.message.HasField("system_info"):
            return refuse(Code.INVALID_ARGUMENT, "system_info is missing")
        return None

    answers(patch, decide)


def needs_health(patch: Patch) -> None:
    """It refuses a node with errors."""

    def decide(asked):
        if asked.call.method == "Register" and asked.message.system_info.errors:
            return Answer(RegisterResponse(message="the node is ill").SerializeToString())
        return None

    answers(patch, decide)


def knows_all_fields(*methods: str):
    """It refuses what has unknown fields."""

    def sow(patch: Patch) -> None:
        def decide(asked):
            if asked.call.method not in methods:
                return None
            known = type(asked.message).FromString(asked.raw)
            known.DiscardUnknownFields()
            changed = len(known.SerializeToString()) != len(asked.raw)
            return refuse(Code.INVALID_ARGUMENT, "unknown field") if changed else None

        answers(patch, decide)

    return sow


def reads_garbage(*methods: str):
    """What it cannot read it takes for an empty message."""

    def sow(patch: Patch) -> None:
        decoded = Handled.decoded

        async def lax(self, raw):
            from toggle_mock.recording.records import MESSAGES

            kind = MESSAGES[self.call.method][False]
            try:
                return kind.FromString(raw)
            except DecodeError:
                if self.call.method not in methods:
                    return await decoded(self, raw)
                self.request = b""
                return kind()

        patch(Handled, "decoded", lax)

    return sow


def saves_what_is_whole(patch: Patch) -> None:
    """Of a batch that is cut, it takes the events before the cut."""
    decoded = Handled.decoded

    async def lax(self, raw):
        ends = wire.frame_ends(raw)
        if self.call.method == "SendEvents" and ends and ends[-1] < len(raw):
            try:
                EventBatch.FromString(raw)
            except DecodeError:
                self.request = raw[: ends[-1]]
                return EventBatch.FromString(self.request)
        return await decoded(self, raw)

    patch(Handled, "decoded", lax)


def mangles_garbage(status: grpc.StatusCode):
    """It tells of what it cannot read as of something else."""

    def sow(patch: Patch) -> None:
        decoded = Handled.decoded

        async def other(self, raw):
            from toggle_mock.recording.records import MESSAGES

            try:
                MESSAGES[self.call.method][False].FromString(raw)
            except DecodeError:
                await self.abort(Outcome(status, "sown"))
            return await decoded(self, raw)

        patch(Handled, "decoded", other)

    return sow


def refuses_events(wrong, status: grpc.StatusCode = Code.INVALID_ARGUMENT):
    """It refuses batches with such an event."""

    def sow(patch: Patch) -> None:
        answers(patch, lambda asked: refuse(status) if any(map(wrong, events_of(asked))) else None)

    return sow


def refuses_batches(wrong, status: grpc.StatusCode = Code.INVALID_ARGUMENT):
    """It refuses such batches."""

    def sow(patch: Patch) -> None:
        def decide(asked):
            is_batch = asked.call.method == "SendEvents"
            return refuse(status) if is_batch and wrong(asked.message) else None

        answers(patch, decide)

    return sow


def says_no_to_threes(patch: Patch) -> None:
    """It stores a batch of three events, and says that it did not."""

    def decide(asked):
        if len(events_of(asked)) != 3:
            return None
        return Answer(EventBatchResponse().SerializeToString(), known_success=True)

    answers(patch, decide)


def refuses_duplicates(patch: Patch) -> None:
    known = set()

    def decide(asked):
        if asked.call.method != "SendEvents":
            return None
        batch_id = asked.message.batch_id
        if batch_id and batch_id in known:
            return refuse(Code.ALREADY_EXISTS, "it has had this batch")
        known.add(batch_id)
        return None

    answers(patch, decide)


def takes_nothing_for_an_id(patch: Patch) -> None:
    """Batches without an id are duplicates of each other, within an organization."""
    known = set()

    def decide(asked):
        if asked.call.method != "SendEvents" or asked.message.batch_id:
            return None
        if asked.call.sub in known:
            return refuse(Code.ALREADY_EXISTS, "it has had this batch")
        known.add(asked.call.sub)
        return None

    answers(patch, decide)


def too_large_is(status: grpc.StatusCode):
    def sow(patch: Patch) -> None:
        too_large = Handled.too_large

        def other(self, raw):
            outcome = too_large(self, raw)
            return outcome and Outcome(status, outcome.message)

        patch(Handled, "too_large", other)

    return sow


def loses_places(patch: Patch) -> None:
    """A call that is cancelled keeps its place for ever; a Rodent has five."""
    send_events, under_way = RodentService.send_events, []

    async def limited(self, requests, context):
        rid = unverified_claims(tuple(context.invocation_metadata())).get("rid")
        if under_way.count(rid) >= 5:
            await context.abort(Code.UNAVAILABLE, "too many calls at once")
        under_way.append(rid)
        try:
            response = await send_events(self, requests, context)
        except Exception:
            under_way.remove(rid)
            raise
        under_way.remove(rid)
        return response

    patch(RodentService, "send_events", limited)


# What it stores


def stores(change):
    """It stores something else: a batch of what ``change`` makes of a batch; None is nothing."""

    def sow(patch: Patch) -> None:
        accept = Recording.accept

        def other(self, call, raw, *, batch_id, count):
            batch = change(EventBatch.FromString(raw))
            if batch is not None:
                raw, count = batch.SerializeToString(), len(batch.events)
                accept(self, call, raw, batch_id=batch.batch_id, count=count)

        patch(Recording, "accept", other)

    return sow


def changed_events(change):
    """It stores each event changed."""

    def on_batch(batch):
        for event in batch.events:
            change(event)
        return batch

    return stores(on_batch)


def has_number(batch: EventBatch, number: int) -> bool:
    return str(number) in [event.metadata["suite_number"] for event in batch.events]


def forgets_a_batch(batch):
    return None if has_number(batch, 77) else batch


def halves_large(batch):
    del batch.events[500:]
    return batch


def reversed_events(batch):
    events = list(batch.events)[::-1]
    return EventBatch(events=events, batch_timestamp=batch.batch_timestamp, batch_id=batch.batch_id)


def stores_later(patch: Patch) -> None:
    """It stores a batch half a second after the answer."""
    accept = Recording.accept

    def other(self, call, raw, **more):
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, lambda: accept(self, call, raw, **more))

    patch(Recording, "accept", other)


def swaps_batches(patch: Patch) -> None:
    """It stores the batch with event 21 of a case after the Rodent's next one."""
    accept, kept = Recording.accept, {}

    def other(self, call, raw, *, batch_id, count):
        if has_number(EventBatch.FromString(raw), 21) and count == 5:
            kept[call.rid] = call, raw, batch_id, count
            return
        accept(self, call, raw, batch_id=batch_id, count=count)
        if call.rid in kept:
            call, raw, batch_id, count = kept.pop(call.rid)
            accept(self, call, raw, batch_id=batch_id, count=count)

    patch(Recording, "accept", other)


def stores_before_it_looks(patch: Patch) -> None:
    """It stores a batch before it looks at the token."""
    admit, accept = Handled.admit, Recording.accept

    async def late(self, tokens):
        if self.call.method == "SendEvents" and self.request:
            try:
                batch = EventBatch.FromString(self.request)
            except DecodeError:
                pass
            else:
                accept(
                    self.recording,
                    self.call,
                    self.request,
                    batch_id=batch.batch_id,
                    count=len(batch.events),
                )
        await admit(self, tokens)

    patch(Handled, "admit", late)
    patch(Recording, "accept", lambda *_arguments, **_more: None)


def stores_one_without_id(patch: Patch) -> None:
    """It takes the empty id for one, and stores only the first batch of an organization with it."""
    accept, known = Recording.accept, set()

    def other(self, call, raw, *, batch_id, count):
        if batch_id or call.sub not in known:
            accept(self, call, raw, batch_id=batch_id, count=count)
        if not batch_id:
            known.add(call.sub)

    patch(Recording, "accept", other)


def takes_time_for_id(patch: Patch) -> None:
    """It tells duplicates by the times of their events."""
    accept, known = Recording.accept, set()

    def other(self, call, raw, *, batch_id, count):
        batch = EventBatch.FromString(raw)
        times = tuple(event.timestamp for event in batch.events), len(raw)
        if not batch.events or batch.events[0].timestamp > 1_760_000_000_000 or times not in known:
            accept(self, call, raw, batch_id=batch_id, count=count)
        known.add(times)

    patch(Recording, "accept", other)


def clamps(event) -> None:
    if event.level not in EventLevel.values():
        event.level = 0


def rounds(event) -> None:
    """As JavaScript does: numbers beyond 2⁵³ lose their last digits."""
    kind = event.WhichOneof("event_payload")
    wrapper = getattr(event, kind)
    payload = getattr(wrapper, wrapper.WhichOneof("event_type"))
    for field in payload.DESCRIPTOR.fields:
        value = getattr(payload, field.name)
        if isinstance(value, int) and value > 1 << 53:
            setattr(payload, field.name, min(int(float(value)) - 1024, value - 1))


def only_ascii(event) -> None:
    for wrapper in ("storage_event",):
        if event.WhichOneof("event_payload") == wrapper:
            pool = event.storage_event.pool_event
            pool.pool_name = pool.pool_name.encode("ascii", "replace").decode()


def is_unknown_level(event: Event) -> bool:
    return event.level not in EventLevel.values()


FAULTS = {
    "registers-once": ToggleFault(
        caught(
            "it is registered", "register.again", "register.at-once", "register.key-and-certificate"
        ),
        registers_once,
    ),
    "registers-one-at-a-time": ToggleFault(
        caught("sown: another call is under way", "register.at-once"), one_at_a_time(is_register)
    ),
    "needs-info": ToggleFault(caught("system_info is missing", "register.no-info"), needs_info),
    "needs-health": ToggleFault(
        caught("success=false: 'the node is ill'", "register.filled", "register.unknown-fields"),
        needs_health,
    ),
    "register-knows-all-fields": ToggleFault(
        caught("unknown field", "register.unknown-fields"), knows_all_fields("Register")
    ),
    "register-takes-garbage": ToggleFault(
        caught("ends with OK", "register.garbage"), reads_garbage("Register")
    ),
    "expires-on-in-seconds": ToggleFault(
        caught("expires_on is '1760000000'", "register.expires-on"),
        registers(RegisterResponse(success=True, expires_on="1760000000")),
    ),
    "key-without-certificate": ToggleFault(
        caught("there is no certificate, and a private key", "register.key-and-certificate"),
        registers(RegisterResponse(success=True, private_key="-----BEGIN PRIVATE KEY-----")),
    ),
    "key-of-another": ToggleFault(
        caught("the private key is not the certificate's", "register.key-and-certificate"),
        registers_with_another_key,
    ),
    "register-says-no": ToggleFault(
        caught(
            "success=false: 'sown'",
            "register.again",
            "register.at-once",
            "register.expires-on",
            "register.filled",
            "register.first",
            "register.garbage",
            "register.key-and-certificate",
            "register.no-info",
            "register.unknown-fields",
            "tokens.accepted",
        ),
        registers(RegisterResponse(message="sown")),
    ),
    "says-no-and-stores": ToggleFault(
        caught(
            "success=false: ''",
            "send_events.long-texts",
            "send_events.same-again",
            "send_events.success",
            "stored.once",
        ),
        says_no_to_threes,
    ),
    "lacks-a-payload": ToggleFault(
        caught("sown", "send_events.all-payloads", "stored.content"),
        refuses_events(lambda event: event.HasField("data_transfer_event")),
    ),
    "lacks-a-level": ToggleFault(
        caught("sown", "send_events.all-levels"), refuses_events(lambda event: event.level == 7)
    ),
    "knows-all-fields": ToggleFault(
        caught("unknown field", "send_events.unknown-fields", "stored.unknown-fields"),
        knows_all_fields("SendEvents"),
    ),
    "knows-all-numbers": ToggleFault(
        caught("sown", "send_events.unknown-enums", "stored.unknown-enums"),
        refuses_events(is_unknown_level),
    ),
    "needs-event-ids": ToggleFault(
        caught("sown", "send_events.bare"), refuses_events(lambda event: not event.event_id)
    ),
    "needs-short-texts": ToggleFault(
        caught("sown", "send_events.long-texts"),
        refuses_events(lambda event: len(event.source) > 1000),
    ),
    "fails-at-nothing": ToggleFault(
        caught("sown", "send_events.empty"),
        refuses_batches(lambda batch: not batch.events, Code.UNKNOWN),
    ),
    "needs-small-batches": ToggleFault(
        caught("sown", "send_events.many", "stored.many"),
        refuses_batches(lambda batch: len(batch.events) > 500),
    ),
    "takes-nothing-for-an-id": ToggleFault(
        caught("it has had this batch", "send_events.without-id"), takes_nothing_for_an_id
    ),
    "limit-is-exclusive": ToggleFault(
        caught("ends with RESOURCE_EXHAUSTED", "send_events.largest"),
        options={"max_message_bytes": 4 * 1024 * 1024 - 1},
    ),
    "has-no-limit": ToggleFault(
        caught("ends with OK", "send_events.too-large"),
        options={"max_message_bytes": 64 * 1024 * 1024},
    ),
    "too-large-is-invalid": ToggleFault(
        caught("ends with INVALID_ARGUMENT", "send_events.too-large"),
        too_large_is(Code.INVALID_ARGUMENT),
    ),
    "takes-garbage": ToggleFault(
        caught("ends with OK", "send_events.garbage", "send_events.truncated"),
        reads_garbage("SendEvents"),
    ),
    "garbage-is-unavailable": ToggleFault(
        caught("sown", "register.garbage", "send_events.garbage", "send_events.truncated"),
        mangles_garbage(Code.UNAVAILABLE),
    ),
    "saves-what-is-whole": ToggleFault(
        caught("ends with OK", "send_events.truncated"), saves_what_is_whole
    ),
    "refuses-duplicates": ToggleFault(
        caught("it has had this batch", "send_events.same-again", "stored.once"), refuses_duplicates
    ),
    "sends-one-at-a-time": ToggleFault(
        caught("sown: another call is under way", "send_events.at-once"),
        one_at_a_time(has_six_events),
    ),
    "loses-places": ToggleFault(
        caught("too many calls at once", "send_events.cancelled"), loses_places
    ),
    "stores-duplicates": ToggleFault(
        caught("6 events are stored more than once, such as [1]", "stored.once"),
        options={"deduplicate": False},
    ),
    "stores-one-without-id": ToggleFault(
        caught("of 3 events that were accepted 2 are stored", "stored.without-id"),
        stores_one_without_id,
    ),
    "takes-time-for-id": ToggleFault(
        caught("of 2 events that were accepted 1 are stored", "stored.other-id"),
        takes_time_for_id,
    ),
    "forgets-a-batch": ToggleFault(
        caught("of 100 events that were accepted 90 are stored", "stored.accepted")
        | caught("of 400 events that were accepted", "stored.at-once")
        | caught("of 100 events that were accepted 95 are stored", "stored.order"),
        stores(forgets_a_batch),
    ),
    "halves-large-batches": ToggleFault(
        caught("of 20000 events that were accepted 10000 are stored", "stored.many"),
        stores(halves_large),
    ),
    "stores-later": ToggleFault(
        caught("1 events were acknowledged, and 0 are stored", "stored.before-answer"), stores_later
    ),
    "swaps-batches": ToggleFault(
        caught("events of Rodent 0 are out of order", "stored.at-once")
        | caught("event 21 is stored after event 30", "stored.order"),
        swaps_batches,
    ),
    "reverses-events": ToggleFault(
        caught("events of Rodent 0 are out of order", "stored.at-once")
        | caught("event 4 is stored after event 5", "stored.order"),
        stores(reversed_events),
    ),
    "stores-before-it-looks": ToggleFault(
        caught("1 events are stored of what was refused", "stored.refused"), stores_before_it_looks
    ),
    "drops-unknown-fields": ToggleFault(
        caught("field 1999 is not stored", "stored.unknown-fields"),
        changed_events(lambda event: event.DiscardUnknownFields()),
    ),
    "clamps-numbers": ToggleFault(
        caught(
            "level and category were 4711, and are stored as 0 and 4711", "stored.unknown-enums"
        ),
        changed_events(clamps),
    ),
    "rounds-numbers": ToggleFault(
        caught("boot_time_seconds:", "stored.content"), changed_events(rounds)
    ),
    "only-ascii": ToggleFault(
        caught('pool_name: "tank/dat? ?"', "stored.content"), changed_events(only_ascii)
    ),
}
