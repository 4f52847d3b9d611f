"""Calls that a recording answers: each gets what the recorded Toggle has answered to the same."""

from __future__ import annotations

import asyncio

import grpc

from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.rodents.stream import Accepted, Ending, Stream
from toggle_mock.server.answering import Answer, Asked, Context, Conversation, OwnAnswers
from toggle_mock.server.recorded_answers import RecordedAnswers

UNRECORDED = "unrecorded"
"""The kind of such a refusal."""

_STAYS_OPEN = {None, "OK", "CANCELLED"}
"""How streams end that Toggle has not ended."""

_REFUSED = grpc.StatusCode.INVALID_ARGUMENT
"""An agent does not wait for another answer then, but finds out which event it is about."""


class ReplayedAnswers(OwnAnswers):
    """Has a recording answer.

    Args:
        recording: The recording.
        name: What it is called.
        is_strict: Whether a call is refused that it has no answer to; else the mock answers it.
    """

    def __init__(self, recording: Recording, name: str, *, is_strict: bool) -> None:
        self._recorded = RecordedAnswers(recording.calls)
        self._name = name
        self._is_strict = is_strict

    async def answer(self, asked: Asked) -> Answer:
        """See :meth:`Answering.answer`."""
        method = asked.call.method
        call = self._recorded.next(method, asked.call.rid, asked.raw)
        if call is None and self._is_strict:
            return Answer(b"", _REFUSED, self._why(method, asked.raw), refusal=UNRECORDED)
        if call is None or (call.status == "OK" and not call.responses):
            return await super().answer(asked)
        status = _status(call)
        return Answer(b"".join(call.responses[-1:]), status, call.details, call.trailers)

    def conversation(self, stream: Stream, context: Context) -> Conversation:
        """See :meth:`Answering.conversation`."""
        call = self._recorded.next("Connect", stream.call.rid)
        if call is not None:
            return ReplayedConversation(call, stream)
        if self._is_strict:
            why = self._why("Connect", b"")
            stream.outgoing.put_nowait(Ending(_REFUSED, why, refusal=UNRECORDED))
        return super().conversation(stream, context)

    def rewind(self) -> None:
        """See :meth:`Answering.rewind`."""
        self._recorded.rewind()

    def _why(self, method: str, request: bytes) -> str:
        """Why a call is refused, in the words of somebody who has to mend it."""
        start = f"{self._name}, which is replayed, has no answer to this {method}"
        if method != "SendEvents":
            return start
        unknown = self._recorded.unknown_events(request)
        if not unknown:
            return f"{start}: its events stand in several batches there, answered differently"
        event = unknown[0]
        wrapper = event.WhichOneof("event_payload")
        inner = getattr(event, wrapper).WhichOneof("event_type") if wrapper else None
        what = f"a {inner or wrapper}" if wrapper else "one without payload"
        first = f"{what} from {event.source!r}"
        return f"{start}: {len(unknown)} of its events are not in it, the first {first}"


class ReplayedConversation(Conversation):
    """The recorded Toggle's side of a stream: each message of it comes when as many have come from
    the Rodent as had come then.

    Args:
        call: The recorded stream.
        stream: The stream of the Rodent.
    """

    accepts_at_once = False

    def __init__(self, call: RecordedCall, stream: Stream) -> None:
        stream.others_ask = True
        self._call = call
        self._outgoing = stream.outgoing
        self._heard = 0
        self._hears = asyncio.Event()

    async def speak(self) -> None:
        """See :meth:`Conversation.speak`."""
        call = self._call
        stays_open = call.status in _STAYS_OPEN
        if stays_open or call.messages:
            self._outgoing.put_nowait(Accepted(()))
        due = 0
        for message in list(call.messages):
            if message.sent:
                await self._until_heard(due)
                self._outgoing.put_nowait(message.raw)
            else:
                due += 1
        if not stays_open:
            await self._until_heard(due)
            self._outgoing.put_nowait(Ending(_status(call), call.details, call.trailers))

    async def hear(self, _raw: bytes) -> None:
        """See :meth:`Conversation.hear`."""
        self._heard += 1
        self._hears.set()

    async def _until_heard(self, count: int) -> None:
        while self._heard < count:
            self._hears.clear()
            await self._hears.wait()


def _status(call: RecordedCall) -> grpc.StatusCode:
    """How a call has ended; a file may say what is no status."""
    return grpc.StatusCode.__members__.get(call.status or "", grpc.StatusCode.UNKNOWN)
