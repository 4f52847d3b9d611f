import pytest


@pytest.mark.parametrize("pool", ["tank", "backup"])
def test_each_test_has_its_own(agent, toggle, pool):
    agent(pool)
    toggle.assert_received(f"pool_name:{pool}", count=1)
    toggle.assert_only("payload:pool", count=1)
