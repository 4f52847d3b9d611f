"""An event loop on a thread of its own, for objects that anybody may call."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from rodent_events.errors import UnsupportedError
from rodent_events.event_loop import EventLoop
from toggle_mock.errors import ToggleMockError

T = TypeVar("T")


class LoopEndedError(ToggleMockError, RuntimeError):
    """The loop has ended, or is that of the process this one was forked from."""


def refuse_greenlets() -> None:
    """Raise if gevent or eventlet has replaced what a server needs.

    Raises:
        UnsupportedError: One has.
    """
    gevent, eventlet = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    green = {
        "gevent": gevent is not None
        and any(map(gevent.is_module_patched, ("threading", "select"))),
        "eventlet": eventlet is not None
        and any(map(eventlet.is_monkey_patched, ("thread", "select"))),
    }
    for name, has_replaced in green.items():
        if has_replaced:
            raise UnsupportedError(
                f"{name} has replaced Python's threads or its select, on which a mock Toggle runs: "
                "have it in a process of its own, `toggle-mock serve --http PORT`, and run the "
                "tests with pytest --toggle-address=http://127.0.0.1:PORT, or use a RemoteToggle; "
                "simulated Rodents likewise, `toggle-mock rodents COUNT --to HOST:PORT`"
            )


class LoopThread:
    """A running event loop on a daemon thread.

    Args:
        name: The thread's name.

    Raises:
        UnsupportedError: gevent or eventlet has replaced threads.
    """

    def __init__(self, name: str) -> None:
        refuse_greenlets()
        self.loop: Final = EventLoop()
        self._lock = threading.Lock()
        self._ending = False
        self._tasks: set[asyncio.Task[object]] = set()
        self._process = os.getpid()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def call(self, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine in the loop and wait for its result.

        Raises:
            RuntimeError: This is the loop's own thread, which would wait for itself.
            LoopEndedError: The loop has ended.
        """
        if self.is_current:
            raise RuntimeError(f"{self._thread.name} cannot wait for itself")
        with self._lock:
            if self._ending or os.getpid() != self._process:
                raise LoopEndedError(f"{self._thread.name} has ended")
            future = asyncio.run_coroutine_threadsafe(function(), self.loop)
        try:
            return future.result()
        except asyncio.CancelledError:
            raise LoopEndedError(f"{self._thread.name} has ended") from None

    def schedule(self, function: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Run a coroutine in the loop, whose own thread this is, without waiting for its end."""
        task = self.loop.create_task(function())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """End the loop and its thread, and the tasks that are left."""
        with self._lock:
            if self._ending or os.getpid() != self._process:
                return
            self._ending = True
            # What was asked before this is cancelled by it, what comes later is refused.
            cancelling = asyncio.run_coroutine_threadsafe(_cancel_tasks(), self.loop)
        cancelling.result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _cancel_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
