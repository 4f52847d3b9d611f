"""Faults of a Toggle in what it does on Connect streams."""

from __future__ import annotations

import asyncio
from itertools import count

import grpc

from support.sown.toggle_fault import Patch, ToggleFault, caught
from toggle_mock.rodents import rodent as rodents
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.rodents.stream import Ending
from toggle_mock.server.answering import Conversation
from toggle_mock.server.service import Handled, RodentService
from toggle_mock.tokens.tokens import unverified_claims

Code = grpc.StatusCode


def lives_for(seconds: float):
    """It ends each stream after a time."""

    def sow(patch: Patch) -> None:
        opened = Rodent.opened

        def ending(self, stream):
            opened(self, stream)
            end = Ending(Code.UNAVAILABLE, "sown: idle for too long")
            stream.loop.call_later(seconds, stream.outgoing.put_nowait, end)

        patch(Rodent, "opened", ending)

    return sow


def ends_at_batches(patch: Patch) -> None:
    """A Rodent that sends events loses its streams."""
    send_events = RodentService.send_events

    async def other(self, requests, context):
        claims = unverified_claims(tuple(context.invocation_metadata()))
        for one in self.rodents.all():
            if one.rid == claims.get("rid"):
                one.end_streams(Ending(Code.UNAVAILABLE, "sown: it sends events"))
        return await send_events(self, requests, context)

    patch(RodentService, "send_events", other)


def beats(most: int, *, needs_answers: bool = False):
    """It sends so many heartbeats on a stream, and no more; or each after an answer only."""

    def sow(patch: Patch) -> None:
        ask_here, counts = Rodent.ask_here, {}

        def ask(self, *arguments):
            calls = self.calls
            key = calls[-1].number
            counts[key] = counts.get(key, 0) + 1
            answered = sum(1 for message in calls[-1].messages if not message.sent)
            if counts[key] > most + (answered if needs_answers else 0):
                counts[key] -= 1
                return _Never()
            return ask_here(self, *arguments)

        patch(Rodent, "ask_here", ask)

    return sow


class _Never:
    def cancel(self) -> None:
        pass


def ids(make):
    """Its request ids are these."""

    def sow(patch: Patch) -> None:
        patch(rodents, "new_id", make)

    return sow


def counts_ids_per_stream(patch: Patch) -> None:
    """The first request of each stream has the id 1."""
    opened, ask_here, numbers = Rodent.opened, Rodent.ask_here, {}

    def begin(self, stream):
        numbers[self.rid] = count(1)
        opened(self, stream)

    def ask(self, request, *arguments):
        request.request_id = str(next(numbers[self.rid]))
        return ask_here(self, request, *arguments)

    patch(Rodent, "opened", begin)
    patch(Rodent, "ask_here", ask)


def ends_at(wrong, status: grpc.StatusCode = Code.INVALID_ARGUMENT):
    """A message that it does not expect ends its stream."""

    def sow(patch: Patch) -> None:
        received = Rodent.received

        def strict(self, stream, message, request):
            if wrong(stream, request):
                stream.put(Ending(status, "sown: unexpected"))
            received(self, stream, message, request)

        patch(Rodent, "received", strict)

    return sow


def is_of(kind: str):
    return lambda _stream, request: request.WhichOneof("payload") == kind


def is_unknown_answer(stream, request) -> bool:
    """Nothing on this stream had the id."""
    asked = [one.message.request_id for one in stream.call.messages if one.sent]
    is_answer = request.WhichOneof("payload") == "command_response"
    return is_answer and request.command_response.request_id not in asked


def is_late_answer(_stream, request) -> bool:
    """One that it has had already, on whichever stream."""
    if request.WhichOneof("payload") != "command_response" or not request.request_id:
        return False
    is_known = request.request_id in _ANSWERED
    _ANSWERED.add(request.request_id)
    return is_known


_ANSWERED: set[str] = set()


def is_long_id(_stream, request) -> bool:
    return len(request.request_id) > 1000


def garbage_ends_the_connection(patch: Patch) -> None:
    """What it cannot read ends all streams of the connection, also one that opens just then."""
    undecodable, streams, ended = Handled.undecodable, [], set()
    opened = Rodent.opened

    def noting(self, stream):
        streams.append(stream)
        opened(self, stream)
        end()

    def ending(self, message_type, error):
        if self.call.method == "Connect":
            ended.add(self.call.peer)
            end()
        return undecodable(self, message_type, error)

    def end():
        for stream in streams:
            if stream.call.peer in ended:
                stream.put(Ending(Code.INTERNAL, "sown: garbage on the connection"))

    patch(Rodent, "opened", noting)
    patch(Handled, "undecodable", ending)


def garbage_is_the_end(patch: Patch) -> None:
    """What it cannot read it takes for the end of the stream."""
    abort = Handled.abort

    async def lax(self, outcome, trailers=()):
        if self.call.method == "Connect" and outcome.status is Code.INTERNAL:
            return
        await abort(self, outcome, trailers)

    patch(Handled, "abort", lax)


def half_closed(ending: Ending | None):
    """So it ends a stream whose Rodent has nothing more to say; None is not at all."""

    def sow(patch: Patch) -> None:
        async def hear_end(_self):
            return ending

        patch(Conversation, "hear_end", hear_end)

    return sow


def refuse_streams(patch: Patch, reason) -> None:
    """Refuse a stream for a reason, which gets the Rodent; None takes it."""
    connect = RodentService.connect

    async def strict(self, requests, context):
        claims = unverified_claims(tuple(context.invocation_metadata()))
        if (text := reason(self, claims)) is not None:
            await context.abort(Code.RESOURCE_EXHAUSTED, text)
        await connect(self, requests, context)

    patch(RodentService, "connect", strict)


def refuses_streams(reason):
    return lambda patch: refuse_streams(patch, reason)


def one_stream(service, claims) -> str | None:
    rid = claims.get("rid")
    connected = [one.rid for one in service.rodents.all() if one.connected]
    return "sown: it is connected already" if rid in connected else None


def connects_once_in_a_while(patch: Patch) -> None:
    """It refuses a Rodent that connects again within 0.3 seconds."""
    last: dict[str, float] = {}

    def reason(_service, claims) -> str | None:
        now, rid = asyncio.get_running_loop().time(), claims.get("rid", "")
        soon = now - last.get(rid, -1.0) < 0.3
        last[rid] = now
        return "sown: it connects too often" if soon else None

    refuse_streams(patch, reason)


def twenty_streams(service, claims) -> str | None:
    sub = claims.get("sub")
    connected = [one for one in service.rodents.all() if one.connected and one.sub == sub]
    return "sown: too many streams" if len(connected) >= 20 else None


def serves_in_turns(patch: Patch) -> None:
    """All streams share one place from which something is written."""
    begin = RodentService.connect
    lock = asyncio.Lock()

    async def connect(self, requests, context):
        write = context.write

        async def in_turn(message):
            async with lock:
                await write(message)

        await begin(self, requests, _Writing(context, in_turn))

    patch(RodentService, "connect", connect)


class _Writing:
    """A context that writes in another way."""

    def __init__(self, context, write) -> None:
        self._context, self.write = context, write

    def __getattr__(self, name: str):
        return getattr(self._context, name)


FAULTS = {
    "ends-idle-streams": ToggleFault(
        caught("sown: idle for too long", "connect.idle"), lives_for(2.5)
    ),
    "ends-streams-at-batches": ToggleFault(
        caught(
            "UNAVAILABLE (sown: it sends events)",
            "connect.again",
            "connect.deaf",
            "connect.many",
            "connect.stays",
            "connect.twice",
        ),
        ends_at_batches,
    ),
    "never-speaks": ToggleFault(
        caught(
            "Toggle has said nothing",
            "connect.deaf",
            "connect.goes-on",
            "connect.late-answer",
            "connect.no-reply",
            "connect.request-ids",
            "connect.speaks-first",
        ),
        beats(0),
    ),
    "speaks-once": ToggleFault(
        caught(
            "Toggle has said nothing",
            "connect.deaf",
            "connect.goes-on",
            "connect.late-answer",
            "connect.no-reply",
            "connect.request-ids",
        ),
        beats(1),
    ),
    "needs-answers": ToggleFault(
        caught("Toggle has said nothing", "connect.no-reply"), beats(1, needs_answers=True)
    ),
    "counts-ids-per-stream": ToggleFault(
        caught("of 6 requests, several have the request_id ['1']", "connect.request-ids"),
        counts_ids_per_stream,
    ),
    "has-one-id": ToggleFault(
        caught("of 6 requests, several have the request_id ['1']", "connect.request-ids"),
        ids(lambda: "1"),
    ),
    "has-no-ids": ToggleFault(
        caught("a request has an empty request_id", "connect.request-ids"), ids(lambda: "")
    ),
    "ends-at-unknown-answers": ToggleFault(
        caught(
            "sown: unexpected",
            "connect.half-close",
            "connect.late-answer",
            "connect.strange-ids",
            "connect.unknown-answer",
        ),
        ends_at(is_unknown_answer),
    ),
    "ends-at-late-answers": ToggleFault(
        caught("sown: unexpected", "connect.late-answer"), ends_at(is_late_answer)
    ),
    "ends-at-long-ids": ToggleFault(
        caught("sown: unexpected", "connect.strange-ids"), ends_at(is_long_id)
    ),
    "ends-at-acks": ToggleFault(
        caught("sown: unexpected", "connect.unasked-ack"), ends_at(is_of("ack"))
    ),
    "ends-at-notifications": ToggleFault(
        caught(
            "the stream has ended with UNIMPLEMENTED (sown: unexpected)", "connect.other-messages"
        ),
        ends_at(is_of("event"), Code.UNIMPLEMENTED),
    ),
    "ends-at-nothing": ToggleFault(
        caught("sown: unexpected", "connect.other-messages"), ends_at(is_of(None))
    ),
    "garbage-ends-the-connection": ToggleFault(
        caught("sown: garbage on the connection", "connect.garbage"), garbage_ends_the_connection
    ),
    "garbage-is-the-end": ToggleFault(
        caught("after garbage, the stream has ended with OK", "connect.garbage"), garbage_is_the_end
    ),
    "does-not-hear-the-end": ToggleFault(
        caught("the stream is open", "connect.half-close"), half_closed(None)
    ),
    "ends-as-cancelled": ToggleFault(
        caught("the stream has ended with CANCELLED", "connect.half-close"),
        half_closed(Ending(Code.CANCELLED, "sown")),
    ),
    "one-stream-for-each": ToggleFault(
        caught("sown: it is connected already", "connect.twice"), refuses_streams(one_stream)
    ),
    "one-connect-in-a-while": ToggleFault(
        caught("sown: it connects too often", "connect.again"), connects_once_in_a_while
    ),
    "twenty-streams": ToggleFault(
        caught("sown: too many streams", "connect.many"), refuses_streams(twenty_streams)
    ),
    "serves-in-turns": ToggleFault(
        caught("Toggle has said nothing", "connect.deaf"), serves_in_turns
    ),
}
