"""Waiting in asyncio for what threads do, whatever becomes of the loop and its executor."""

import asyncio
import threading
import time
from contextvars import ContextVar

import pytest

from rodent_events.awaiting import in_thread, wait
from rodent_events.latch import Latch


def set_in_thread(latch):
    thread = threading.Thread(target=latch.set)
    thread.start()
    return thread


async def test_it_waits_as_long_as_was_said_and_the_loop_runs_on():
    latch = Latch()
    for seconds in (0, -1, 0.001):
        assert not await wait(latch, seconds)
    waiting = asyncio.create_task(wait(latch, None))
    await asyncio.sleep(0)
    assert not waiting.done()
    thread = set_in_thread(latch)
    assert await waiting
    thread.join()
    assert await wait(latch, 0)


async def test_several_may_wait_for_the_same():
    latch = Latch()
    waiting = [asyncio.create_task(wait(latch, 60)) for _ in range(5)]
    await asyncio.sleep(0)
    set_in_thread(latch).join()
    assert await asyncio.gather(*waiting) == [True] * 5


async def test_who_is_cancelled_disturbs_nobody():
    latch = Latch()
    cancelled, waiting = (asyncio.create_task(wait(latch)) for _ in range(2))
    await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    latch.set()
    assert await waiting


def test_a_loop_that_is_closed_meanwhile_is_none_of_its_business():
    latch = Latch()
    asyncio.run(wait(latch, 0))
    latch.set()
    assert latch.is_set()


async def test_a_function_has_a_thread_of_its_own_and_the_context_of_the_caller():
    variable = ContextVar("variable")
    variable.set("ours")
    here = threading.get_ident()
    there, seen = await in_thread(lambda: (threading.get_ident(), variable.get()))
    assert there != here
    assert seen == "ours"
    assert await in_thread(int, "77", base=8) == 63


@pytest.mark.parametrize("error", [KeyError("k"), SystemExit(3)])
async def test_what_a_function_raises_is_raised_where_it_is_awaited(error):
    def fail():
        raise error

    with pytest.raises(type(error)) as raised:
        await in_thread(fail)
    assert raised.value is error


async def test_a_function_goes_on_for_who_is_cancelled():
    may_go_on, is_done = threading.Event(), threading.Event()

    def work():
        may_go_on.wait(60)
        is_done.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_go_on.set()
    assert is_done.wait(60)


def test_the_wait_is_no_longer_than_it_may_be():
    start = time.monotonic()
    assert not asyncio.run(wait(Latch(), 0.01))
    assert time.monotonic() - start < 30
