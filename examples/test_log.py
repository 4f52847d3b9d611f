"""Records of the log as events."""

import logging
import logging.config

import pytest

from rodent_events import StoragePoolPayload
from rodent_events.integrations.log import EventsHandler


@pytest.fixture
def logger():
    yield logging.getLogger("pools")
    logging.getLogger("pools").handlers.clear()


def test_an_error_in_the_log_is_an_event(event_bus, toggle_server, logger):
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {
                "events": {
                    "class": "rodent_events.integrations.log.EventsHandler",
                    "level": "WARNING",
                    "bus": event_bus,  # without it, the global bus
                }
            },
            "loggers": {"pools": {"handlers": ["events"]}},
        }
    )
    try:
        _ = {"tank": 1}["rpool"]
    except KeyError:
        logger.exception("no such pool", extra={"node": "n7"})
    assert event_bus.flush()
    (event,) = toggle_server.assert_received("payload:status level:error source:pools")
    assert event.payload.status.startswith("no such pool\nTraceback")
    assert event.metadata["exception"] == "KeyError: 'rpool'"
    assert event.metadata["node"] == "n7"


def pool_of(record):
    """Only records that name a pool become events."""
    pool = getattr(record, "pool", None)
    return pool and StoragePoolPayload(pool_name=pool)


def test_a_payload_of_ones_own(event_bus, toggle_server, logger):
    logger.addHandler(EventsHandler(bus=event_bus, payload=pool_of))
    logger.warning("nothing of a pool")
    logger.warning("nearly full", extra={"pool": "tank"})
    assert event_bus.flush()
    assert event_bus.get_stats()["delivered"] == 1
    toggle_server.assert_received("pool_name:tank level:warn metadata.pool:tank")
