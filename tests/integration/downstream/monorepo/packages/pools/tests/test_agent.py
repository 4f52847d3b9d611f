import pool_agent


def test_a_scrub_is_reported(agent, event_bus, toggle_server):
    for pool in ("tank", "backup", "fast"):
        pool_agent.scrub(agent, pool)
    toggle_server.wait_for("payload:pool metadata.action:scrub", count=3)
    assert event_bus.config.batch_size == 2
    assert [len(batch.events) for batch in toggle_server.batches] == [2, 1]


def test_it_has_a_server_without_tls(toggle_server):
    assert toggle_server.root_certificate is None
