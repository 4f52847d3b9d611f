import os
import subprocess
from pathlib import Path

import grpc
import pytest

AGENT = Path(__file__).with_name("agent.mjs")


@pytest.fixture(scope="module")
def agent(toggle_server_session):
    """The process, started once; it is told of a pool, and says what became of its report."""
    environment = os.environ | {
        "TOGGLE": toggle_server_session.address,
        "TOGGLE_JWT": toggle_server_session.jwt(rid="node-1"),
    }
    with subprocess.Popen(
        ["node", AGENT],
        env=environment,
        text=True,
        bufsize=1,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:

        def scrubbed(pool):
            process.stdin.write(f"{pool}\n")
            return process.stdout.readline

        yield scrubbed
        process.stdin.close()
        assert process.wait(20) == 0


def test_it_reports(agent, toggle_server):
    assert agent("tank")() == "sent\n"
    (event,) = toggle_server.assert_received("rid:node-1 pool_name:tank", count=1)
    assert (event.level, event.category, event.source) == ("INFO", "STORAGE", "node-agent")
    assert event.metadata == {"action": "scrub"}
    assert event.unknown_fields == []


def test_it_sends_again_what_was_not_taken(agent, toggle_server):
    toggle_server.on_send_events.returns([grpc.StatusCode.UNAVAILABLE])
    said = agent("backup")
    assert [said(), said()] == ["again\n", "sent\n"]
    assert [call.status for call in toggle_server.calls] == ["UNAVAILABLE", "OK"]
    toggle_server.assert_only("pool_name:backup", count=1)


def test_it_says_what_is_refused(agent, toggle_server):
    toggle_server.tokens.revoke(rid="node-1")
    assert agent("tank")() == "refused: 16\n"
    toggle_server.assert_not_received("payload:pool")
