"""Notices a signal over which the main thread falls asleep.

Python's handler in C only makes a note; the main thread looks for it before most bytecodes. What
comes after its last look before a wait is acted on when the wait is over, which may be never. On a
busy machine that is no rarity: the thread may stand there for the GIL.

``signal.set_wakeup_fd`` is meant for that, but belongs to event loops: Trio warns of another's. So
faulthandler's handler, in C too, writes where the thread is into a socket, and then calls Python's.
Nobody reads that text. That it comes is what a thread waits for here.
"""

from __future__ import annotations

import _socket  # gevent has replaced the one without underscore
import faulthandler
import os
import struct
from collections.abc import Callable

from rodent_events import real_threads

_CREDENTIALS = struct.Struct("3i")  # process, user, group


class _Watch:
    """What this process reads from and faulthandler writes to."""

    ends: tuple[_socket.socket, _socket.socket] | None = None


def watch(number: int, noticed: Callable[[], None]) -> None:
    """Have a function called, in a thread of its own, whenever a signal has come.

    Does nothing where the kernel does not tell, as Linux does, which process has written: a child
    of which Python knows nothing may have the sockets of this one, and signals of its own.

    Args:
        number: The signal. Its handler is one in Python, which has just been set.
        noticed: Called before or after the handler has been.

    Raises:
        OSError: No further file can be opened.
        RuntimeError: No thread can be started.
    """
    if not hasattr(_socket, "SO_PASSCRED"):
        return
    if _Watch.ends is None:
        _Watch.ends = _begin(noticed)
    faulthandler.register(number, file=_Watch.ends[1].fileno(), all_threads=False, chain=True)


def unwatch(number: int) -> None:
    """Put back the handler that was there when :func:`watch` was called."""
    if _Watch.ends is not None:
        faulthandler.unregister(number)


def forget() -> None:
    """In a forked child, once nothing is watched: leave the sockets to the parent."""
    for end in _Watch.ends or ():
        end.close()
    _Watch.ends = None


def _begin(noticed: Callable[[], None]) -> tuple[_socket.socket, _socket.socket]:
    reader, writer = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_DGRAM)
    reader.setsockopt(_socket.SOL_SOCKET, _socket.SO_PASSCRED, 1)
    reader.settimeout(None)  # whatever is the default
    writer.setblocking(False)  # in a handler nothing may wait

    def read() -> None:
        while True:
            _, ancillary, *_ = reader.recvmsg(1, _socket.CMSG_SPACE(_CREDENTIALS.size))
            if [_CREDENTIALS.unpack(data)[0] for *_, data in ancillary] == [os.getpid()]:
                noticed()

    real_threads.start(read, "rodent-events-signals")
    return reader, writer
