"""Threads, locks and sleep of the operating system, also where gevent has replaced them.

gevent's monkey-patching makes threads greenlets, of which one runs at a time. A call of gRPC would
stop all of them until its end. So what is behind memory runs in real threads, and speaks to callers
by real locks, which nobody holds for long. What a caller waits for longer, :func:`acquire` gets.
All is looked up when it is needed, since a program may patch at any time.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from importlib import import_module
from queue import SimpleQueue
from typing import Any

from rodent_events import clock
from rodent_events.errors import UnsupportedError

# Seconds between two looks at a lock for which a greenlet waits.
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.02


def original(module: str, name: str) -> Any:
    """What Python itself has under a name of a module."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None:
        return getattr(import_module(module), name)
    return monkey.get_original(module, name)


def start(function: Callable[[], None], name: str) -> None:
    """Call a function in a thread that ends with the process.

    Raises:
        RuntimeError: No thread can be started.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        threading.Thread(target=function, name=name, daemon=True).start()
        return

    def run() -> None:
        threading.current_thread().name = name
        function()

    original("_thread", "start_new_thread")(run, ())


def new_lock() -> threading.Lock:
    """A lock."""
    lock: threading.Lock = original("_thread", "allocate_lock")()
    return lock


def new_rlock() -> threading.RLock:
    """A lock that the thread which holds it may take again; its greenlets are one."""
    lock: threading.RLock = original("_thread", "RLock")()
    return lock


def new_queue() -> SimpleQueue[Any]:
    """A queue."""
    queue: SimpleQueue[Any] = original("queue", "SimpleQueue")()
    return queue


def sleep(seconds: float) -> None:
    """Let other threads run, but no other greenlet."""
    original("time", "sleep")(seconds)


def acquire(lock: threading.Lock, timeout: float) -> bool:
    """Acquire a lock that may be held for long; other greenlets run meanwhile.

    Args:
        lock: A real one.
        timeout: Seconds; -1 waits for ever.

    Returns:
        Whether it is acquired.
    """
    switch = _cooperative_sleep()
    if switch is None:
        return lock.acquire(timeout=timeout)
    end = float("inf") if timeout < 0 else clock.monotonic() + timeout
    pause = _FIRST_PAUSE
    while not lock.acquire(blocking=False):
        left = end - clock.monotonic()
        if left <= 0:
            return False
        switch(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE)
    return True


def _cooperative_sleep() -> Callable[[float], None] | None:
    """That of gevent, if this is a greenlet beside others; its hub itself cannot wait for them."""
    gevent = sys.modules.get("gevent")
    hubs = sys.modules.get("gevent._hub_local")
    if gevent is None or hubs is None:
        return None
    hub = hubs.get_hub_if_exists()  # what has no name in public would make one
    if hub is None or gevent.getcurrent() is hub:
        return None
    sleep: Callable[[float], None] = gevent.sleep
    return sleep


def refuse_eventlet() -> None:
    """Raise if eventlet has replaced threads.

    Raises:
        UnsupportedError: It has.
    """
    patcher = sys.modules.get("eventlet.patcher")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        raise UnsupportedError(
            "eventlet has replaced Python's threads, and one call of gRPC would stop all of its "
            "green threads: use gevent, or threads, or eventlet.monkey_patch(thread=False)"
        )
