"""The short form of ``make soak``."""

from support.soak import soak


def test_kills_of_agent_and_server_lose_and_repeat_nothing():
    totals = soak(rounds=8, seed=7)
    assert totals.clean, totals
    assert totals.kills_of_the_agent == 8
