def test_the_agent_of_the_other_module_is_there_yet(agent, toggle):
    agent("fast")
    toggle.assert_received("pool_name:fast rid:agent-1", count=1)
    toggle.assert_only("payload:pool", count=1)
