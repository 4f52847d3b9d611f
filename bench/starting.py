"""What it costs to begin: imports, the mock in process, its command."""

from __future__ import annotations

import subprocess
import sys
import time

import grpc

from bench.data import JWT
from bench.emitting import seconds
from bench.suite import BenchError, MissingProgramError, Sample
from rodent_events.client import SEND_EVENTS
from toggle_mock import ToggleServer

TIMES = 3
PATIENCE, PAUSE = 60, 0.01
"""Seconds."""

# The package's own __init__ would import all of it: here it is a module with nothing in it.
_GRPC_AND_MESSAGES = """
import sys, types
package = sys.modules["rodent_events"] = types.ModuleType("rodent_events")
package.__path__ = ["rodent_events"]
import grpc, rodent_events.pb.base_pb2, rodent_events.pb.events.event_messages_pb2
"""


def _python(code: str) -> float:
    """Seconds of a fresh interpreter; the best of a few, since disks and schedulers interfere."""

    def once() -> float:
        return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))

    return min(once() for _ in range(TIMES))


def imports() -> Sample:
    bare = _python("pass")
    return Sample(_python("import rodent_events") - bare, _python(_GRPC_AND_MESSAGES) - bare)


def in_process() -> Sample:
    """Milliseconds from construction to the first answered call."""

    def run() -> None:
        with ToggleServer() as toggle, grpc.insecure_channel(toggle.address) as channel:
            metadata = (("authorization", f"Bearer {toggle.jwt()}"),)
            channel.unary_unary(SEND_EVENTS)(b"", metadata=metadata)

    return Sample(seconds(run) * 1e3)


def command() -> Sample:
    """Seconds until ``toggle-mock serve`` is ready, against ``import grpc``."""

    def ready() -> float:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "toggle_mock", "serve"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            taken = time.perf_counter() - start
            assert line.startswith("Toggle mock at "), line
            return taken
        finally:
            process.kill()
            process.communicate()

    return Sample(min(ready() for _ in range(TIMES)), _python("import grpc"))


# What a mock is without all that makes it one: it takes calls of any method.
_BARE = """
from concurrent import futures
import grpc
call = grpc.unary_unary_rpc_method_handler(lambda request, context: b"")
server = grpc.server(futures.ThreadPoolExecutor(4))
calls = grpc.method_handlers_generic_handler("rodent.Any", {"Call": call})
server.add_generic_rpc_handlers([calls])
server.add_insecure_port("0.0.0.0:50051")
server.start()
server.wait_for_termination()
"""


def container() -> Sample:
    """Seconds from ``docker run`` to the first answered call, against a bare server in it."""
    try:
        from toggle_mock.container.toggle import GRPC_PORT, IMAGE  # noqa: PLC0415

        _docker("image", "inspect", IMAGE)
    except (FileNotFoundError, subprocess.CalledProcessError):
        raise MissingProgramError(
            "no engine has the image: tools/with_docker make image bench"
        ) from None

    def answered(method: str, *run: str) -> float:
        start = time.perf_counter()
        name = _docker("run", "--detach", "--publish", f"127.0.0.1::{GRPC_PORT}", *run)
        try:
            address = _docker("port", name, str(GRPC_PORT))
            while not _answers(address, method):
                if time.perf_counter() - start > PATIENCE:
                    raise BenchError(f"no answer within {PATIENCE} s: {_docker('logs', name)}")
            return time.perf_counter() - start
        finally:
            _docker("rm", "--force", "--volumes", name)

    return Sample(
        answered(SEND_EVENTS, IMAGE),
        answered("/rodent.Any/Call", "--entrypoint", "python", IMAGE, "-c", _BARE),
    )


def _answers(address: str, method: str) -> bool:
    """Whether a call is answered; each try has a connection of its own, and so no backoff."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    metadata = (("authorization", f"Bearer {JWT}"),)
    with grpc.insecure_channel(address, options=options) as channel:
        try:
            channel.unary_unary(method)(b"", metadata=metadata, timeout=1)
        except grpc.RpcError:
            time.sleep(PAUSE)
            return False
        return True


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()
