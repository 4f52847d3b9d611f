"""Waiting in asyncio for what threads do.

The threads of an event loop's executor are the program's: they may all be busy, or be gone already
when the program ends. So none of them waits here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from rodent_events.latch import Latch

P = ParamSpec("P")
R = TypeVar("R")


async def wait(latch: Latch, timeout: float | None = None) -> bool:
    """:meth:`Latch.wait`, without blocking the event loop."""
    # Whoever awaits this has loaded it already; others need not.
    import asyncio

    loop = asyncio.get_running_loop()
    told: asyncio.Future[None] = loop.create_future()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(told.set_result, None)

    latch.when_set(tell)
    await asyncio.wait([told], timeout=timeout)
    return latch.is_set()


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function that blocks in a thread of its own, without blocking the event loop.

    Who is cancelled meanwhile waits no more; the function is not interrupted.
    """
    answer: Future[R] = Future()
    ended = Latch()
    context = copy_context()

    def run() -> None:
        try:
            answer.set_result(context.run(function, *args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            answer.set_exception(error)
        finally:
            ended.set()

    threading.Thread(target=run, name="rodent-events-call").start()
    await wait(ended)
    return answer.result()
