"""The HTTP server of the API, in the mock's event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection

import uvicorn

from toggle_mock.address import Address
from toggle_mock.codes import logger
from toggle_mock.http_api.app import application, description
from toggle_mock.http_api.guard import allowed_hosts
from toggle_mock.http_api.state import POKE, Api
from toggle_mock.page import Page
from toggle_mock.toggle.toggle import LocalToggle

_GRACE = 1
"""Seconds that requests under way have to end when the server stops."""


class HttpServer:
    """Serves the API of one mock Toggle.

    Args:
        toggle: The mock.
        address: Where it listens.
        names: Further names by which it may be asked; ``*`` is any.
        page: What the page at ``/`` is to be.
    """

    def __init__(
        self,
        toggle: LocalToggle,
        address: Address,
        names: Collection[str] = (),
        page: Page = Page(),  # noqa: B008 - it is frozen
    ) -> None:
        self.address: Address = address
        """Where it listens; with port 0 before a free one was taken."""
        self._api = Api(toggle, description, page)
        config = uvicorn.Config(
            application(self._api, allowed_hosts(address, names)),
            lifespan="off",
            log_config=None,
            access_log=False,
            log_level="critical",  # what is cut at the end is no error
            server_header=False,
            timeout_graceful_shutdown=_GRACE,
        )
        self._server = uvicorn.Server(config)
        self._serving: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: The address cannot be used.
        """
        try:
            listener = self.address.listening()
        except OSError as error:
            reason = error.strerror or error
            raise OSError(f"cannot listen on {self.address}: {reason}") from error
        if not self.address.path:
            # Connections inherit it; asyncio sees no TCP in a listener that it has not made itself.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.address = self.address.at(listener.getsockname()[1])
        # Connections queue up in the listener until it serves.
        self._serving = asyncio.ensure_future(self._server.serve([listener]))
        self._ending = asyncio.ensure_future(self._end_overdue_sessions())

    async def _end_overdue_sessions(self) -> None:
        while True:
            await asyncio.sleep(POKE)
            try:
                await self._api.in_thread(self._api.end_overdue_sessions)
            except Exception:
                logger.exception("a session whose client is gone could not be ended")

    async def stop(self) -> None:
        """End; streams end too."""
        self._api.closing = True
        self._server.should_exit = True
        if self._ending is not None:
            self._ending.cancel()
        if self._serving is not None:
            await self._serving
            self._serving = None
        await self._api.in_thread(self._api.end_all_sessions)
