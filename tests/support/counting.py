"""What work costs, in counts that are the same however busy the machine is."""

import gc
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import rodent_events
import toggle_mock

_OURS = tuple(str(Path(package.__file__).parent) for package in (rodent_events, toggle_mock))
_TOOL = 4  # of those that sys.monitoring leaves free

THREAD_IO = Path("/proc/thread-self/io")
"""Of Linux: what this thread has read and written."""


class Instructions:
    """Instructions of Python that our code has executed, by thread."""

    def __init__(self) -> None:
        self._by_thread: Counter[int] = Counter()
        self._begun_by = threading.get_ident()
        self._others = {thread.ident for thread in threading.enumerate()} - {self._begun_by}

    @property
    def here(self) -> int:
        """On the thread that counts."""
        return self._by_thread[self._begun_by]

    @property
    def elsewhere(self) -> int:
        """On those that were started since."""
        return self._by_thread.total() - self.here

    def _executed(self) -> None:
        thread = threading.get_ident()
        if thread not in self._others:
            self._by_thread[thread] += 1

    # Before 3.12

    def trace(self, frame, event, _argument):
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            self._executed()
        return self.trace

    # From 3.12 on

    def monitor(self, code, _offset):
        if not code.co_filename.startswith(_OURS):
            return sys.monitoring.DISABLE
        self._executed()
        return None


@contextmanager
def counted_instructions() -> Iterator[Instructions]:
    """Count what is executed in the block, on this thread and those that are started in it."""
    counted = Instructions()
    with _monitored(counted) if sys.version_info >= (3, 12) else _traced(counted):
        yield counted


@contextmanager
def _traced(counted: Instructions) -> Iterator[None]:
    here, elsewhere = sys.gettrace(), threading.gettrace()
    threading.settrace(counted.trace)
    sys.settrace(counted.trace)
    try:
        yield
    finally:
        sys.settrace(here)
        threading.settrace(elsewhere)


@contextmanager
def _monitored(counted: Instructions) -> Iterator[None]:
    monitoring = sys.monitoring
    monitoring.use_tool_id(_TOOL, __name__)
    monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, counted.monitor)
    monitoring.set_events(_TOOL, monitoring.events.INSTRUCTION)
    try:
        yield
    finally:
        monitoring.set_events(_TOOL, 0)
        monitoring.free_tool_id(_TOOL)


def held_bytes(work: Callable[[], object], times: int = 3) -> int:
    """Bytes that are held by what one more such work leaves; at the times it leaves least."""
    return min(left for left, _ in _memory(work, times))


def peak_bytes(work: Callable[[], object], times: int = 20) -> int:
    """Bytes that such work takes at a time, with what it leaves; at the times it takes least."""
    return min(peak for _, peak in _memory(work, times))


def _memory(work: Callable[[], object], times: int) -> Iterator[tuple[int, int]]:
    """What it leaves, and what it takes at a time; so often, after once for what is learnt."""
    with _memory_traced():
        work()
        for _ in range(times):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            work()
            now, peak = tracemalloc.get_traced_memory()
            yield now - before, peak - before


@contextmanager
def _memory_traced() -> Iterator[None]:
    gc.collect()
    gc.disable()
    tracemalloc.start(1)
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


def writes(work: Callable[[], object]) -> int:
    """System calls with which this thread writes to files meanwhile."""
    before = _written()
    work()
    return _written() - before


def _written() -> int:
    return int(dict(line.split(": ") for line in THREAD_IO.read_text().splitlines())["syscw"])
