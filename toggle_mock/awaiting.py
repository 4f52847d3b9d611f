"""Awaiting what threads do, in asyncio and in Trio. No thread of the loop's executor is taken.

By hand, though anyio has all of it: its plugin would come with this one into every run of pytest, a
quarter of a second in each.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from contextvars import copy_context
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

Calling: TypeAlias = "Callable[[Callable[[], object]], AbstractContextManager[None]]"
"""Has what it is given called at some event, in any thread, unless its block ends before."""

_THREADS = 8
"""How many functions run at a time for an event loop; none of them waits for long."""

_executors: WeakKeyDictionary[asyncio.AbstractEventLoop, ThreadPoolExecutor] = WeakKeyDictionary()
"""By their loops of asyncio, as a process that was forked has none of the threads of its parent."""

_limiters: WeakKeyDictionary[object, Any] = WeakKeyDictionary()
"""By their runs of Trio, each of which has a token of its own."""


async def in_thread(function: Callable[[], T]) -> T:
    """Call what may take a while, but does not wait for what may never come.

    Who is cancelled meanwhile waits no more; the function is not interrupted.
    """
    trio = _running_trio()
    if trio is None:
        return await _in_thread_of_asyncio(function)
    run = trio.lowlevel.current_trio_token()
    limiter = _limiters.get(run)
    if limiter is None:
        limiter = _limiters[run] = trio.CapacityLimiter(_THREADS)
    answer: T = await trio.to_thread.run_sync(function, abandon_on_cancel=True, limiter=limiter)
    return answer


async def _in_thread_of_asyncio(function: Callable[[], T]) -> T:
    loop = asyncio.get_running_loop()
    executor = _executors.get(loop)
    if executor is None:
        executor = _executors[loop] = ThreadPoolExecutor(_THREADS, "toggle-look")
    return await loop.run_in_executor(executor, copy_context().run, function)


async def first(*events: Calling) -> None:
    """Wait for the first of some events."""
    trio = _running_trio()
    if trio is None:
        happened: Any = asyncio.Event()
        tell: Callable[[Callable[[], object]], Any] = (
            asyncio.get_running_loop().call_soon_threadsafe
        )
    else:
        happened, tell = trio.Event(), trio.lowlevel.current_trio_token().run_sync_soon

    def happen() -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            tell(happened.set)

    with ExitStack() as stack:
        for calling in events:
            stack.enter_context(calling(happen))
        await happened.wait()


def _running_trio() -> Any:
    """The module, if it is Trio that runs who calls; None in asyncio."""
    trio = sys.modules.get("trio")
    return trio if trio is not None and trio.lowlevel.in_trio_run() else None
