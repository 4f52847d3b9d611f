"""Rpcs that changed, tried against a live server of the other schema.

A client of one schema sends zero, one and two messages, and a server of the other answers as it
understands the method. Servers and clients are gRPC's own for Python; those of other languages
agree on the statuses, which https://grpc.github.io/grpc/core/md_doc_statuscodes.html lists.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import MethodDescriptor

from toggle_mock import dialing
from toggle_mock.compat.messages.diff import Effect
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.loop_thread import refuse_greenlets
from toggle_mock.schema import Schema

COUNTS = (0, 1, 2)
"""How many messages are tried in each direction."""

_TIMEOUT = 3.0
_NO_MESSAGE = "OK without a message"


@dataclass(frozen=True)
class Shape:
    """How many messages go each way."""

    client_streaming: bool
    server_streaming: bool

    @property
    def kind(self) -> str:
        """What gRPC calls it, such as ``unary_stream``."""
        words = {False: "unary", True: "stream"}
        return f"{words[self.client_streaming]}_{words[self.server_streaming]}"

    def __str__(self) -> str:
        words = {False: "one", True: "a stream"}
        return f"{words[self.client_streaming]} in, {words[self.server_streaming]} out"


@dataclass(frozen=True)
class Trial:
    """One call, as either side saw it."""

    sent: int
    """Messages that the client sent."""
    seen: int
    """Messages that the server's handler got."""
    answered: int
    """Messages that the handler answered with."""
    got: int
    """Messages that the client got."""
    status: str
    """The status that the client saw, such as ``OK``; DEADLINE_EXCEEDED if it would hang."""

    @property
    def effect(self) -> Effect | None:
        """What became of the call; None if all arrived."""
        if self.status != "OK":
            return Effect.UNREADABLE
        return Effect.IGNORED if (self.seen, self.got) != (self.sent, self.answered) else None

    def __str__(self) -> str:
        return (
            f"{self.sent} sent, {self.seen} seen; "
            f"{self.answered} answered, {self.got} got; {self.status}"
        )


def shape(method: MethodDescriptor) -> Shape:
    """The shape of a method."""
    return Shape(method.client_streaming, method.server_streaming)


Change: TypeAlias = tuple[Shape, Shape | None]
"""How a client calls an rpc, and how the server has it; None if it has not."""


def changed_rpcs(client: Schema, server: Schema) -> dict[str, Change]:
    """The rpcs of a client's schema that a server's has in another shape, or, None, not at all."""
    theirs = SchemaIndex(server).rpcs
    shapes = {
        name: (shape(method), shape(theirs[name]) if name in theirs else None)
        for name, method in SchemaIndex(client).rpcs.items()
    }
    return {name: (ours, other) for name, (ours, other) in shapes.items() if ours != other}


def try_out(rpcs: Mapping[str, Change]) -> dict[str, list[Trial]]:
    """Call each rpc with as many messages as its client may send, and be answered with as many as
    its server may send.

    Args:
        rpcs: What changed, by full name.

    Raises:
        UnsupportedError: gevent or eventlet has replaced threads.
    """
    if not rpcs:
        return {}
    refuse_greenlets()
    handlers = _Handlers({name: theirs for name, (_, theirs) in rpcs.items()})
    with _server(handlers) as channel:
        trials: dict[str, list[Trial]] = {name: [] for name in rpcs}
        for name, (ours, theirs) in rpcs.items():
            for sent in _counts(ours.client_streaming):
                for answered in _counts(theirs is not None and theirs.server_streaming):
                    handlers.expect(answered)
                    trials[name].append(_call(channel, handlers, name, ours, sent))
        return trials


def _counts(streaming: bool) -> Sequence[int]:
    return COUNTS if streaming else (1,)


class _Handlers(grpc.GenericRpcHandler):
    """Methods that count what they get, and answer with as many messages as they are told."""

    def __init__(self, shapes: Mapping[str, Shape | None]) -> None:
        self._shapes = {_path(name): shape for name, shape in shapes.items()}
        self.seen = 0
        self.answers = 0
        self.ended = threading.Event()

    def expect(self, answers: int) -> None:
        """Begin a trial."""
        self.seen, self.answers = 0, answers
        self.ended.clear()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call; None for a method that the server does not have."""
        shape = self._shapes.get(handler_call_details.method)
        if shape is None:
            return None
        make = getattr(grpc, f"{shape.kind}_rpc_method_handler")
        return make(self._many if shape.server_streaming else self._one)

    def _one(self, request: Any, context: grpc.ServicerContext) -> bytes:
        context.add_callback(self.ended.set)
        self._count(request)
        return b""

    def _many(self, request: Any, context: grpc.ServicerContext) -> Iterator[bytes]:
        context.add_callback(self.ended.set)
        self._count(request)
        yield from [b""] * self.answers

    def _count(self, request: Any) -> None:
        for _ in [request] if isinstance(request, bytes) else request:
            self.seen += 1


@contextmanager
def _server(handlers: _Handlers) -> Iterator[grpc.Channel]:
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with dialing.channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        server.stop(None).wait()


def _call(channel: grpc.Channel, handlers: _Handlers, name: str, shape: Shape, sent: int) -> Trial:
    method = getattr(channel, shape.kind)(_path(name))
    requests: Any = iter([b""] * sent) if shape.client_streaming else b""
    got, status = 0, "OK"
    try:
        answer = method(requests, timeout=_TIMEOUT)
        if shape.server_streaming:
            got = sum(1 for _ in answer)
        else:
            got, status = (1, "OK") if answer is not None else (0, _NO_MESSAGE)
    except grpc.RpcError as error:
        status = error.code().name
    else:
        # A client that has its one answer does not wait for the server's end.
        handlers.ended.wait(_TIMEOUT)
    return Trial(sent, handlers.seen, handlers.answers, got, status)


def _path(name: str) -> str:
    service, _, method = name.rpartition(".")
    return f"/{service}/{method}"
