"""SIGTERM and SIGHUP as an ordinary end of the interpreter, once memory is on disk.

By default these signals end a Python process at once: no ``finally``, no atexit. Where the program
has left that default alone, the handler here raises SystemExit in the main thread instead, with the
exit status that a shell expects of the signal. An exception out of nowhere may leave a lock held
for ever, so first each running bus brings to disk what it has in memory. The main thread goes on
meanwhile: it may hold what is needed for that. Then the signal is sent to it once more.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

from rodent_events import clock, forks, missed_signals, real_threads

# The higher first: Python acts on the lower first, when both have come.
_NUMBERS = (signal.SIGTERM, signal.SIGHUP)

# Looks for a moment at which nothing is unsaved and the main thread holds no lock.
_MOST_LOOKS = 100

# Seconds after which a disk that hangs is waited for no more.
_PATIENCE = 10.0

# Seconds between two times that the main thread is told of a signal.
_REMINDER_PAUSE = 0.05
_LONGEST_REMINDER_PAUSE = 1.0

# Modules whose Python code takes locks that an exception can leave held.
_LOCKING = {"gevent.lock", "gevent.thread", "logging", "queue", "threading"}


class Participant(Protocol):
    """A bus that runs."""

    @property
    def in_memory(self) -> int:
        """Events that are lost if the process ends now. Read without a lock."""

    def save_soon(self, done: Callable[[], None]) -> None:
        """Bring to disk what is only in memory, without waiting; ``done`` is called in the end."""

    def end_soon(self) -> None:
        """Send no more, bring all to disk, and end, without waiting."""


class _End:
    """The end that a signal has asked for; read and written by the main thread's handler."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all."""
        self.number = 0
        self.main_thread = 0
        self.held = 0
        self.looks = 0
        self.asked = 0
        self.answers: list[None] = []
        self.gives_up_at = 0.0
        self.place: tuple[int, int] | None = None
        self.is_ending = False
        self.is_reminded = False


_running: dict[int, Participant] = {}
_end = _End()


def _after_fork_in_child() -> None:
    _running.clear()
    _end.reset()
    for number in _taken_over():
        missed_signals.unwatch(number)
    missed_signals.forget()


forks.in_child(_after_fork_in_child)


def end_in_order() -> None:
    """Take the signals over whose default nobody has changed, if this is the main thread."""
    with suppress(ValueError):  # it is not; a greenlet of it looks as if it were not, and is
        for number in _NUMBERS:
            if signal.getsignal(number) in (signal.SIG_DFL, _handle):
                _take_over(number)


def _take_over(number: int) -> None:
    signal.signal(number, _handle)  # raises in another thread, before anything is changed
    _end.main_thread = _own_ident()
    missed_signals.unwatch(number)  # which puts back what was there before the watch
    signal.signal(number, _handle)
    # Where no file or thread is left, it goes on as Python does it.
    with blocked(), suppress(OSError, RuntimeError):
        missed_signals.watch(number, _tell_of_missed)


def _own_ident() -> int:
    """What this thread is known by to the operating system, also among greenlets."""
    ident: int = real_threads.original("_thread", "get_ident")()
    return ident


def _taken_over() -> list[int]:
    return [number for number in _NUMBERS if signal.getsignal(number) is _handle]


def join(bus: Participant) -> None:
    """Have a bus save what it has before the process ends by a signal."""
    _running[id(bus)] = bus


def leave(bus: Participant) -> None:
    """Have it do so no more."""
    _running.pop(id(bus), None)


@contextmanager
def blocked() -> Iterator[None]:
    """Meanwhile this thread takes no signals, and threads that are started now never do.

    A signal goes to any thread that takes it. Only the main one acts on it, and does not wake up
    from a sleep or a wait for what another has taken.
    """
    with _masked(signal.SIG_BLOCK):
        yield


@contextmanager
def unblocked() -> Iterator[None]:
    """Meanwhile this thread takes signals: what it starts as a process inherits that."""
    with _masked(signal.SIG_UNBLOCK):
        yield


@contextmanager
def _masked(how: int) -> Iterator[None]:
    before = signal.pthread_sigmask(how, (*_NUMBERS, signal.SIGINT))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def held() -> Iterator[None]:
    """Meanwhile a signal ends nothing; afterwards it does."""
    _end.held += 1
    try:
        yield
    finally:
        _end.held -= 1
        if _end.number and not _end.held:
            _signal_again()


@contextmanager
def ending() -> Iterator[None]:
    """The process ends: meanwhile a signal only hurries it, SIGINT too."""
    _end.is_ending = True
    in_main_thread = threading.current_thread() is threading.main_thread()
    interrupts = in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interrupts:
        signal.signal(signal.SIGINT, _handle)
    try:
        with held():
            yield
    finally:
        if interrupts:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _handle(number: int, frame: FrameType | None) -> None:
    end = _end
    end.number = end.number or number
    end.main_thread = _own_ident()
    is_reminder, end.is_reminded = end.is_reminded, False
    buses = list(_running.values())
    if end.is_ending:
        if is_reminder:
            return  # it has come too late: this is amid what others clean up
        for bus in buses:
            bus.end_soon()
        if buses or end.held:
            return
    elif _is_to_wait(end, buses, frame):
        return
    end.is_ending = True
    raise SystemExit(128 + end.number)


def _is_to_wait(end: _End, buses: list[Participant], frame: FrameType | None) -> bool:
    """Whether this is no moment for an exception; then there will be another."""
    is_late = end.asked and clock.monotonic() >= end.gives_up_at
    if end.held or (len(end.answers) < end.asked and not is_late):
        return True
    if is_late or not buses or end.looks == _MOST_LOOKS:
        return False
    end.looks += 1
    is_amid_locks = _takes_locks(frame) and not _stands_still(end, frame)
    if end.looks > 1 and not is_amid_locks and not any(bus.in_memory for bus in buses):
        return False
    _ask(end, buses)
    return True


def _ask(end: _End, buses: list[Participant]) -> None:
    if not end.asked:
        end.gives_up_at = clock.monotonic() + _PATIENCE
        with suppress(RuntimeError):  # no thread is started any more
            real_threads.original("_thread", "start_new_thread")(_remind, ())
    end.asked += len(buses)
    asked = end.asked

    def done() -> None:
        end.answers.append(None)
        if len(end.answers) == asked:
            _signal_again()

    for bus in buses:
        bus.save_soon(done)


def _remind() -> None:
    """Tell the main thread again and again: it may fall asleep as a signal comes, and miss it."""
    while not _end.is_ending:
        real_threads.sleep(_REMINDER_PAUSE)
        if len(_end.answers) >= _end.asked or clock.monotonic() >= _end.gives_up_at:
            _signal_again()


def _tell_of_missed() -> None:
    """After a signal: wake the main thread up until it has seen it."""
    pause = _REMINDER_PAUSE
    while True:
        real_threads.sleep(pause)
        is_ending, numbers = _end.is_ending, _taken_over()
        if _end.number or not numbers:
            return
        _send(numbers[0], is_reminder=not is_ending)
        pause = min(2 * pause, _LONGEST_REMINDER_PAUSE)


def _signal_again() -> None:
    """Have the main thread look again, whatever it waits for."""
    if not _end.is_ending and _end.number in _taken_over():
        _send(_end.number, is_reminder=True)


def _send(number: int, *, is_reminder: bool) -> None:
    _end.is_reminded = is_reminder
    signal.pthread_kill(_end.main_thread, number)


def _takes_locks(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__") in _LOCKING:
            return True
        frame = frame.f_back
    return False


def _stands_still(end: _End, frame: FrameType | None) -> bool:
    """Whether the main thread waits where it did at the last look: then it takes no lock now."""
    last, end.place = end.place, frame and (id(frame), frame.f_lasti)
    return last is not None and last == end.place
