"""A Rodent that keeps all promises: the pipeline of ``rodent_events`` beside a link to Toggle."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import grpc

from rodent_events import EventBus, SystemShutdownPayload, SystemStartupPayload, clock
from rodent_events.client import CHANNEL_OPTIONS
from toggle_mock.clients.answers import usual_commands
from toggle_mock.clients.control_link import ControlLink
from toggle_mock.clients.profiles import conduct_of
from toggle_mock.contract.emitting import emit
from toggle_mock.loop_thread import LoopThread

_STARTED = SystemStartupPayload(operation=SystemStartupPayload.SYSTEM_STARTUP_OPERATION_STARTED)
_STOPPED = SystemShutdownPayload(
    operation=SystemShutdownPayload.SYSTEM_SHUTDOWN_OPERATION_SHUTDOWN, graceful=True
)

_SLOW = "contract.slow"
"""A command that takes long, and does nothing else."""

_SLOW_SECONDS = 1.0

_PINGS = (
    "grpc.keepalive_time_ms",
    "grpc.keepalive_timeout_ms",
    "grpc.http2.ping_timeout_ms",
)


class ReferenceAgent:
    """Registers, connects, answers, and delivers what it is given to emit.

    Args:
        environ: What it is told: ``TOGGLE_ADDRESS``, ``TOGGLE_JWT`` or ``TOGGLE_JWT_FILE``,
            ``TOGGLE_CA_FILE``, ``EVENTS_DIR``; and the settings of ``rodent_events``.
        pace: By what a Rodent's pauses are multiplied.
        keepalive: Seconds between two pings of its stream, and until one must be answered; None for
            a Rodent's own.
    """

    def __init__(
        self, environ: Mapping[str, str], pace: float, keepalive: float | None = None
    ) -> None:
        token_file, ca_file = environ.get("TOGGLE_JWT_FILE"), environ.get("TOGGLE_CA_FILE")
        self.bus: Final = EventBus(
            target=environ["TOGGLE_ADDRESS"],
            jwt=None if token_file else environ["TOGGLE_JWT"],
            jwt_file=token_file,
            tls_ca_file=ca_file,
            events_dir=environ["EVENTS_DIR"],
        )
        roots = Path(ca_file).read_bytes() if ca_file else None
        self.link: Final = ControlLink(
            environ["TOGGLE_ADDRESS"],
            lambda: _metadata(environ),
            conduct_of("guarantees"),
            {**usual_commands({}), _SLOW: _take_long},
            pace=pace,
            credentials=grpc.ssl_channel_credentials(roots) if roots else None,
            options=[*_pings(keepalive), *CHANNEL_OPTIONS],
        )
        self._thread = LoopThread("reference-agent")
        self._living: asyncio.Task[None]

    def start(self) -> None:
        """Take events, and begin to register."""
        self.bus.start()
        self._thread.call(self._begin)

    async def _begin(self) -> None:
        await self.link.open()
        self._living = asyncio.ensure_future(self.link.live(lambda: self.bus.emit(_STARTED)))

    def stop(self, timeout: float) -> bool:
        """Emit its shutdown, deliver what can be, and be gone.

        Args:
            timeout: Seconds.

        Returns:
            True if all was delivered.
        """
        end = clock.monotonic() + timeout
        if self.link.registered.is_set():
            self.bus.emit(_STOPPED)
        complete = self.bus.shutdown(max(0.0, end - clock.monotonic()))
        self._thread.call(self._end)
        self._thread.end()
        return complete

    async def _end(self) -> None:
        self._living.cancel()
        await asyncio.gather(self._living, return_exceptions=True)
        await self.link.close()

    def emit(self, payload: str, fields: Mapping[str, Any], **more: Any) -> int:
        """Emit what a command says; see :func:`toggle_mock.contract.emitting.emit`."""
        return emit(self.bus, payload, fields, **more)


def _pings(seconds: float | None) -> list[tuple[str, int]]:
    """The options for pings so many seconds apart; gRPC goes by the first of a name."""
    if seconds is None:
        return []
    return [(name, int(seconds * 1000)) for name in _PINGS]


async def _take_long(_payload: object) -> None:
    await asyncio.sleep(_SLOW_SECONDS)


def _metadata(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """What goes with a call of the link; a token file may have another token than before."""
    path = environ.get("TOGGLE_JWT_FILE")
    token = Path(path).read_text("ascii").strip() if path else environ["TOGGLE_JWT"]
    return [("authorization", f"Bearer {token}")]
