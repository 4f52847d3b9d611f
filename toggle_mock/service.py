"""The three rpcs, on raw bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

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
from toggle_mock.identity import TokenRefusedError, claims_of, redacted
from toggle_mock.recording import RecordedBatch, RecordedCall, Recording

SERVICE = "rodent.RodentService"

M = TypeVar("M", bound=Message)

Context = grpc.aio.ServicerContext[bytes, bytes]


class RodentService:
    """Answers as Toggle does, and records. Requests are taken as bytes and kept as they came."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def handlers(self) -> grpc.GenericRpcHandler:
        """What a server serves; without (de)serializers, so that messages are bytes."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Register": grpc.unary_unary_rpc_method_handler(self.register),
                "Connect": grpc.stream_stream_rpc_method_handler(self.connect),
                "SendEvents": grpc.unary_unary_rpc_method_handler(self.send_events),
            },
        )

    async def register(self, request: bytes, context: Context) -> bytes:
        """Success, and no certificate: the node is registered already."""
        return await self._unary("Register", request, context, self._answer_register)

    async def send_events(self, request: bytes, context: Context) -> bytes:
        """Record the batch and acknowledge it."""
        return await self._unary("SendEvents", request, context, self._answer_send_events)

    async def connect(self, requests: AsyncIterator[bytes], context: Context) -> None:
        """Record each message as it arrives, until the Rodent ends the stream."""
        call = await self._begin("Connect", context)
        try:
            async for request in requests:
                await self._decode(RodentRequest, request, call, context)
                call.messages.append(request)
            call.status = "OK"
        finally:
            call.status = call.status or "CANCELLED"

    async def _unary(
        self,
        method: str,
        request: bytes,
        context: Context,
        answer: Callable[[RecordedCall, bytes, Context], Awaitable[Message]],
    ) -> bytes:
        call = await self._begin(method, context)
        call.messages.append(request)
        response = await answer(call, request, context)
        call.status = "OK"
        return response.SerializeToString()

    async def _answer_register(
        self, call: RecordedCall, request: bytes, context: Context
    ) -> Message:
        await self._decode(RegisterRequest, request, call, context)
        return RegisterResponse(success=True, message="registered")

    async def _answer_send_events(
        self, call: RecordedCall, request: bytes, context: Context
    ) -> Message:
        batch = await self._decode(EventBatch, request, call, context)
        count = len(batch.events)
        self._recording.add_batch(RecordedBatch(call, request, count))
        return EventBatchResponse(success=True, message=f"{count} events recorded")

    async def _begin(self, method: str, context: Context) -> RecordedCall:
        metadata = tuple(context.invocation_metadata() or ())
        call = RecordedCall(method, context.peer(), redacted(metadata))
        self._recording.add_call(call)
        try:
            call.claims = claims_of(metadata)
        except TokenRefusedError as error:
            await self._refuse(call, context, grpc.StatusCode.UNAUTHENTICATED, str(error))
        return call

    async def _decode(
        self, message_type: type[M], raw: bytes, call: RecordedCall, context: Context
    ) -> M:
        try:
            return message_type.FromString(raw)
        except DecodeError as error:
            # The status that gRPC's own deserializers give.
            reason = f"the request is no {message_type.DESCRIPTOR.full_name}: {error}"
            await self._refuse(call, context, grpc.StatusCode.INTERNAL, reason)
            raise

    async def _refuse(
        self, call: RecordedCall, context: Context, code: grpc.StatusCode, details: str
    ) -> None:
        call.status, call.details = code.name, details
        await context.abort(code, details)
