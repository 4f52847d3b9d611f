"""How fast an upstream's messages are taken."""

import asyncio
import itertools

import grpc.aio

from toggle_mock.recording.records import RecordedCall
from toggle_mock.rodents.stream import Accepted, Stream
from toggle_mock.server.forwarding import ForwardedConversation


class Flood:
    """A stream to an upstream that never stops to say something."""

    def __init__(self):
        self.numbers = itertools.count(1)
        self.cancelled = False

    async def initial_metadata(self):
        return grpc.aio.Metadata()

    async def read(self):
        return b"%d" % next(self.numbers)

    def done(self):
        return False

    def cancel(self):
        self.cancelled = True


async def test_no_more_is_taken_of_an_upstream_than_the_rodent_takes():
    flood = Flood()
    stream = Stream(RecordedCall("Connect", "peer", ()), asyncio.get_running_loop())
    speaking = asyncio.ensure_future(ForwardedConversation(flood, stream).speak())
    assert await stream.outgoing.get() == Accepted(())
    stream.outgoing.task_done()
    for number in (b"1", b"2"):
        assert await stream.outgoing.get() == number
        for _ in range(10):
            await asyncio.sleep(0)
        assert stream.outgoing.empty()
        stream.outgoing.task_done()
    speaking.cancel()
    await asyncio.wait([speaking])
    assert flood.cancelled
