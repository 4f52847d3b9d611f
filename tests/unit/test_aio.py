"""Waiting in asyncio and Trio: no thread waits, and whoever is cancelled leaves nothing behind."""

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import anyio
import pytest
from support.recorded import recorded_event

from rodent_events import StoragePoolPayload
from toggle_mock import Assertions, NotReceivedError, UnexpectedEventError
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall

EVENT = recorded_event(StoragePoolPayload(pool_name="tank"), level=1)


class NoExecutor(ThreadPoolExecutor):
    def submit(self, *_arguments, **_more):
        pytest.fail("a thread of the loop's executor was taken")


def asyncio_without_executor():
    loop = asyncio.new_event_loop()
    loop.set_default_executor(NoExecutor())
    return loop


def run_in_trio(function):
    pytest.importorskip("trio", reason="Trio is not installed").run(function)


def run_in_asyncio(function):
    with asyncio.Runner(loop_factory=asyncio_without_executor) as runner:
        runner.run(function())


def run_in_uvloop(function):
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(function())


@pytest.fixture(params=[run_in_asyncio, run_in_uvloop, run_in_trio])
def run(request):
    """Runs an async function in a loop of one kind."""
    return request.param


class WatchedRecording(Recording):
    """Knows how many are to be told of what comes."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0

    @contextmanager
    def calling(self, then, due):
        with super().calling(then, due):
            self.waiting += 1
            try:
                yield
            finally:
                self.waiting -= 1


@pytest.fixture
def recording():
    return WatchedRecording()


@pytest.fixture
def assertions(recording):
    return Assertions(recording)


def record(recording: Recording) -> None:
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r1", "sub": "o1"})
    recording.begin(call)
    recording.accept(call, EVENT.batch.raw, batch_id="", count=1)
    recording.end(call, "OK")


async def until(condition) -> None:
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - threads bring it about
            await anyio.sleep(0.002)


def alarm_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "toggle-alarms"]


WAITS = {
    "wait_for": lambda aio: aio.wait_for("pool_name:tank"),
    "wait_for_sequence": lambda aio: aio.wait_for_sequence("level:INFO"),
    "wait_for_call": lambda aio: aio.wait_for_call("SendEvents", status="OK"),
    "assert_received": lambda aio: aio.assert_received("pool_name:tank", count=1),
}


@pytest.mark.parametrize("name", WAITS)
def test_a_hundred_wait_at_a_time_and_no_thread_does(name, run, assertions, recording):
    ended = []

    async def wait():
        ended.append(len(await WAITS[name](assertions.aio)))

    async def program():
        before = threading.active_count()
        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(wait)
            await until(lambda: recording.waiting == 100)
            assert threading.active_count() - before <= 10  # those that look, and the alarms'
            record(recording)

    run(program)
    assert ended == [1] * 100
    assert recording.waiting == 0


def test_each_ends_at_its_time(run, assertions):
    ended = []

    async def wait(number):
        with pytest.raises(NotReceivedError, match=f"waited {number / 1000:g} s for 1 event"):
            await assertions.aio.wait_for("pool_name:tank", timeout=number / 1000)
        await assertions.aio.assert_not_received("pool_name:tank", within=number / 1000)
        with pytest.raises(NotReceivedError):
            await assertions.aio.wait_for_call("SendEvents", timeout=number / 1000)
        ended.append(number)

    async def program():
        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(wait, number)

    run(program)
    assert sorted(ended) == list(range(50))


class Never:
    def __call__(self, _event):
        return False


def test_who_is_cancelled_leaves_nothing_behind(run, assertions, recording):
    matchers = [Never() for _ in range(20)]
    left = [weakref.ref(matcher) for matcher in matchers]

    async def program():
        async with anyio.create_task_group() as group:
            while matchers:
                group.start_soon(assertions.aio.wait_for, matchers.pop())
            await until(lambda: recording.waiting == len(left))
            group.cancel_scope.cancel()
        assert recording.waiting == 0

    run(program)
    gc.collect()
    assert [matcher() for matcher in left] == [None] * len(left)
    for thread in alarm_threads():
        thread.join(20)
    assert alarm_threads() == []


async def test_a_task_of_asyncio_is_cancelled_as_any(assertions, recording):
    task = asyncio.create_task(assertions.aio.wait_for())
    await until(lambda: recording.waiting == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await assertions.aio.wait_for()
    assert recording.waiting == 0


async def test_who_is_cancelled_before_it_has_begun_leaves_nothing_behind(assertions, recording):
    task = asyncio.create_task(assertions.aio.wait_for())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert recording.waiting == 0


async def test_the_loop_goes_on_while_a_matcher_thinks(assertions, recording):
    asked, answer = threading.Event(), threading.Event()

    def thinks(_event):
        asked.set()
        return answer.wait(20)

    record(recording)
    task = asyncio.create_task(assertions.aio.wait_for(thinks))
    await until(asked.is_set)
    assert not task.done()
    answer.set()
    assert len(await task) == 1


def test_a_loop_that_is_closed_meanwhile_disturbs_nobody(assertions, recording):
    loop = asyncio.new_event_loop()
    task = loop.create_task(assertions.aio.wait_for(timeout=0.1))
    loop.run_until_complete(until(lambda: recording.waiting == 1))
    loop.close()
    record(recording)
    for thread in alarm_threads():  # which ends after the last alarm
        thread.join(20)
    assert len(assertions.wait_for()) == 1
    assert not task.done()


def test_a_wait_ends_where_the_time_of_the_loop_stands_still(assertions):
    async def program():
        with pytest.raises(NotReceivedError):
            await assertions.aio.wait_for(timeout=0.01)

    class Frozen(asyncio.SelectorEventLoop):
        def time(self):
            return 1.0

    with asyncio.Runner(loop_factory=Frozen) as runner:
        runner.run(program())


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.asyncio(loop_scope="function")
async def test_in_a_loop_of_the_test(assertions, recording, turn):
    await wait_in_loop(assertions, recording)


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.asyncio(loop_scope="module")
async def test_in_a_loop_of_the_module(assertions, recording, turn):
    await wait_in_loop(assertions, recording)


@pytest.mark.parametrize("turn", range(2))
@pytest.mark.asyncio(loop_scope="session")
async def test_in_a_loop_of_the_session(assertions, recording, turn):
    await wait_in_loop(assertions, recording)


async def wait_in_loop(assertions, recording):
    waiting = asyncio.create_task(assertions.aio.wait_for("pool_name:tank"))
    await until(lambda: recording.waiting == 1)
    record(recording)
    assert len(await waiting) == 1
    with pytest.raises(UnexpectedEventError):
        await assertions.aio.assert_not_received("pool_name:tank", within=20)
