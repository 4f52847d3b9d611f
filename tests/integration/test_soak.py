"""The short form of ``make soak``."""

import pytest
from support.soak import EVERY_WAY, soak

pytestmark = pytest.mark.slow


def test_ends_of_the_agent_and_kills_of_the_server_lose_and_repeat_nothing():
    totals = soak(rounds=len(EVERY_WAY), seed=7)
    assert totals.clean, totals
    assert totals.ends.keys() == set(EVERY_WAY)
    assert totals.kills_of_the_server > 0
