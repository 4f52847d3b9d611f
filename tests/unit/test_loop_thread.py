"""An event loop with a thread of its own, and its end."""

import asyncio
import sys
from types import SimpleNamespace

import pytest

from rodent_events import UnsupportedError
from toggle_mock.compat.rpcs.trials import Shape, try_out
from toggle_mock.loop_thread import LoopEndedError, LoopThread

UNARY = Shape(client_streaming=False, server_streaming=False)


@pytest.fixture
def thread():
    thread = LoopThread("a-loop")
    yield thread
    thread.end()


async def answer() -> int:
    return 7


@pytest.mark.parametrize("module", ["threading", "select"])
@pytest.mark.parametrize(
    "start", [lambda: LoopThread("a-loop"), lambda: try_out({"a.Service.Call": (UNARY, UNARY)})]
)
def test_none_is_started_where_gevent_has_replaced_what_it_needs(start, module, monkeypatch):
    patched = SimpleNamespace(is_module_patched=lambda name: name == module)
    monkeypatch.setitem(sys.modules, "gevent.monkey", patched)
    with pytest.raises(UnsupportedError, match="gevent has replaced Python's"):
        start()


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
