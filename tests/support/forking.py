"""Programs that fork, each for a process of its own, in which gRPC is only a client.

    python tests/support/forking.py PROGRAM SETTINGS-OF-THE-BUS-AS-JSON

A process that serves gRPC too, as each process of pytest with a mock Toggle does, cannot be forked
safely: gRPC's locks and pollers are copied as they are, and ends one in nine children by SIGABRT.
"""

import json
import multiprocessing
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from rodent_events import EventBus, StorageTransferPayload


def emit(bus: EventBus, count: int, source: str = "parent") -> list[str | None]:
    return [bus.emit(StorageTransferPayload(source=source)) for _ in range(count)]


def in_child(function: Callable[[], object]) -> int:
    """Run a function in a forked child; its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if function() else 1)
        except BaseException:  # noqa: BLE001 - whatever it is, this process must end here
            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def flush_in_child(bus: EventBus) -> None:
    emit(bus, 5)
    assert bus.flush(20)

    def child() -> bool:
        emit(bus, 7, "child")
        return bus.flush(20) and bus.shutdown(20) and bus.get_stats()["emitted"] == 7

    assert in_child(child) == 0
    emit(bus, 5)
    assert bus.flush(20)
    assert bus.get_stats()["emitted"] == 10


def fork_with_events_in_memory(bus: EventBus) -> None:
    """Prints the ids of what waits; goes on when it is told that there is a Toggle."""
    sent = emit(bus, 50)
    assert in_child(lambda: bus.get_stats()["waiting"] == 0 and bus.shutdown(20)) == 0
    print(json.dumps(sent), flush=True)
    sys.stdin.readline()
    assert bus.flush(30)


def fork_amid_a_flush(bus: EventBus) -> None:
    """Prints the ids of what is flushed; goes on when it is told that there is a Toggle."""
    flushed: list[bool] = []
    sent = emit(bus, 50)
    flushing = threading.Thread(target=lambda: flushed.append(bus.flush(60)))
    flushing.start()
    for _ in range(5):
        leave_events_in_child(bus)
    print(json.dumps(sent), flush=True)
    sys.stdin.readline()
    flushing.join()
    assert flushed == [True]


def leave_events_in_child(bus: EventBus) -> None:
    def child() -> bool:
        emit(bus, 9, "child")
        return bus.shutdown(20) is False

    assert in_child(child) == 0


def fork_twice_without_an_event_in_between(bus: EventBus) -> None:
    def grandchild() -> bool:
        emit(bus, 7, "grandchild")
        return bus.shutdown(20)

    assert in_child(lambda: in_child(grandchild) == 0) == 0


def fork_amid_emits_and_sends(bus: EventBus) -> None:
    """Prints how many events the parent has emitted."""
    stop = threading.Event()

    def emit_all_the_time() -> None:
        while not stop.wait(0.0005):
            emit(bus, 5)

    threads = [threading.Thread(target=emit_all_the_time) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            assert in_child(lambda: emit(bus, 20, "child") and bus.flush(20)) == 0
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert bus.flush(30)
    print(bus.get_stats()["emitted"])


def fork_by_multiprocessing(bus: EventBus) -> None:
    context = multiprocessing.get_context("fork")
    emit(bus, 1)
    children = [context.Process(target=emit, args=(bus, 3, "child")) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]


PROGRAMS = {
    program.__name__: program
    for program in (
        flush_in_child,
        fork_with_events_in_memory,
        fork_amid_a_flush,
        leave_events_in_child,
        fork_twice_without_an_event_in_between,
        fork_amid_emits_and_sends,
        fork_by_multiprocessing,
    )
}


def main(program: str, settings: str) -> None:
    options: dict[str, Any] = json.loads(settings)
    with EventBus(**options) as bus:
        PROGRAMS[program](bus)
        assert bus.shutdown(20)


if __name__ == "__main__":
    main(*sys.argv[1:])
