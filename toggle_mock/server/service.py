"""The three rpcs, on raw bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from rodent_events.pb.base_pb2 import EventBatch, RodentRequest
from toggle_mock.errors import TokenRefusedError
from toggle_mock.faults.book import ActiveCallFault, FaultBook
from toggle_mock.faults.distributions import Distribution
from toggle_mock.faults.outcomes import Outcome
from toggle_mock.faults.outflow import Outflow
from toggle_mock.faults.plans import Incoming
from toggle_mock.faults.spec import as_text
from toggle_mock.recording.records import MESSAGES, SERVICE, Metadata, RecordedCall, RecordedMessage
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.sinks import Recorder
from toggle_mock.rodents.register import RodentRegister
from toggle_mock.rodents.rodent import Rodent, command
from toggle_mock.rodents.stream import Accepted, Ending, Stream
from toggle_mock.server.answering import Answer, Answering, Asked, Conversation, OwnAnswers
from toggle_mock.server.refuser import Refuser, written
from toggle_mock.tokens.redaction import without_secrets
from toggle_mock.tokens.tokens import Tokens, redacted, unverified_claims

Context = grpc.aio.ServicerContext[bytes, bytes]
Code = grpc.StatusCode


@dataclass
class RodentService:
    """Answers as Toggle does, and records. Requests are taken as bytes and kept as they came."""

    recording: Recorder
    stale_calls: Recorder
    """Where calls go whose token is of an earlier era: they are answered, and nobody sees them."""
    tokens: Tokens
    book: FaultBook
    rodents: RodentRegister
    answering: Answering
    refuser: Refuser
    max_message_bytes: int
    """Bytes in a message at the most."""
    heartbeat: float | None = None
    """Seconds between two commands ``system.status`` to each connected Rodent."""
    must_record: bool = True
    """Whether calls are refused once the recording's file can be written to no more."""
    ahead: float = 0.0
    """Seconds by which the server's clock is ahead."""
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
        """Answer a Rodent's first call."""
        return await self._unary("Register", context)

    async def send_events(self, _requests: object, context: Context) -> bytes:
        """Answer a batch, and record it once it is accepted."""
        return await self._unary("SendEvents", context)

    async def connect(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """Be the stream of a Rodent until one side ends it; Toggle speaks first."""
        async with self._begin("Connect", context) as handled:
            try:
                outcome, fault = await self._accept(handled)
                ending = await self._converse(handled, requests, outcome, fault)
            finally:
                self.rodents.settle(handled.call)
            if ending.refusal:
                handled.refuse(ending.refusal, ending.details)
            if ending.status is not Code.OK:
                await handled.abort(Outcome(ending.status, ending.details), ending.trailers)
            handled.context.set_trailing_metadata(ending.trailers)
            handled.end(Code.OK, ending.details, ending.trailers)
            await handled.written()

    # Unary calls

    async def _unary(self, method: str, context: Context) -> bytes:
        request = await self.refuser.request(method, context)
        async with self._begin(method, context) as handled:
            recorded = await handled.take(request)
            await handled.admit(self.tokens)
            message = await handled.decoded(recorded)
            if isinstance(message, EventBatch):
                handled.recording.decoded.keep(recorded, message)
            return await self._answer(handled, Asked(handled.call, request, message, context))

    async def _answer(self, handled: Handled, asked: Asked) -> bytes:
        outcome, fault = Outcome(), None
        if handled.recording is not self.stale_calls:
            incoming = Incoming(handled.call, handled.request, handled.recording.decoded)
            outcome, fault = await self._decide(incoming)
        await self._delay(outcome, fault)
        answer = await self._take_effect(handled, asked) if outcome.takes_effect else None
        if outcome.hang:
            await self._hang(handled, fault)
        if outcome.status is not Code.OK:
            await handled.abort(outcome)
        if answer is None or outcome.response is not None:
            instead = outcome.response or _failure(handled.call.method, outcome.message)
            answer = Answer(instead.SerializeToString())
        if answer.headers:
            await handled.context.send_initial_metadata(answer.headers)
        if answer.status is not Code.OK:
            await handled.abort(Outcome(answer.status, answer.details), answer.trailers)
        handled.record(answer.response, sent=True)
        if trailers := (*answer.trailers, *outcome.trailing_metadata()):
            handled.context.set_trailing_metadata(trailers)
        handled.end(Code.OK, trailers=trailers)
        await handled.written()
        await handled.refuse_unrecorded()
        return answer.response

    async def _decide(self, incoming: Incoming) -> tuple[Outcome, ActiveCallFault | None]:
        """What becomes of a call, and which fault says so; that is recorded with its end."""
        if self.book.asks:
            outcome, fault = await asyncio.to_thread(self.book.decide, incoming)
        else:
            outcome, fault = self.book.decide(incoming)
        if fault is not None:
            incoming.call.fault = as_text(fault.spec)
        return outcome, fault

    async def _take_effect(self, handled: Handled, asked: Asked) -> Answer:
        """Have done what the call asks for; a batch that is accepted is recorded as such."""
        answering = OwnAnswers() if handled.recording is self.stale_calls else self.answering
        answer = await answering.answer(asked)
        if answer.refusal:
            handled.refuse(answer.refusal, answer.details)
        batch = asked.message
        if isinstance(batch, EventBatch) and answer.is_success(handled.call.method):
            handled.recording.accept(
                handled.call, handled.request, batch_id=batch.batch_id, count=len(batch.events)
            )
        return answer

    async def _delay(self, outcome: Outcome, fault: ActiveCallFault | None) -> None:
        if outcome.delay and fault is not None:
            assert not isinstance(outcome.delay, Distribution)  # the book has drawn of it
            await self._pause(outcome.delay, fault)

    async def _pause(self, seconds: float, fault: ActiveCallFault) -> None:
        """Wait so long, or until the fault is healed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
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

    async def _accept(self, handled: Handled) -> tuple[Outcome, ActiveCallFault | None]:
        """What becomes of a stream that is opened, unless it is refused."""
        await handled.admit(self.tokens)
        if handled.recording is self.stale_calls:
            await handled.abort(_EARLIER)
        outcome, fault = await self._decide(Incoming(handled.call, b""))
        if outcome.delay or outcome.hang:
            self.rodents.settle(handled.call)
        await self._delay(outcome, fault)
        if outcome.hang:
            await self._hang(handled, fault)
        if outcome.status is not Code.OK and not outcome.after_messages:
            await handled.abort(outcome)
        return outcome, fault

    async def _hindered(
        self, requests: AsyncIterator[bytes], outcome: Outcome, fault: ActiveCallFault
    ) -> AsyncIterator[bytes]:
        """The same requests, of which gRPC is asked as late as the fault says, and so their end."""
        async for request in requests:
            yield request
            if outcome.read_pause:
                await self._pause(outcome.read_pause, fault)
        if outcome.half_closed:
            await self._until_healed(fault)

    async def _tell_healed(self, stream: Stream, fault: ActiveCallFault) -> None:
        await self._until_healed(fault)
        stream.outgoing.put_nowait(None)

    async def _converse(
        self,
        handled: Handled,
        requests: AsyncIterator[bytes],
        outcome: Outcome,
        fault: ActiveCallFault | None,
    ) -> Ending:
        if not self.tokens.is_current(handled.call.claims):
            await handled.abort(_EARLIER)
        stream = Stream(handled.call, asyncio.get_running_loop())
        conversation = self.answering.conversation(stream, handled.context)
        # Listed before its Rodent sees that it is accepted: who acts on that reaches it.
        handled.recording.opened(handled.call)
        rodent = self.rodents.opened(stream)
        self.rodents.settle(handled.call)
        tasks: list[asyncio.Task[None]] = []
        ending = _GONE
        try:
            await handled.written()
            # The Rodent sees that its stream is accepted before anything is said.
            if conversation.accepts_at_once:
                await handled.context.send_initial_metadata(())
            tasks.append(asyncio.ensure_future(conversation.speak()))
            if fault is not None and outcome.is_of_a_stream:
                requests = self._hindered(requests, outcome, fault)
                tasks.append(asyncio.ensure_future(self._tell_healed(stream, fault)))
            heard = _listen(handled, rodent, stream, requests, outcome, conversation=conversation)
            tasks.append(asyncio.ensure_future(heard))
            if self.heartbeat is not None:
                tasks.append(asyncio.ensure_future(_ask_for_status(rodent, self.heartbeat)))
            ending = await _say(handled, stream, Outflow(outcome.copies, outcome.group))
        finally:
            # Who sees the call's end sends nothing into it any more; who sees that the Rodent is
            # not connected any more finds the call ended.
            stream.ending = True
            handled.end(ending.status, ending.details, ending.trailers)
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
        return Handled(
            call,
            context,
            recording,
            metadata,
            self.max_message_bytes,
            self.must_record,
            self.answering.upstream is not None,
            self.ahead,
        )


@dataclass
class Handled:
    """A call that is being handled; recorded as CANCELLED if it ends without a word."""

    call: RecordedCall
    context: Context
    recording: Recorder
    metadata: Sequence[tuple[str, str | bytes]]
    max_message_bytes: int
    must_record: bool
    is_elsewhere: bool
    """Whether a Toggle elsewhere answers."""
    ahead: float
    """Seconds by which the clock is ahead that tokens are judged by."""
    request: bytes = b""
    """The one request of a call that has one, as it is recorded."""

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

    async def take(self, request: bytes) -> bytes:
        """Record the one request of a call; end the call if it is over the limit.

        Returns:
            The request, as it is recorded.
        """
        if outcome := self.too_large(request):
            await self.abort(outcome)
        self.request = self.record(request, sent=False).raw
        return self.request

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
        """Record a message; of what is said to and by a Toggle elsewhere, without secrets."""
        raw = without_secrets(raw) if self.is_elsewhere else raw
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

    async def abort(self, outcome: Outcome, trailers: Metadata = ()) -> NoReturn:
        """End it with a status, and what belongs to that."""
        trailers = trailers or outcome.trailing_metadata()
        self.end(outcome.status, outcome.message, trailers)
        await self.written()
        await self.context.abort(outcome.status, outcome.message, trailers)

    async def admit(self, tokens: Tokens) -> None:
        """End it unless its token is accepted, and it can be recorded."""
        await self.refuse_unrecorded()
        try:
            if self.is_elsewhere:  # which looks at it itself
                tokens.refuse_revoked(self.call.claims)
            else:
                tokens.verified(self.metadata, self.ahead)
        except TokenRefusedError as error:
            await self.abort(Outcome(error.code, str(error)))

    async def decoded(self, raw: bytes) -> Message | None:
        """Its request; if it is none, the call ends as gRPC's own deserializers end it.

        None if a Toggle elsewhere may understand it.
        """
        message_type = MESSAGES[self.call.method][False]
        try:
            return message_type.FromString(raw)
        except DecodeError as error:
            if self.is_elsewhere:
                return None
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


async def _say(handled: Handled, stream: Stream, outflow: Outflow) -> Ending:
    """Send what is to be said over a stream until it is to end; returns how."""
    said = False
    while not isinstance(item := await stream.outgoing.get(), Ending):
        if isinstance(item, Accepted):
            if not said:  # or else the first message has brought other headers already
                await handled.context.send_initial_metadata(item.headers)
        else:
            for message in outflow.be_usual() if item is None else outflow.take(item):
                handled.record(message, sent=True)
                await handled.written()
                if handled.unrecorded:
                    return Ending(Code.UNAVAILABLE, handled.unrecorded)
                await handled.context.write(message)
                said = True
        stream.outgoing.task_done()
    return item


async def _listen(
    handled: Handled,
    rodent: Rodent,
    stream: Stream,
    requests: AsyncIterator[bytes],
    outcome: Outcome,
    *,
    conversation: Conversation,
) -> None:
    """Take what the Rodent sends; at its end, or after so many messages, end the stream."""
    ending: Ending | None
    count = 0
    async for raw in requests:
        if too_large := handled.too_large(raw):
            ending = Ending(too_large.status, too_large.message)
            break
        message = handled.record(raw, sent=False)
        try:
            request = RodentRequest.FromString(raw)
        except DecodeError as error:
            if not handled.is_elsewhere:
                ending = Ending(Code.INTERNAL, handled.undecodable(RodentRequest, error))
                break
            request = RodentRequest()
        if stream.others_ask and not rodent.asked(stream, request):
            await conversation.hear(raw)
        else:
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
        ending = await conversation.hear_end()
    if ending is not None:
        stream.put(ending)


async def _ask_for_status(rodent: Rodent, pause: float) -> None:
    """Toggle's heartbeat."""
    asked = None
    while True:
        if asked is not None:
            asked.cancel()  # one that is not answered is not waited for any more
        asked = rodent.ask_here(command("system.status"), "command_response")
        await asyncio.sleep(pause)


def _failure(method: str, message: str) -> Message:
    """The answer that says no."""
    return MESSAGES[method][True](success=False, message=message)
