"""Awaiting what threads do, in asyncio and in Trio. No thread of the loop's executor is taken."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any, TypeAlias, TypeVar

import anyio.lowlevel
import anyio.to_thread

T = TypeVar("T")

Calling: TypeAlias = "Callable[[Callable[[], object]], AbstractContextManager[None]]"
"""Has what it is given called at some event, in any thread, unless its block ends before."""

_THREADS = 8
"""How many functions run at a time for an event loop; none of them waits for long."""

_limiters = anyio.lowlevel.RunVar[anyio.CapacityLimiter]("toggle_mock")


async def in_thread(function: Callable[[], T]) -> T:
    """Call what may take a while, but does not wait for what may never come.

    Who is cancelled meanwhile waits no more; the function is not interrupted.
    """
    try:
        limiter = _limiters.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(_THREADS)
        _limiters.set(limiter)
    return await anyio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=limiter)


async def first(*events: Calling) -> None:
    """Wait for the first of some events."""
    happened, tell = anyio.Event(), _teller()

    def happen() -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            tell(happened.set)

    with ExitStack() as stack:
        for calling in events:
            stack.enter_context(calling(happen))
        await happened.wait()


def _teller() -> Callable[[Callable[[], object]], Any]:
    """Has the running event loop call something, from any thread, without waiting for it."""
    trio = sys.modules.get("trio")
    if trio is not None and trio.lowlevel.in_trio_run():
        tell: Callable[[Callable[[], object]], Any] = (
            trio.lowlevel.current_trio_token().run_sync_soon
        )
        return tell
    return asyncio.get_running_loop().call_soon_threadsafe
