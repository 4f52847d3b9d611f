"""Agent and mock in a process whose time is frozen, by freezegun or time-machine.

How the fixtures fare in a frozen test shows in ``downstream/frozen_project``.
"""

import subprocess
import sys
import time
from datetime import UTC, datetime

import freezegun
import pytest

from rodent_events import clock

pytestmark = pytest.mark.slow

# All is imported while time is frozen, used, and used again when it is not any more.
IMPORTED_WITHIN = """
import sys, time
real = time.time()
with {freeze}:
    from rodent_events import EventBus, StoragePoolPayload
    from toggle_mock import ToggleServer
    toggle = ToggleServer(relay=True, http_port=0).start()
    bus = EventBus(
        target=toggle.address, jwt=toggle.jwt(iat=None, exp=None), events_dir=sys.argv[1],
        batch_timeout=0.05,
    ).start()
    bus.emit(StoragePoolPayload())
    (frozen,) = toggle.wait_for(StoragePoolPayload(), timeout=30)
    assert frozen.timestamp < real * 1000 - 1e9
bus.emit(StoragePoolPayload())
_, event = toggle.wait_for(StoragePoolPayload(), count=2, timeout=30)
assert event.timestamp >= int(real) * 1000
with {freeze}:
    bus.emit(StoragePoolPayload())
    assert bus.flush(30)
    bus.shutdown(30)
    toggle.stop()
"""
FREEZES = {
    "freezegun": '__import__("freezegun").freeze_time("2001-06-01")',
    "time-machine": '__import__("time_machine").travel("2001-06-01", tick=False)',
}


@pytest.mark.parametrize("freeze", FREEZES)
def test_agent_and_mock_may_be_imported_while_time_is_frozen(freeze, tmp_path):
    script = IMPORTED_WITHIN.format(freeze=FREEZES[freeze])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, tmp_path / "events"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_timeout_of_grpc_is_as_long_where_time_stands_still_at_the_present():
    real = time.clock_gettime(time.CLOCK_REALTIME)
    with freezegun.freeze_time(datetime.fromtimestamp(real - 0.5, UTC)):
        deadline = time.time() + clock.GrpcTimeout(10)
    assert deadline > real + 9.9
