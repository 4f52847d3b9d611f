"""An event loop with a thread of its own, and its end."""

import asyncio

import pytest

from toggle_mock.loop_thread import LoopEndedError, LoopThread


@pytest.fixture
def thread():
    thread = LoopThread("a-loop")
    yield thread
    thread.end()


async def answer() -> int:
    return 7


def test_what_is_called_runs_in_the_loop(thread):
    async def where() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert thread.call(where) is thread.loop
    assert thread.call(answer) == 7


def test_after_its_end_it_takes_nothing_and_ends_no_more(thread):
    thread.end()
    thread.end()
    with pytest.raises(LoopEndedError, match="a-loop has ended"):
        thread.call(answer)


def test_tasks_that_are_left_have_ended_when_it_has(thread):
    log = []

    async def last() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            log.append("cleaned up")

    async def begin() -> None:
        thread.schedule(last)
        await asyncio.sleep(0)

    thread.call(begin)
    thread.end()
    assert log == ["cleaned up"]
