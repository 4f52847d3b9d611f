import share_agent


def test_a_share_is_reported(agent, toggle_server):
    share_agent.share(agent, "home")
    toggle_server.assert_received("share_name:home metadata.site:lab", count=1)


def test_it_has_a_server_with_tls(toggle_server):
    assert toggle_server.root_certificate is not None
