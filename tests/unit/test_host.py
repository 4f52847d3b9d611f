"""The host of the gRPC server, with a server that misbehaves."""

import asyncio

import grpc
import pytest

from toggle_mock.address import Address
from toggle_mock.server import host as module
from toggle_mock.server.host import GrpcHost


class Listening:
    """Takes whatever it is to serve."""

    def add_generic_rpc_handlers(self, _handlers): ...

    def add_registered_method_handlers(self, _service, _handlers): ...

    def add_insecure_port(self, _address):
        return 4711

    async def start(self): ...


class NeverStops(Listening):
    """As a server is of which a forked child has taken the event that says that it stopped."""

    async def stop(self, _grace):
        await asyncio.Event().wait()


class FailsToStop(Listening):
    async def stop(self, _grace):
        raise RuntimeError("out of order")


@pytest.fixture
def host():
    handlers = grpc.method_handlers_generic_handler("any", {})
    return GrpcHost(Address(), handlers, handlers, options=(), relay=None, credentials=None)


async def come_and_go(host: GrpcHost) -> None:
    await host.come_back()
    assert host.is_up
    await host.stop_answering(0.0)


def test_a_server_that_never_stops_is_left_to_itself(host, monkeypatch, caplog):
    monkeypatch.setattr(module, "OVERTIME", 0.01)
    monkeypatch.setattr(grpc.aio, "server", lambda **_: NeverStops())
    asyncio.run(come_and_go(host))
    assert not host.is_up
    assert caplog.messages == [
        "gRPC at 127.0.0.1:4711 does not stop: it is left to itself [RE-402]"
    ]


def test_that_it_cannot_stop_is_told(host, monkeypatch):
    monkeypatch.setattr(grpc.aio, "server", lambda **_: FailsToStop())
    with pytest.raises(RuntimeError, match="out of order"):
        asyncio.run(come_and_go(host))
