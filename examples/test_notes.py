"""What a miss is to tell of an agent that the fixtures do not know."""

import pytest

from toggle_mock import NotReceivedError


def test_a_miss_tells_what_the_agent_says(toggle_server):
    log = ["agent: cannot read its configuration"]
    toggle_server.notes.append(lambda: log[-1:])
    with pytest.raises(NotReceivedError, match="cannot read its configuration"):
        toggle_server.wait_for("payload:pool", timeout=0.1)
