"""What it costs to begin: imports, the mock in process, its command."""

from __future__ import annotations

import subprocess
import sys
import time

import grpc

from bench.emitting import seconds
from bench.suite import Sample
from rodent_events.client import SEND_EVENTS
from toggle_mock import ToggleServer

TIMES = 3

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
