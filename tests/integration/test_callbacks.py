"""What calls the program back: it may call the bus in turn, and raise, and nothing hangs."""

import logging
import threading

import pytest
from support.delivery import assert_balanced, emit

from rodent_events import EventBatchResponse, EventBus, StorageTransferPayload

WAITING = "in a thread that delivers; it does not wait there"


def end(_bus):
    raise SystemExit


# What is called, and what the log says of it.
CALLS = {
    "emits": (lambda bus: bus.emit(StorageTransferPayload()), None),
    "flushes": (lambda bus: bus.flush(None), WAITING),
    "shuts down": (lambda bus: bus.shutdown(None), WAITING),
    "ends its thread": (end, "raised"),
    "asks": (lambda bus: (bus.get_stats(), bus.health(), bus.debug_info()), None),
}


@pytest.fixture
def overflowing(settings, tmp_path):
    """Settings of a bus that drops much: memory is small, and there is no disk."""
    (tmp_path / "file").touch()
    small = {"buffer_size": 10, "flush_threshold": 10, "batch_size": 5, "overflow": "drop_newest"}
    return settings | small | {"events_dir": tmp_path / "file"}


@pytest.mark.parametrize("name", CALLS)
def test_on_drop(name, overflowing, scripted_toggle, caplog, wait_until):
    call, told = CALLS[name]
    called, may_answer = threading.Event(), threading.Event()

    def on_drop(_drop):
        called.set()
        call(bus)

    def hang(_request, _context):
        may_answer.wait()
        return EventBatchResponse(success=True)

    scripted_toggle.script = [hang]
    bus = EventBus(target=scripted_toggle.address, **overflowing, on_drop=on_drop).start()
    emit(bus, 100)
    bus.flush(0.1)  # wakes the thread
    wait_until(called.is_set)
    may_answer.set()
    bus.shutdown(20)
    stats = assert_balanced(bus)
    assert stats["waiting"] == 0
    assert told is None or told in caplog.text


@pytest.mark.parametrize("name", ["emits", "flushes", "ends its thread", "asks"])
def test_a_handler_of_the_log(name, settings, free_port, make_scripted_toggle, wait_until):
    call, _ = CALLS[name]
    called = threading.Event()

    class Handler(logging.Handler):
        def emit(self, record):
            if record.threadName.startswith("rodent-events"):
                called.set()
                call(bus)

    handler = Handler()
    logger = logging.getLogger("rodent_events")
    logger.addHandler(handler)
    try:
        bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
        emit(bus, 50)
        wait_until(called.is_set)
        make_scripted_toggle(free_port)
        assert bus.flush(60)
        bus.shutdown(20)
    finally:
        logger.removeHandler(handler)
    assert assert_balanced(bus)["waiting"] == 0


@pytest.mark.parametrize("name", ["emits", "flushes", "asks"])
def test_a_token_provider(name, settings, scripted_toggle):
    call, _ = CALLS[name]

    def token():
        call(bus)
        return "a.b.c"

    with EventBus(target=scripted_toggle.address, **settings | {"jwt": token}) as bus:
        emit(bus, 50)
        assert bus.flush(60)
    assert assert_balanced(bus)["waiting"] == 0
