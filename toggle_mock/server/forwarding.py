"""Calls that a Toggle behind the mock answers: their bytes go there, and its answers come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress

import grpc
import grpc.aio

from toggle_mock.clients.upstream import Upstream, path_of
from toggle_mock.recording.records import Metadata
from toggle_mock.rodents.stream import Accepted, Ending, Stream
from toggle_mock.server.answering import Answer, Answering, Asked, Context, Conversation

_OVER = (grpc.aio.AioRpcError, asyncio.InvalidStateError)
"""What a call raises that has ended; how, its reader finds out."""


class ForwardedAnswers(Answering):
    """Has an upstream answer.

    Args:
        upstream: Where calls go.
    """

    def __init__(self, upstream: Upstream) -> None:
        self.upstream: Upstream = upstream
        self._channel: grpc.aio.Channel | None = None

    async def answer(self, asked: Asked) -> Answer:
        """See :meth:`Answering.answer`. The call is cancelled with the task that awaits this."""
        send: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._opened().unary_unary(
            path_of(asked.call.method)
        )
        call = send(asked.raw, metadata=_sent_on(asked.context), timeout=_left(asked.context))
        try:
            response = await call
        except grpc.aio.AioRpcError as error:
            return Answer(
                b"",
                error.code(),
                error.details() or "",
                _plain(error.trailing_metadata()),
                _plain(error.initial_metadata()),
            )
        trailers, headers = await call.trailing_metadata(), await call.initial_metadata()
        return Answer(response, trailers=_plain(trailers), headers=_plain(headers))

    def conversation(self, stream: Stream, context: Context) -> Conversation:
        """See :meth:`Answering.conversation`."""
        stream.others_ask = True
        connect: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = self._opened().stream_stream(
            path_of(stream.call.method)
        )
        return ForwardedConversation(
            connect(metadata=_sent_on(context), timeout=_left(context)), stream
        )

    def other_methods(self) -> grpc.GenericRpcHandler:
        """See :meth:`Answering.other_methods`."""
        return OtherMethods(self._opened)

    def rewind(self) -> None:
        """See :meth:`Answering.rewind`. What the upstream knows, it knows."""

    async def close(self) -> None:
        """See :meth:`Answering.close`."""
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()

    def _opened(self) -> grpc.aio.Channel:
        if self._channel is None:
            self._channel = self.upstream.channel()
        return self._channel


class ForwardedConversation(Conversation):
    """The upstream's side of a stream, which may be long in accepting it, or refuse it.

    Args:
        call: The stream to it.
        stream: The stream of the Rodent.
    """

    accepts_at_once = False

    def __init__(self, call: grpc.aio.StreamStreamCall[bytes, bytes], stream: Stream) -> None:
        self._call = call
        self._outgoing = stream.outgoing

    async def speak(self) -> None:
        """See :meth:`Conversation.speak`. The upstream's stream ends with the Rodent's."""
        call = self._call
        try:
            with suppress(*_OVER):
                headers = _plain(await call.initial_metadata())
                if not call.done():
                    self._outgoing.put_nowait(Accepted(headers))
                while isinstance(raw := await call.read(), bytes):
                    self._outgoing.put_nowait(raw)
                    # No faster than the Rodent takes it.
                    await self._outgoing.join()
            details, trailers = await call.details(), await call.trailing_metadata()
            self._outgoing.put_nowait(Ending(await call.code(), details or "", _plain(trailers)))
        finally:
            call.cancel()

    async def hear(self, raw: bytes) -> None:
        """See :meth:`Conversation.hear`."""
        with suppress(*_OVER):
            await self._call.write(raw)

    async def hear_end(self) -> None:
        """See :meth:`Conversation.hear_end`."""
        with suppress(*_OVER):
            await self._call.done_writing()


class OtherMethods(grpc.GenericRpcHandler):
    """Passes on calls of methods that this schema does not know. They are not recorded.

    Args:
        opened: The channel to the upstream.
    """

    def __init__(self, opened: Callable[[], grpc.aio.Channel]) -> None:
        self._opened = opened

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """What passes on calls of any kind."""
        method = details.method

        async def pass_on(requests: AsyncIterator[bytes], context: Context) -> None:
            open_call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = (
                self._opened().stream_stream(method)
            )
            call = open_call(requests, metadata=_sent_on(context), timeout=_left(context))
            try:
                with suppress(*_OVER):
                    await context.send_initial_metadata(_plain(await call.initial_metadata()))
                    async for response in call:
                        await context.write(response)
                status, details = await call.code(), await call.details() or ""
                trailers = _plain(await call.trailing_metadata())
                if status is not grpc.StatusCode.OK:
                    await context.abort(status, details, trailers)
                context.set_trailing_metadata(trailers)
            finally:
                call.cancel()

        return grpc.stream_stream_rpc_method_handler(pass_on)


def _left(context: Context) -> float | None:
    """The seconds that the caller still waits."""
    left: float | None = context.time_remaining()
    return left


def _sent_on(context: Context) -> Metadata:
    """A call's metadata but for what says which program has made it: that is another here."""
    given = _plain(context.invocation_metadata() or ())
    return tuple((key, value) for key, value in given if key != "user-agent")


def _plain(metadata: Iterable[tuple[str, str | bytes]] | None) -> Metadata:
    return tuple((key, value) for key, value in metadata or ())
