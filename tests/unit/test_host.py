"""The host of the gRPC server, with a server that misbehaves."""

import asyncio

import grpc
import pytest

from toggle_mock.server import host as module
from toggle_mock.server.host import GrpcHost


class NeverStops:
    """As a server is of which a forked child has taken the event that says that it stopped."""

    async def stop(self, _grace):
        await asyncio.Event().wait()


class FailsToStop:
    async def stop(self, _grace):
        raise RuntimeError("out of order")


def a_host(server) -> GrpcHost:
    handlers = grpc.method_handlers_generic_handler("any", {})
    host = GrpcHost("127.0.0.1", 0, handlers, options=(), relay=None, credentials=None)
    host._server = server
    return host


def test_a_server_that_never_stops_is_left_to_itself(monkeypatch, caplog):
    monkeypatch.setattr(module, "_OVERTIME", 0.01)
    host = a_host(NeverStops())
    asyncio.run(host.stop_answering(0.0))
    assert not host.is_up
    assert caplog.messages == ["gRPC at 127.0.0.1:0 does not stop: it is left to itself"]


def test_that_it_cannot_stop_is_told():
    with pytest.raises(RuntimeError, match="out of order"):
        asyncio.run(a_host(FailsToStop()).stop_answering(0.0))
