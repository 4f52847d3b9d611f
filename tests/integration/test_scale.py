"""Many Rodents at once, and streams that stay up."""

import os
import sys

import psutil
import pytest

from toggle_mock.clients.fleet import simulate_fleet
from toggle_mock.clients.simulated_rodent import SimulatedRodent

pytestmark = pytest.mark.slow

PACE = 0.001
RODENTS = 1_000 if os.environ.get("CI") else 200
COMMANDS = 10


@pytest.mark.timeout(300)
def test_a_thousand_rodents_with_ten_commands_each(make_toggle_server, record_property):
    toggle = make_toggle_server()
    before = psutil.Process().memory_info().rss
    with simulate_fleet(toggle, RODENTS, pace=PACE):
        connected = toggle.rodents.wait_connected(RODENTS, timeout=120)
        replies = [
            rodent.start_command("echo", {"rid": rodent.rid, "number": number})
            for rodent in connected
            for number in range(COMMANDS)
        ]
        assert len(replies) == RODENTS * COMMANDS
        for reply in replies:
            assert reply.result(120).error.code == 1106  # an unknown command, answered
        used = (psutil.Process().memory_info().rss - before) / RODENTS
    sys.stdout.write(f"{used / 1024:.0f} KiB for each Rodent, its simulation included\n")
    record_property("bytes_per_rodent", used)
    assert all(not rodent.unexpected_messages for rodent in connected)
    assert used < 1024 * 1024


def test_an_idle_stream_stays_up(make_toggle_server, wait_until):
    """As 200 s of silence with a ping each 40 s, 200 times faster."""
    from rodent_events.client import CHANNEL_OPTIONS

    toggle = make_toggle_server(ping_interval=0.05)
    pings = dict(CHANNEL_OPTIONS) | {
        "grpc.keepalive_time_ms": 200,
        "grpc.keepalive_timeout_ms": 5_000,
    }
    with SimulatedRodent(
        toggle.address, toggle.jwt(rid="r1"), pace=PACE, channel_options=list(pings.items())
    ) as rodent:
        seen = toggle.rodents["r1"]
        seen.wait_connected()
        with pytest.raises(TimeoutError):
            seen.wait_disconnected(1.5)
        assert rodent.connects == 1
        assert seen.command("system.status").success
