"""Speak to an agent as Toggle does: a test for each question."""

import grpc
import pytest

from toggle_mock import CommandRejectedError


def test_a_command(rodent, toggle_server):
    rodent.commands["zfs.pool.scrub"] = lambda payload: {"scrubbing": payload["pool"]}
    reply = toggle_server.rodents["rodent-1"].command("zfs.pool.scrub", {"pool": "tank"})
    assert reply.success
    assert reply.payload == {"scrubbing": "tank"}


def test_a_command_that_fails(rodent, toggle_server):
    def scrub(payload):
        raise CommandRejectedError(f"no pool {payload['pool']}")

    rodent.commands["zfs.pool.scrub"] = scrub
    reply = toggle_server.rodents["rodent-1"].command("zfs.pool.scrub", {"pool": "tnak"})
    assert not reply.success
    assert reply.error.message == "no pool tnak"


def test_a_configuration(rodent, toggle_server):
    told = toggle_server.rodents["rodent-1"].push_config("logging", {"level": "debug"})
    assert told.success


@pytest.mark.usefixtures("rodent")
def test_its_stream_ends(toggle_server):
    seen = toggle_server.rodents["rodent-1"]
    seen.disconnect(grpc.StatusCode.UNAVAILABLE)
    assert seen.command(
        "system.status", timeout=10
    ).success  # by the stream that it has opened anew


def test_a_request_of_http(rodent, toggle_server):
    rodent.services["api"] = lambda request: (200, {}, request["path"].encode())
    answer = toggle_server.rodents["rodent-1"].http("GET", "/health", service="api")
    assert (answer.status_code, answer.body) == (200, b"/health")
