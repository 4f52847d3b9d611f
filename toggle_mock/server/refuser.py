"""What never comes as far as to one of the three rpcs: turned away as by gRPC, and recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

import grpc
import grpc.aio

from toggle_mock.recording.records import MESSAGES, SERVICE
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.sinks import Recorder
from toggle_mock.tokens.tokens import Tokens, unverified_claims
from toggle_mock.wording import did_you_mean, shortened

Context = grpc.aio.ServicerContext[bytes, bytes]

METHODS = tuple(f"/{SERVICE}/{method}" for method in MESSAGES)
"""What can be called."""

ROOM = 256 * 1024 * 1024
"""Bytes over its limit that a message may have and still be told of with its size."""


@dataclass(frozen=True)
class Refuser:
    """Records what is turned away."""

    recording: Recorder
    stale_calls: Recorder
    """Where that goes whose token is of an earlier era."""
    tokens: Tokens
    peer_of: Callable[[str], str]
    """The client behind a peer that gRPC names."""

    def call(self, context: Context, method: str, kind: str, details: str) -> Recorder:
        """Record that a call was turned away; returns where."""
        claims = unverified_claims(tuple(context.invocation_metadata() or ()))
        recording = self.recording if self.tokens.is_current(claims) else self.stale_calls
        peer = self.peer_of(context.peer())
        recording.refuse(Refusal(kind, peer, details, shortened(method), claims))
        return recording

    def connection(self, kind: str, peer: str, details: str) -> None:
        """Record that a connection was turned away."""
        self.recording.refuse(Refusal(kind, peer, details))

    async def request(self, method: str, context: Context) -> bytes:
        """The one message of a call, as it came; one that gRPC cannot give is turned away."""
        path = f"/{SERVICE}/{method}"
        try:
            raw: object = await context.read()
        except asyncio.CancelledError:
            self.call(context, path, "unreadable", _UNREADABLE)
            raise
        if not isinstance(raw, bytes):
            await written(self.call(context, path, "unreadable", _UNREADABLE))
            await context.abort(grpc.StatusCode.INTERNAL, "the request has no message")
        return raw


class UnknownMethods(grpc.GenericRpcHandler):
    """Stands behind all other handlers, and turns away the calls that none of them takes."""

    def __init__(self, refuser: Refuser) -> None:
        self._refuser = refuser

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """What ends a call of any kind before its first message is read."""
        method = details.method

        async def refuse(_requests: object, context: Context) -> NoReturn:
            text = f"there is no method {shortened(method)}"
            near = did_you_mean([method], METHODS) or f": there are {', '.join(METHODS)}"
            await written(self._refuser.call(context, method, "unknown_method", text + near))
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")

        return grpc.stream_stream_rpc_method_handler(refuse)


async def written(recording: Recorder) -> None:
    """Wait until what is recorded so far is in the files: nothing goes out before that."""
    if recording.behind:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def resolve() -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(_resolve, done)

        recording.when_written(resolve)
        await done


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():  # its call may have been cancelled
        future.set_result(None)


_UNREADABLE = (
    "it was cut off before its message was whole, has none, or is compressed in a way that is not "
    "known here: gzip and deflate are"
)
