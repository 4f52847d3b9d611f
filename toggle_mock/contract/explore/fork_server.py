"""A process that has ``rodent_events`` loaded, and forks an agent whenever it is asked to.

A start of Python and all that is imported takes hundreds of milliseconds, a fork a few. It has no
thread and no channel itself, so a fork is a fresh process in all that counts: it is really killed,
and really gets signals. Agents speak the driver protocol.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from typing import Any, Final, TextIO

# All that an agent needs, also what it loads only when it starts, or gRPC with its first channel.
import grpc.experimental  # noqa: F401

import rodent_events.worker  # noqa: F401
from rodent_events import EventBus, EventConfig, client
from rodent_events.buffer import EventBuffer
from toggle_mock.contract.commands import Driver, serve
from toggle_mock.contract.emitting import emit

STOP_TIMEOUT = 1.0
"""Seconds that an agent has for what waits, at an end in order."""


_RECONNECTS = {
    "grpc.initial_reconnect_backoff_ms": 10,
    "grpc.max_reconnect_backoff_ms": 100,
    # So long a connection may take that leads nowhere, if it is the first of its channel.
    "grpc.min_reconnect_backoff_ms": 2_000,
}
"""Pauses of gRPC that no setting shortens, in milliseconds."""


class BusAgent:
    """An agent that is nothing but its bus.

    Args:
        environ: What it is told; see :class:`toggle_mock.contract.reference_agent.ReferenceAgent`.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.bus: Final = EventBus(
            target=environ["TOGGLE_ADDRESS"],
            jwt_file=environ["TOGGLE_JWT_FILE"],
            events_dir=environ["EVENTS_DIR"],
        )

    def emit(self, payload: str, fields: Mapping[str, Any], **more: Any) -> int:
        """Emit what a command says."""
        return emit(self.bus, payload, fields, **more)

    def stop(self, timeout: float) -> bool:
        """End in order."""
        return self.bus.shutdown(timeout)


def main() -> None:
    """Fork until the other end of the socket is closed whose descriptor is the argument."""
    client.CHANNEL_OPTIONS[:] = (dict(client.CHANNEL_OPTIONS) | _RECONNECTS).items()
    _rehearse()
    gc.collect()
    gc.freeze()  # what is shared with all forks stays shared
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        while request := _received(channel):
            data, descriptors = request
            answer = _wait(data["wait"]) if "wait" in data else _fork(channel, descriptors[0])
            channel.sendall(json.dumps(answer).encode() + b"\n")


def _rehearse() -> None:
    """Do once what each agent does at its start, short of gRPC, so that it finds it compiled."""
    with tempfile.TemporaryDirectory() as folder:
        buffer = EventBuffer(EventConfig.load(target="localhost:1", jwt="-", events_dir=folder))
        buffer.open()
        buffer.close()


def _received(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """The next request, and what came with it; None if there are no more."""
    text, descriptors, _, _ = socket.recv_fds(channel, 65536, 1)
    while text and not text.endswith(b"\n"):
        text += channel.recv(65536)
    return (json.loads(text), descriptors) if text else None


def _wait(pid: int) -> dict[str, int]:
    _, status = os.waitpid(pid, 0)
    return {"code": os.waitstatus_to_exitcode(status)}


def _fork(channel: socket.socket, connection: int) -> dict[str, int]:
    pid = os.fork()
    if pid == 0:
        channel.close()
        _be_agents(connection)
    os.close(connection)
    return {"pid": pid}


def _be_agents(connection: int) -> None:
    """Be one agent after the other, as lines say of each what it is told, until one is ended."""
    code = 1
    try:
        os.setsid()
        os.dup2(connection, 0)
        os.dup2(connection, 1)
        os.close(connection)
        with open(0, encoding="utf-8") as lines, open(1, "w", encoding="utf-8") as answers:
            while (line := lines.readline()) and _live(json.loads(line), lines, answers):
                pass
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        os._exit(code)  # what Python tears down at its end has nothing to do with delivery


def _live(told: Mapping[str, Any], lines: TextIO, answers: TextIO) -> bool:
    """Be an agent until its end; whether it was told to shut down."""
    log = os.open(told["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(told["folder"])
    for name in [name for name in os.environ if name.startswith("RODENT_EVENTS_")]:
        del os.environ[name]
    os.environ.update(told["environment"])
    agent = BusAgent(os.environ)
    agent.bus.start()
    driver = Driver(agent)
    try:
        serve(driver, lines, answers)
    except SystemExit:  # of the bus: SIGTERM came, and what was in memory is on disk
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if driver.stopped:
        return True
    agent.stop(STOP_TIMEOUT)
    return False


if __name__ == "__main__":
    main()
