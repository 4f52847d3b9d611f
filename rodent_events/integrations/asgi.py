"""The global bus for the life of an ASGI application: under uvicorn, hypercorn, gunicorn's workers.

Servers end an application by ``lifespan.shutdown``, and then themselves by a signal of which Python
runs nothing, so an application that only initializes loses what has waited less than
``spill_after``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import rodent_events
from rodent_events.bus import DEFAULT_SHUTDOWN_TIMEOUT
from rodent_events.codes import logger
from rodent_events.errors import RodentEventsError

__all__ = ["EventsMiddleware"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class EventsMiddleware:
    """Initializes before the application starts up, and shuts down once it has.

    Any application will do, also one that knows no lifespan::

        app = EventsMiddleware(app, target="toggle:50051", jwt_file="/etc/rodent/token")

    Args:
        app: What it is put around.
        shutdown_timeout: Seconds, as for :func:`rodent_events.shutdown`.
        settings: As for :func:`rodent_events.initialize`, which raises in the server if one is
            wrong: that ends the start.
    """

    def __init__(
        self,
        app: Application,
        *,
        shutdown_timeout: float = DEFAULT_SHUTDOWN_TIMEOUT,
        **settings: Any,
    ) -> None:
        self._app = app
        self._timeout = shutdown_timeout
        self._settings = settings

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass all on; the lifespan with the bus around it."""
        if scope["type"] == "lifespan":
            await _Lifespan(receive, send, self._timeout).run(self._app, scope, self._settings)
        else:
            await self._app(scope, receive, send)


class _Lifespan:
    """One life of an application, with the bus around it."""

    def __init__(self, receive: Receive, send: Send, timeout: float) -> None:
        self._receive = receive
        self._send = send
        self._timeout = timeout
        self._heard: list[Message] = []
        self._has_answered = False

    async def run(self, app: Application, scope: Message, settings: dict[str, Any]) -> None:
        self._heard.append(await self._receive())
        try:
            rodent_events.initialize(**settings)
        except RodentEventsError as error:
            # An exception would be taken for an application that knows no lifespan.
            await self._send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        try:
            await app(scope, self._hear, self._answer)
        except BaseException as error:
            if self._has_answered or not isinstance(error, Exception):
                await rodent_events.shutdown_async(self._timeout)
                raise
            logger.info("the application is taken for one that knows no lifespan: %r", error)
        if not self._has_answered:  # it knows no lifespan
            await self._answer({"type": "lifespan.startup.complete"})
            await self._receive()
            await self._answer({"type": "lifespan.shutdown.complete"})

    async def _hear(self) -> Message:
        return self._heard.pop() if self._heard else await self._receive()

    async def _answer(self, message: Message) -> None:
        self._has_answered = True
        if message["type"] != "lifespan.startup.complete":
            await rodent_events.shutdown_async(self._timeout)
        await self._send(message)
