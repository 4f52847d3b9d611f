"""Records of the log as events: what they say, what is left out, and that nothing gets back."""

import logging
import logging.config
import logging.handlers
import queue
import sys
import threading

import pytest
from support.delivery import spooled

import rodent_events
from rodent_events import (
    EVENT_LEVEL_CRITICAL,
    EVENT_LEVEL_DEBUG,
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    EVENT_LEVEL_TRACE,
    EVENT_LEVEL_WARN,
    EventBus,
    StoragePoolPayload,
    own_threads,
)
from rodent_events.config import LEVELS
from rodent_events.integrations.log import EventsHandler

POOL = StoragePoolPayload(pool_name="tank")


@pytest.fixture
def make_bus(tmp_path):
    return lambda **settings: EventBus(
        events_dir=tmp_path, enabled_levels=LEVELS.values(), **settings
    )


@pytest.fixture
def bus(make_bus):
    return make_bus()


@pytest.fixture
def logger(request):
    """A logger of this test alone, without others' handlers."""
    logger = logging.getLogger(f"agent.{request.node.name}")
    logger.propagate = False
    logger.setLevel(1)
    yield logger
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


@pytest.fixture
def unhandled(monkeypatch):
    """What handlers could not do, without a word on stderr."""
    found = []
    monkeypatch.setattr(
        EventsHandler, "handleError", lambda _self, _record: found.append(sys.exc_info()[1])
    )
    return found


def emitted(bus):
    """The events that a bus has brought to disk at its end."""
    bus.shutdown()
    return [event for batch in spooled(bus.config.events_dir) for event in batch.events]


def statuses(bus):
    return [event.service_event.status_event.status for event in emitted(bus)]


def test_a_record_is_an_event_with_all_that_it_says(bus, logger):
    logger.addHandler(EventsHandler(bus=bus))
    logger.warning("pool %s is %d %% full", "tank", 95, extra={"pool": "tank", "full": 95})
    (event,) = emitted(bus)
    status = event.service_event.status_event
    assert status.status == "pool tank is 95 % full"
    assert status.service_name == event.source == logger.name
    assert status.pid > 0
    assert event.level == EVENT_LEVEL_WARN
    line = event.metadata.pop("line")
    assert int(line) > 0
    assert dict(event.metadata) == {
        "file": __file__,
        "function": "test_a_record_is_an_event_with_all_that_it_says",
        "thread": threading.current_thread().name,
        "pool": "tank",
        "full": "95",
    }


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        (5, EVENT_LEVEL_TRACE),
        (logging.DEBUG, EVENT_LEVEL_DEBUG),
        (19, EVENT_LEVEL_DEBUG),
        (logging.INFO, EVENT_LEVEL_INFO),
        (25, EVENT_LEVEL_INFO),
        (logging.WARNING, EVENT_LEVEL_WARN),
        (logging.ERROR, EVENT_LEVEL_ERROR),
        (logging.CRITICAL, EVENT_LEVEL_CRITICAL),
        (1000, EVENT_LEVEL_CRITICAL),
    ],
)
def test_levels(level, wanted, bus, logger):
    logger.addHandler(EventsHandler(bus=bus))
    logger.log(level, "text")
    assert [event.level for event in emitted(bus)] == [wanted]


def test_level_filters_and_formatter_hold_as_for_each_handler(bus, logger):
    handler = EventsHandler(logging.WARNING, bus=bus)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(lambda record: "secret" not in record.getMessage())
    logger.addHandler(handler)
    logger.info("too low")
    logger.error("a secret")
    logger.error("seen")
    assert statuses(bus) == ["ERROR seen"]


def test_a_filter_may_put_another_record_in_its_place(bus, logger):
    handler = EventsHandler(bus=bus)
    handler.addFilter(
        lambda record: logging.makeLogRecord({**record.__dict__, "msg": "of the filter"})
    )
    logger.addHandler(handler)
    logger.error("first")
    since_3_12 = sys.version_info >= (3, 12)
    assert statuses(bus) == ["of the filter" if since_3_12 else "first"]


def test_the_text_of_an_exception_is_kept(bus, logger):
    logger.addHandler(EventsHandler(bus=bus))
    try:
        int("tank")
    except ValueError:
        logger.exception("import failed")
    logger.error("no exception at all", exc_info=(None, None, None))
    first, second = emitted(bus)
    text = first.service_event.status_event.status
    assert text.startswith("import failed\nTraceback (most recent call last):\n")
    assert text.endswith("ValueError: invalid literal for int() with base 10: 'tank'")
    assert (
        first.metadata["exception"] == "ValueError: invalid literal for int() with base 10: 'tank'"
    )
    assert "exception" not in second.metadata


def test_behind_a_queue_it_says_the_same(bus, logger):
    waiting = queue.SimpleQueue()
    listener = logging.handlers.QueueListener(waiting, EventsHandler(bus=bus))
    logger.addHandler(logging.handlers.QueueHandler(waiting))
    listener.start()
    try:
        int("tank")
    except ValueError:
        logger.exception("import of %s failed", "tank", extra={"pool": "tank"})
    listener.stop()
    (event,) = emitted(bus)
    text = event.service_event.status_event.status
    assert text.startswith("import of tank failed\nTraceback (most recent call last):\n")
    assert text.endswith("ValueError: invalid literal for int() with base 10: 'tank'")
    assert text.count("Traceback") == 1
    assert event.metadata["pool"] == "tank"
    assert event.level == EVENT_LEVEL_ERROR


def pool_of(record):
    return POOL if "pool" in record.getMessage() else None


def test_a_configuration_may_name_it(bus, logger):
    logging.config.dictConfig(
        {
            "version": 1,
            "incremental": False,
            "disable_existing_loggers": False,
            "formatters": {"short": {"format": "%(message)s!"}},
            "handlers": {
                "events": {
                    "class": "rodent_events.integrations.log.EventsHandler",
                    "level": "WARNING",
                    "formatter": "short",
                    "bus": bus,
                },
                "pools": {
                    "()": "rodent_events.integrations.log.EventsHandler",
                    "bus": bus,
                    "payload": pool_of,
                },
            },
            "loggers": {logger.name: {"handlers": ["events", "pools"], "propagate": False}},
        }
    )
    logger.info("pool")
    logger.warning("disk")
    pool, disk = emitted(bus)
    assert pool.storage_event.pool_event == POOL
    assert disk.service_event.status_event.status == "disk!"


def test_without_a_bus_it_is_the_global_one(logger, tmp_path):
    settings = {"target": "127.0.0.1:9", "jwt": "a.b.c", "events_dir": tmp_path}
    rodent_events.initialize(**settings, enabled_levels=["CRITICAL"])
    try:
        logger.addHandler(EventsHandler())
        logger.error("text")  # nothing is left for other tests
        assert rodent_events.get_stats()["filtered_by_kind"] == {"ERROR SERVICE": 1}
    finally:
        assert rodent_events.shutdown()


def test_the_metadata_of_a_block_are_there_too(bus, logger):
    logger.addHandler(EventsHandler(bus=bus))
    with rodent_events.metadata(transfer_id="7"):
        logger.error("text")
    assert emitted(bus)[0].metadata["transfer_id"] == "7"


TEXTS = {"surrogate": "\ud800", "nul": "a\0b", "wide": "日本"}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_is_emitted(text, bus, unhandled):
    record = {"msg": text, "name": text, "levelno": logging.ERROR, f"key{text}": text}
    EventsHandler(bus=bus).handle(logging.makeLogRecord(record))
    (event,) = emitted(bus)
    shown = text.replace("\ud800", "\\ud800")
    assert event.service_event.status_event.status == event.source == shown
    assert event.metadata[f"key{shown}"] == shown
    assert unhandled == []


# Never into the program, and never back


class Unprintable:
    def __str__(self):
        return str(1 / 0)


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"msg": "%d", "args": ("no number",)}, TypeError),
        ({"msg": "text", "levelno": None}, TypeError),
        ({"msg": "text", "key": Unprintable()}, ZeroDivisionError),
    ],
)
def test_what_is_wrong_with_a_record_is_told_as_for_each_handler(record, error, bus, unhandled):
    handler = EventsHandler(bus=bus)
    for one in (record, {"msg": "goes on"}):
        handler.handle(logging.makeLogRecord({"levelno": logging.ERROR, **one}))
    assert [type(one) for one in unhandled] == [error]
    assert statuses(bus) == ["goes on"]


@pytest.mark.parametrize("wrong", [lambda _record: 1 / 0, lambda _record: "no payload"])
def test_a_payload_that_cannot_be_made_is_told_likewise(wrong, bus, logger, unhandled):
    logger.addHandler(EventsHandler(bus=bus, payload=wrong))
    logger.error("text")
    assert len(unhandled) == 1
    assert emitted(bus) == []


def test_what_is_told_goes_to_stderr(bus, logger, capsys):
    logger.addHandler(EventsHandler(bus=bus, payload=lambda _record: 1 / 0))
    logger.error("text")
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["rodent_events", "rodent_events.bus", "grpc", "grpc._channel"])
def test_records_of_what_delivers_are_left_out(name, bus):
    handler = EventsHandler(bus=bus)
    record = {"msg": "text", "levelno": logging.ERROR}
    handler.handle(logging.makeLogRecord({"name": name, **record}))
    handler.handle(logging.makeLogRecord({"name": f"not_{name}", **record}))
    assert [event.source for event in emitted(bus)] == [f"not_{name}"]


def test_records_of_the_threads_that_deliver_are_left_out(bus, logger):
    logger.addHandler(EventsHandler(bus=bus))

    def call_back():
        own_threads.enter()
        logger.error("by on_drop, or a token provider")

    thread = threading.Thread(target=call_back)
    thread.start()
    thread.join()
    assert emitted(bus) == []


def test_what_is_logged_amid_its_work_is_left_out(make_bus, logger):
    def payload(record):
        logger.error("in payload")
        return POOL

    def hook(event):
        logger.error("in before_emit")
        return event

    bus = make_bus(before_emit=hook)
    logger.addHandler(EventsHandler(bus=bus, payload=payload))
    logger.error("first")
    logger.error("second")
    assert len(emitted(bus)) == 2


def test_a_hook_that_logs_makes_one_event_more_and_no_end_of_them(make_bus, logger):
    def hook(event):
        logger.error("in before_emit")
        return event

    bus = make_bus(before_emit=hook)
    logger.addHandler(EventsHandler(bus=bus))
    bus.emit(POOL)
    assert len(emitted(bus)) == 2


def test_of_many_threads_each_record_is_an_event(bus, logger):
    logger.addHandler(EventsHandler(bus=bus))
    threads = [
        threading.Thread(target=lambda: [logger.error("%d", n) for n in range(100)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses(bus)) == sorted(str(n) for n in range(100) for _ in range(8))


def test_it_needs_no_lock_of_its_own(bus, logger):
    handler = EventsHandler(bus=bus)
    logger.addHandler(handler)
    with ThreadHolding(handler.lock):
        logger.error("text")
    assert statuses(bus) == ["text"]


class ThreadHolding:
    """A thread that holds a lock for the time of a block."""

    def __init__(self, lock):
        self._lock = lock
        self._holds, self._may_end = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with self._lock:
            self._holds.set()
            self._may_end.wait(60)

    def __enter__(self):
        self._thread.start()
        self._holds.wait(60)

    def __exit__(self, *_exception):
        self._may_end.set()
        self._thread.join()


def test_what_a_record_was_given_does_not_hide_where_it_comes_from(bus, logger):
    logger.addHandler(EventsHandler(bus=bus))
    logger.warning("degraded", extra={"file": "/dev/sda", "line": "lost"})
    (event,) = emitted(bus)
    assert event.metadata["file"] == __file__
    assert event.metadata["line"].isdecimal()
