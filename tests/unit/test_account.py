"""The sums: whatever is booked, and whatever waits unbooked, they are consistent."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reach import reached, reaches

from rodent_events.account import Account, Turnover
from rodent_events.config import EventConfig
from rodent_events.ledger import DropReason, Ledger, Place
from rodent_events.wire import EventKind

INFO_STORAGE = EventKind(1, 2)
PARTS = ("delivered", "waiting", "filtered", "dropped", "quarantined")


def make_account(ledger: Ledger, memory: int = 0, appended: int = 0) -> Account:
    config = EventConfig(events_dir="unused")
    return Account(config, ledger, range(memory), lambda: appended, threading.RLock())


def test_each_event_is_counted_where_it_is():
    ledger = Ledger()
    ledger.move(4, Place.FOUND, Place.DISK)
    ledger.move(3, Place.MEMORY, Place.IN_FLIGHT)
    ledger.move(1, Place.IN_FLIGHT, Place.DELIVERED)
    ledger.move(1, Place.IN_FLIGHT, Place.QUARANTINED)
    ledger.drop(DropReason.OVERFLOW, Place.REFUSED, [INFO_STORAGE] * 2)
    ledger.filter(EventKind(0, 99))
    account = make_account(ledger, memory=5, appended=7)
    stats = account.stats()
    assert (
        stats
        | {
            "buffer_size": 5,
            "pending_events": 1,
            "emitted": 3 + 5 + 7 + 2 + 1,
            "recovered": 4,
            "delivered": 1,
            "waiting": 5 + 1 + 4 + 7,
            "spooled": 4 + 7,
            "filtered": 1,
            "dropped": 2,
            "quarantined": 1,
            "dropped_by_reason": {"overflow": {"INFO STORAGE": 2}},
            "filtered_by_kind": {"UNSPECIFIED 99": 1},
        }
        == stats
    )
    assert account.waiting == stats["waiting"]
    assert account.drops() == {("overflow", "INFO", "STORAGE"): 2}


def test_what_was_refused_neither_entered_nor_is_lost():
    ledger = Ledger()
    ledger.move(4, Place.FOUND, Place.DISK)
    ledger.move(2, Place.DISK, Place.DELIVERED)
    ledger.drop(DropReason.OVERFLOW, Place.REFUSED, [INFO_STORAGE])
    ledger.filter(INFO_STORAGE)
    assert make_account(ledger, memory=3).turnover() == Turnover(
        found=4, entered=7, settled=2, lost=0
    )
    ledger.drop(DropReason.SPOOL_UNREADABLE, Place.DISK, [INFO_STORAGE] * 2)
    assert make_account(ledger, memory=3).turnover() == Turnover(
        found=4, entered=7, settled=4, lost=2
    )


SOURCES = [Place.FOUND, Place.MEMORY, Place.IN_FLIGHT, Place.DISK]
TARGETS = [Place.DISK, Place.IN_FLIGHT, Place.DELIVERED, Place.QUARANTINED]


@reaches(moved=0.3)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(SOURCES), st.sampled_from(TARGETS)),
        max_size=20,
    ),
    st.integers(0, 100),
    st.integers(0, 100),
)
def test_the_sum_is_what_came_in(moves, memory, appended):
    ledger = Ledger()
    for count, source, target in moves:
        ledger.move(count, source, target)
    if any(count for count, _, _ in moves):
        reached("moved")
    stats = make_account(ledger, memory, appended).stats()
    assert stats["emitted"] + stats["recovered"] == sum(stats[part] for part in PARTS)


@pytest.mark.parametrize("reason", DropReason)
def test_drops_are_told_by_reason(reason):
    ledger = Ledger()
    ledger.drop(reason, Place.DISK, [INFO_STORAGE])
    assert make_account(ledger).stats()["dropped_by_reason"] == {reason.value: {"INFO STORAGE": 1}}
