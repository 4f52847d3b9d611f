"""SIGTERM as an ordinary end of the interpreter, so that events in memory reach the disk.

By default SIGTERM ends a Python process at once: no ``finally``, no atexit. Where the program has
left that default alone, :func:`end_in_order` has it raise SystemExit instead, and lets the process
die of the signal all the same once everything has been cleaned up, as its parent expects.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from types import FrameType

_received: list[int] = []


def end_in_order() -> None:
    """Take SIGTERM over, if nobody else has, and this is the main thread."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        # Registered first of all, and therefore called last.
        atexit.register(die_of_the_signal)
        signal.signal(signal.SIGTERM, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    raise SystemExit(128 + number)


def die_of_the_signal() -> None:
    """End the process by the SIGTERM that it has received, if it has."""
    if _received:
        signal.signal(_received[0], signal.SIG_DFL)
        os.kill(os.getpid(), _received[0])
