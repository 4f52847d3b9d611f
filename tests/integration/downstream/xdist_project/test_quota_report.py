import pytest
from quota_report import report

from rodent_events import EventBus


@pytest.fixture
def bus(session, tmp_path):
    with EventBus(
        target=session.address,
        jwt=session.jwt(),
        events_dir=tmp_path,
        batch_timeout=0.05,
        enabled_categories=["USAGE"],
    ) as bus:
        yield bus


@pytest.mark.parametrize("number", range(11))
def test_who_uses_too_much_is_reported(bus, session, number):
    report(bus, {"frugal": 10, f"greedy-{number}": 100 + number}, limit=50)
    (event,) = session.wait_for("payload:quota", timeout=20)
    assert event.payload.current_usage == 100 + number
    session.assert_only(f"organization_id:greedy-{number}", count=1)


def test_nobody_uses_too_much(bus, session):
    report(bus, {"frugal": 10}, limit=50)
    report(bus, {"last": 51}, limit=50)
    assert bus.flush(timeout=20)
    session.assert_only("organization_id:last", count=1)
