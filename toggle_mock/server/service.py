"""The three rpcs, on raw bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from rodent_events.pb.base_pb2 import (
    EventBatch,
    EventBatchResponse,
    RegisterRequest,
    RegisterResponse,
    RodentRequest,
)
from toggle_mock.errors import TokenRefusedError
from toggle_mock.faults.book import ActiveCallFault, FaultBook
from toggle_mock.faults.distributions import Distribution
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.faults.plans import Incoming
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import MESSAGES, SERVICE, RecordedCall, RecordedMessage
from toggle_mock.recording.refusals import Refusal
from toggle_mock.rodents.register import RodentRegister
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.rodents.stream import Ending, Stream
from toggle_mock.server.refuser import Refuser, written
from toggle_mock.tokens.tokens import Tokens, redacted, unverified_claims

M = TypeVar("M", bound=Message)

Context = grpc.aio.ServicerContext[bytes, bytes]
Code = grpc.StatusCode
Trailers = tuple[tuple[str, str | bytes], ...]


@dataclass
class RodentService:
    """Answers as Toggle does, and records. Requests are taken as bytes and kept as they came."""

    recording: Recording
    stale_calls: Recording
    """Where calls go whose token is of an earlier era: they are answered, and nobody sees them."""
    tokens: Tokens
    book: FaultBook
    rodents: RodentRegister
    refuser: Refuser
    max_message_bytes: int
    """Bytes in a message at the most."""
    heartbeat: float | None = None
    """Seconds between two commands ``system.status`` to each connected Rodent."""
    must_record: bool = True
    """Whether calls are refused once the recording's file can be written to no more."""
    _waiting: dict[ActiveCallFault, set[asyncio.Future[None]]] = field(default_factory=dict)

    def handlers(self) -> grpc.GenericRpcHandler:
        """What a server serves; without (de)serializers, so that messages are bytes.

        Of the calls with one request it is read here, as gRPC would tell nobody that it cannot be.
        """
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Register": grpc.stream_unary_rpc_method_handler(self.register),
                "Connect": grpc.stream_stream_rpc_method_handler(self.connect),
                "SendEvents": grpc.stream_unary_rpc_method_handler(self.send_events),
            },
        )

    def release(self, healed: Sequence[ActiveCallFault]) -> None:
        """Let the calls go on that such faults hold. In the server's event loop."""
        for fault in healed:
            for future in self._waiting.get(fault, ()):
                if not future.done():
                    future.set_result(None)

    async def register(self, _requests: object, context: Context) -> bytes:
        """Success, and no certificate: the node is registered already."""
        request = await self.refuser.request("Register", context)
        async with self._begin("Register", context) as handled:
            await handled.take(request)
            await handled.admit(self.tokens)
            await handled.decoded(RegisterRequest, request)
            answer = RegisterResponse(success=True, message="registered")
            return await self._answer(handled, request, lambda: answer)

    async def send_events(self, _requests: object, context: Context) -> bytes:
        """Record the batch and acknowledge it."""
        request = await self.refuser.request("SendEvents", context)
        async with self._begin("SendEvents", context) as handled:
            await handled.take(request)
            await handled.admit(self.tokens)
            batch = await handled.decoded(EventBatch, request)
            handled.recording.decoded.keep(request, batch)
            count = len(batch.events)

            def accept() -> Message:
                handled.recording.accept(
                    handled.call, request, batch_id=batch.batch_id, count=count
                )
                return EventBatchResponse(success=True, message=f"{count} events recorded")

            return await self._answer(handled, request, accept)

    async def connect(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """Be the stream of a Rodent until one side ends it; Toggle speaks first."""
        async with self._begin("Connect", context) as handled:
            try:
                outcome = await self._accept(handled)
                ending = await self._converse(handled, requests, outcome)
            finally:
                self.rodents.settle(handled.call)
            if ending.status is not Code.OK:
                await handled.abort(Outcome(ending.status, ending.details), ending.trailers)
            handled.context.set_trailing_metadata(ending.trailers)
            handled.end(Code.OK, ending.details)
            await handled.written()

    # Unary calls

    async def _answer(
        self, handled: Handled, request: bytes, usual: Callable[[], Message]
    ) -> bytes:
        outcome, fault = Outcome(), None
        if handled.recording is not self.stale_calls:
            incoming = Incoming(handled.call, request, handled.recording.decoded)
            outcome, fault = self.book.decide(incoming)
        await self._delay(outcome, fault)
        response = usual() if outcome.takes_effect else None
        if outcome.hang:
            await self._hang(handled, fault)
        if outcome.status is not Code.OK:
            await handled.abort(outcome)
        answer = outcome.response or response or _failure(handled.call.method, outcome.message)
        raw = answer.SerializeToString()
        handled.record(raw, sent=True)
        if trailers := outcome.trailing_metadata():
            handled.context.set_trailing_metadata(trailers)
        handled.end(Code.OK, trailers=trailers)
        await handled.written()
        await handled.refuse_unrecorded()
        return raw

    async def _delay(self, outcome: Outcome, fault: ActiveCallFault | None) -> None:
        if outcome.delay and fault is not None:
            assert not isinstance(outcome.delay, Distribution)  # the book has drawn of it
            with suppress(TimeoutError):
                async with asyncio.timeout(outcome.delay):
                    await self._until_healed(fault)

    async def _until_healed(self, fault: ActiveCallFault) -> None:
        if fault.healed:
            return
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(fault, set()).add(released)
        try:
            await released
        finally:
            self._waiting[fault].discard(released)
            if not self._waiting[fault]:
                del self._waiting[fault]

    async def _hang(self, handled: Handled, fault: ActiveCallFault | None) -> NoReturn:
        assert fault is not None
        await self._until_healed(fault)
        await handled.abort(Outcome(Code.UNAVAILABLE, "the call hung until the fault was healed"))

    # The stream

    async def _accept(self, handled: Handled) -> Outcome:
        """What becomes of a stream that is opened, unless it is refused."""
        await handled.admit(self.tokens)
        if handled.recording is self.stale_calls:
            await handled.abort(_EARLIER)
        outcome, fault = self.book.decide(Incoming(handled.call, b""))
        if outcome.delay or outcome.hang:
            self.rodents.settle(handled.call)
        await self._delay(outcome, fault)
        if outcome.hang:
            await self._hang(handled, fault)
        if outcome.status is not Code.OK and not outcome.after_messages:
            await handled.abort(outcome)
        return outcome

    async def _converse(
        self, handled: Handled, requests: AsyncIterator[bytes], outcome: Outcome
    ) -> Ending:
        if not self.tokens.is_current(handled.call.claims):
            await handled.abort(_EARLIER)
        stream = Stream(handled.call, asyncio.get_running_loop())
        # Listed before its Rodent sees that it is accepted: who acts on that reaches it.
        rodent = self.rodents.opened(stream)
        self.rodents.settle(handled.call)
        tasks: list[asyncio.Task[None]] = []
        ending = _GONE
        try:
            # The Rodent sees that its stream is accepted before anything is said.
            await handled.context.send_initial_metadata(())
            tasks.append(asyncio.ensure_future(_listen(handled, rodent, stream, requests, outcome)))
            if self.heartbeat is not None:
                tasks.append(asyncio.ensure_future(_ask_for_status(rodent, self.heartbeat)))
            while not isinstance(item := await stream.outgoing.get(), Ending):
                handled.record(item, sent=True)
                await handled.written()
                if handled.unrecorded:
                    item = Ending(Code.UNAVAILABLE, handled.unrecorded)
                    break
                await handled.context.write(item)
            ending = item
        finally:
            # Who sees the call's end sends nothing into it any more; who sees that the Rodent is
            # not connected any more finds the call ended.
            stream.ending = True
            handled.end(ending.status, ending.details)
            self.rodents.closed(rodent, stream, ending)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return ending

    def _begin(self, method: str, context: Context) -> Handled:
        metadata = tuple(context.invocation_metadata() or ())
        claims = unverified_claims(metadata)
        recording = self.recording if self.tokens.is_current(claims) else self.stale_calls
        peer = self.refuser.peer_of(context.peer())
        call = RecordedCall(method, peer, redacted(metadata), claims=claims)
        if method == "Connect":
            self.rodents.expect(call)
        recording.begin(call)
        return Handled(call, context, recording, metadata, self.max_message_bytes, self.must_record)


@dataclass
class Handled:
    """A call that is being handled; recorded as CANCELLED if it ends without a word."""

    call: RecordedCall
    context: Context
    recording: Recording
    metadata: Sequence[tuple[str, str | bytes]]
    max_message_bytes: int
    must_record: bool

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None or isinstance(exc, asyncio.CancelledError):
            self.end(_GONE.status, _GONE.details)
        else:  # what a matcher or an outcome of the test's author has raised
            self.end(Code.UNKNOWN, f"Unexpected {type(exc).__name__}: {exc}")

    async def take(self, request: bytes) -> None:
        """Record the one request of a call; end the call if it is over the limit."""
        if outcome := self.too_large(request):
            await self.abort(outcome)
        self.record(request, sent=False)

    def too_large(self, raw: bytes) -> Outcome | None:
        """How the call ends, in gRPC's own words, if a message is over the limit."""
        if len(raw) <= self.max_message_bytes:
            return None
        sizes = f"({len(raw)} vs. {self.max_message_bytes})"
        text = f"SERVER: Received message larger than max {sizes}"
        self.refuse("too_large", text)
        return Outcome(Code.RESOURCE_EXHAUSTED, text)

    def refuse(self, kind: str, details: str) -> None:
        """Record that the call is turned away before anything answers it."""
        call = self.call
        method = f"/{SERVICE}/{call.method}"
        refusal = Refusal(kind, call.peer, details, method, call.claims, call=call.number)
        self.recording.refuse(refusal)

    def record(self, raw: bytes, *, sent: bool) -> RecordedMessage:
        """Record a message."""
        return self.recording.message(self.call, raw, sent=sent)

    def end(
        self,
        status: grpc.StatusCode,
        details: str = "",
        trailers: Sequence[tuple[str, str | bytes]] = (),
    ) -> None:
        """Record how it ended, unless that is recorded already."""
        if self.call.status is None:
            self.recording.end(self.call, status.name, details, redacted(trailers))

    async def written(self) -> None:
        """Wait until what is recorded so far is in the files: nothing goes out before that."""
        await written(self.recording)

    @property
    def unrecorded(self) -> str | None:
        """Why it is not in a file that it must be in; None if it is, or will be."""
        return self.recording.failure if self.must_record else None

    async def refuse_unrecorded(self) -> None:
        """End it if it is not in a file that it must be in."""
        if failure := self.unrecorded:
            # What it ended with before is in no file, and was told to nobody.
            self.recording.end(self.call, Code.UNAVAILABLE.name, failure)
            await self.context.abort(Code.UNAVAILABLE, failure)

    async def abort(self, outcome: Outcome, trailers: Trailers = ()) -> NoReturn:
        """End it with a status, and what belongs to that."""
        trailers = trailers or outcome.trailing_metadata()
        self.end(outcome.status, outcome.message, trailers)
        await self.written()
        await self.context.abort(outcome.status, outcome.message, trailers)

    async def admit(self, tokens: Tokens) -> None:
        """End it unless its token is accepted, and it can be recorded."""
        await self.refuse_unrecorded()
        try:
            tokens.verified(self.metadata)
        except TokenRefusedError as error:
            await self.abort(Outcome(error.code, str(error)))

    async def decoded(self, message_type: type[M], raw: bytes) -> M:
        """A message; if it is none, the call ends as gRPC's own deserializers end it."""
        try:
            return message_type.FromString(raw)
        except DecodeError as error:
            text = self.undecodable(message_type, error)
            await self.abort(Outcome(Code.INTERNAL, text))

    def undecodable(self, message_type: type[Message], error: DecodeError) -> str:
        """Record that a message is none; returns what is to be said of it."""
        text = f"the request is no {message_type.DESCRIPTOR.full_name}: {error}"
        self.refuse("undecodable", text)
        return text


_EARLIER = Outcome(Code.UNAVAILABLE, "the token is of an earlier test")

_GONE = Ending(Code.CANCELLED, "the other side is gone")

# grpc.aio tells of a cancelled stream twice, in no fixed order: its messages end, its handler is
# cancelled. Taking the first for the Rodent's own end would record OK.
CANCELLED_WITHIN = 0.1  # seconds


async def _listen(
    handled: Handled,
    rodent: Rodent,
    stream: Stream,
    requests: AsyncIterator[bytes],
    outcome: Outcome,
) -> None:
    """Take what the Rodent sends; at its end, or after so many messages, end the stream."""
    ending = Ending(Code.OK, "the Rodent ended the stream")
    count = 0
    async for raw in requests:
        if too_large := handled.too_large(raw):
            ending = Ending(too_large.status, too_large.message)
            break
        message = handled.record(raw, sent=False)
        try:
            request = RodentRequest.FromString(raw)
        except DecodeError as error:
            ending = Ending(Code.INTERNAL, handled.undecodable(RodentRequest, error))
            break
        rodent.received(stream, message, request)
        await handled.written()
        if handled.unrecorded:
            ending = Ending(Code.UNAVAILABLE, handled.unrecorded)
            break
        count += 1
        if count == outcome.after_messages:
            ending = Ending(outcome.status, outcome.message, outcome.trailing_metadata())
            break
    else:  # a stream that is cancelled ends like this too: only then this task is cancelled
        await asyncio.sleep(CANCELLED_WITHIN)
    stream.put(ending)


async def _ask_for_status(rodent: Rodent, pause: float) -> None:
    """Toggle's heartbeat."""
    asked = None
    while True:
        if asked is not None:
            asked.cancel()  # one that is not answered is not waited for any more
        asked = rodent.start_command("system.status", timeout=0.0)
        await asyncio.sleep(pause)


def _failure(method: str, message: str) -> Message:
    """The answer that says no."""
    return MESSAGES[method][True](success=False, message=message)
