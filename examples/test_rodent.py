"""Talk to a Rodent as Toggle does: commands, configuration, a cut stream."""

import grpc
import pytest


def test_commands(rodent, toggle_server):
    seen = toggle_server.rodents["rodent-1"]

    reply = seen.command("system.status", timeout=10)
    assert reply.success
    assert reply.payload["status"] == "healthy"

    rodent.commands["zfs.pool.list"] = lambda _payload: ["tank", "backup"]
    assert seen.command("zfs.pool.list").payload == ["tank", "backup"]
    assert seen.push_config("logging", {"level": "debug"}).success


def test_http_through_the_rodent(rodent, toggle_server):
    rodent.services["api"] = lambda request: (200, {}, request["path"].encode())
    answer = toggle_server.rodents["rodent-1"].http("GET", "/health", service="api")
    assert (answer.status_code, answer.body) == (200, b"/health")


@pytest.mark.usefixtures("rodent")
def test_it_comes_back(toggle_server):
    seen = toggle_server.rodents["rodent-1"]
    seen.disconnect(grpc.StatusCode.UNAVAILABLE)
    assert seen.command("system.status", timeout=10).success  # waits for the new stream
    assert [message.sent for message in seen.history] == [True, False]
