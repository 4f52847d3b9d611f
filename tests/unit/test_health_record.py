"""What is told of how a bus fares, from what it has met."""

import errno
import time

import pytest
from freezegun import freeze_time

from rodent_events import HealthState
from rodent_events.health_record import DISK_REMEDY, REMEDIES, HealthRecord
from rodent_events.retry_policy import Outcome, Status

BUSY = Outcome(Status.UNAVAILABLE, "overloaded")
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def record():
    return HealthRecord()


def now(record):
    return record.now(oldest_waiting=None, disk=(0, 0))


def test_there_is_a_remedy_for_each_status():
    assert set(REMEDIES) == set(Status) - {Status.OK}


def test_all_is_well_at_first(record):
    found = record.now(oldest_waiting=7.5, disk=(100, 2))
    assert found.state is HealthState.OK
    assert found.last_error is found.last_error_at is found.remedy is found.failing_since is None
    assert (found.oldest_waiting, found.disk_bytes, found.disk_files) == (7.5, 100, 2)


def test_it_fails_from_the_first_failure_to_the_next_success(record):
    before = time.time()
    assert record.send_failed(BUSY)
    since = now(record).failing_since
    assert before <= since <= time.time()
    assert not record.send_failed(BUSY), "news only once"
    assert record.send_failed(Outcome(Status.UNAUTHENTICATED, "expired"))
    assert not record.send_failed(BUSY)
    found = now(record)
    assert found.state == "failing"
    assert found.failing_since == since
    assert found.last_error == "UNAVAILABLE: overloaded"
    assert found.remedy == REMEDIES[Status.UNAVAILABLE]
    assert record.send_succeeded() >= 0
    assert record.send_succeeded() is None
    healed = now(record)
    assert healed.state is HealthState.OK
    assert healed.failing_since is None
    assert healed.last_error == "UNAVAILABLE: overloaded", "what went wrong last"
    assert healed.last_error_at >= since
    assert record.send_failed(BUSY), "news again"


def test_one_that_cannot_be_reached_has_another_remedy(record):
    record.send_failed(Outcome(Status.UNAVAILABLE, "", unreachable=True))
    assert "see that Toggle runs, that target is right" in now(record).remedy


def test_a_disk_that_takes_nothing_is_worse_than_none_and_better_than_no_toggle(record):
    assert record.disk_failed(FULL)
    assert not record.disk_failed(FULL)
    found = now(record)
    assert found.state is HealthState.DEGRADED
    assert found.last_error == "[Errno 28] No space left on device"
    assert found.remedy == DISK_REMEDY
    record.send_failed(BUSY)
    assert now(record).state is HealthState.FAILING
    assert now(record).failing_since == found.failing_since, "since the first of the two"
    record.send_succeeded()
    assert now(record).state is HealthState.DEGRADED
    assert record.disk_succeeded()
    assert not record.disk_succeeded()
    assert now(record).state is HealthState.OK


def test_how_long_it_failed_is_true_though_the_clock_was_set_back(record):
    with freeze_time("2041-06-01"):
        record.send_failed(BUSY)
    with freeze_time("2001-06-01"):
        assert 0 <= record.send_succeeded() < 60


def test_a_clock_that_begins_with_the_epoch_hides_no_failure(record):
    with freeze_time("1970-01-01"):
        record.disk_failed(FULL)
        assert now(record).state is HealthState.DEGRADED
        record.send_failed(BUSY)
        assert now(record).state is HealthState.FAILING
        assert now(record).failing_since == 0
        assert record.send_succeeded() is not None
