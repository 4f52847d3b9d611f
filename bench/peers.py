"""Servers in processes of their own: the mock, and the floors and peers that it is held against.

python -m bench.peers raw|raw-aio|mock|otlp PORT; the one in Go is bench/go.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import grpc
import psutil

from bench.data import JWT
from bench.suite import MissingProgramError
from rodent_events import EventBatch, EventBatchResponse
from rodent_events.client import CHANNEL_OPTIONS, SEND_EVENTS

ROOT = Path(__file__).parents[1]

EXPORT_LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


@dataclass
class Peer:
    """A server in another process."""

    kind: str
    port: int
    process: subprocess.Popen[str] | None = field(default=None, repr=False)
    _cpu_at_start: float = 0.0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Start it, and wait until it answers."""
        program = [in_go(), "receive"]
        if self.kind != "go":
            program = [sys.executable, "-m", "bench.peers", self.kind]
        self.process = subprocess.Popen(
            [*program, str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._line()
        self._cpu_at_start = self._cpu()

    def events(self) -> int:
        """How many arrived."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(json.loads(self._line()))

    def cpu_seconds(self) -> float:
        """The processor time that it has used since it was ready."""
        return self._cpu() - self._cpu_at_start

    def _cpu(self) -> float:
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Bytes that it holds."""
        assert self.process is not None
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()

    def _line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@cache
def in_go() -> str:
    """The program of bench/go, built."""
    find_go = [ROOT / "tools" / "find_go"]
    found = subprocess.run(find_go, check=False, capture_output=True, text=True)
    if found.returncode:
        raise MissingProgramError(found.stderr.strip())
    program = str(ROOT / "build" / "bench-go")
    build = [found.stdout.strip(), "build", "-o", program, "."]
    subprocess.run(build, cwd=ROOT / "bench" / "go", check=True)
    return program


@contextmanager
def server(kind: str, *, wait: bool = True) -> Iterator[Peer]:
    """A server; with ``wait=False`` it is not there before :meth:`Peer.begin`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        peer = Peer(kind, probe.getsockname()[1])
    try:
        if wait:
            peer.begin()
        yield peer
    finally:
        peer.end()


# What runs in the other process


def _raw(port: int, method: str = SEND_EVENTS, answer: bytes | None = None) -> list[bytes]:
    """A bare grpcio server that keeps raw bytes."""
    kept: list[bytes] = []
    reply = EventBatchResponse(success=True).SerializeToString() if answer is None else answer

    def handle(request: bytes, _context: grpc.ServicerContext) -> bytes:
        kept.append(request)
        return reply

    bare = grpc.server(ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    bare.add_generic_rpc_handlers((_handlers(method, handle),))
    bare.add_insecure_port(f"127.0.0.1:{port}")
    bare.start()
    _running.append(bare)
    return kept


_running: list[object] = []
"""What must not be collected."""


def _handlers(method: str, handle: Callable[..., object]) -> grpc.GenericRpcHandler:
    service, _, name = method.strip("/").partition("/")
    handler = grpc.unary_unary_rpc_method_handler(handle)
    return grpc.method_handlers_generic_handler(service, {name: handler})


def _serve_raw(port: int) -> Callable[[], int]:
    kept = _raw(port)
    return lambda: sum(len(EventBatch.FromString(raw).events) for raw in kept)


def _serve_raw_aio(port: int) -> Callable[[], int]:
    import threading  # noqa: PLC0415

    kept: list[bytes] = []
    reply = EventBatchResponse(success=True).SerializeToString()
    ready = threading.Event()

    async def handle(request: bytes, _context: object) -> bytes:
        kept.append(request)
        return reply

    async def run() -> None:
        bare = grpc.aio.server(options=[("grpc.max_receive_message_length", -1)])
        bare.add_generic_rpc_handlers((_handlers(SEND_EVENTS, handle),))
        bare.add_insecure_port(f"127.0.0.1:{port}")
        await bare.start()
        ready.set()
        await bare.wait_for_termination()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    ready.wait()
    return lambda: sum(len(EventBatch.FromString(raw).events) for raw in kept)


def _serve_mock(port: int) -> Callable[[], int]:
    from toggle_mock import ToggleServer  # noqa: PLC0415
    from toggle_mock.tokens.tokens import Tokens  # noqa: PLC0415

    toggle = ToggleServer(port=port, tokens=Tokens(verify=False))
    toggle.start()
    return lambda: len(toggle.events)


def _serve_otlp(port: int) -> Callable[[], int]:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (  # noqa: PLC0415
        ExportLogsServiceRequest,
        ExportLogsServiceResponse,
    )

    kept = _raw(port, EXPORT_LOGS, ExportLogsServiceResponse().SerializeToString())

    def count() -> int:
        requests = map(ExportLogsServiceRequest.FromString, kept)
        return sum(
            len(scope.log_records)
            for request in requests
            for resource in request.resource_logs
            for scope in resource.scope_logs
        )

    return count


KINDS = {"raw": _serve_raw, "raw-aio": _serve_raw_aio, "mock": _serve_mock, "otlp": _serve_otlp}


def main() -> None:
    kind, port = sys.argv[1:]
    count = KINDS[kind](int(port))
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(count()), flush=True)


# Clients that only send


@dataclass(frozen=True)
class Taken:
    """What so many events took, from the first emit to the last answer."""

    seconds: float
    cpu: float
    """Seconds of processor time."""


def emit_in_go(address: str, count: int, batch_size: int) -> Taken:
    """Emit by a pipeline like that of the published Rodent, in Go."""
    command = [in_go(), "emit", address, JWT, str(count), str(batch_size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return Taken(**json.loads(done.stdout))


def send_all(address: str, batches: list[bytes], *, in_flight: int = 1) -> float:
    """Send serialized batches, so many at a time; seconds."""
    metadata = (("authorization", f"Bearer {JWT}"),)
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        send = channel.unary_unary(SEND_EVENTS)
        send(b"", metadata=metadata, wait_for_ready=True)
        start = time.perf_counter()
        pending: list[grpc.Future] = []
        for batch in batches:
            if len(pending) >= in_flight:
                pending.pop(0).result()
            pending.append(send.future(batch, metadata=metadata))
        for call in pending:
            call.result()
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
