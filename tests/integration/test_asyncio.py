"""flush_async and shutdown_async: as their namesakes, without a thread of the loop's executor."""

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.delivery import assert_balanced, emit, ids, on_disk

import rodent_events
from rodent_events import EventBatchResponse, EventBus


def uvloop_loop():
    return pytest.importorskip("uvloop", reason="uvloop is not installed").new_event_loop()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop_loop], ids=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine in a loop of one kind."""

    def run(coroutine):
        with asyncio.Runner(loop_factory=request.param) as runner:
            return runner.run(coroutine)

    return run


@pytest.fixture
def answer_when_told(scripted_toggle):
    """Toggle answers the first call once this is set."""
    told = threading.Event()

    def answer(_request, _context):
        told.wait(60)
        return EventBatchResponse(success=True)

    scripted_toggle.script = [answer]
    yield told
    told.set()


@pytest.fixture
def make_bus(settings, scripted_toggle):
    buses = []

    def make(**more):
        buses.append(EventBus(**settings | {"target": scripted_toggle.address} | more))
        return buses[-1]

    yield make
    for bus in buses:
        bus.shutdown()


async def saturate(loop) -> threading.Event:
    """Have all threads of the executor busy until what is returned is set."""
    release = threading.Event()
    loop.set_default_executor(ThreadPoolExecutor(max_workers=1))
    loop.run_in_executor(None, release.wait, 60)
    return release


async def end_executor(loop) -> threading.Event:
    await loop.shutdown_default_executor()
    return threading.Event()


@pytest.mark.parametrize("spoil", [saturate, end_executor])
def test_the_executor_may_be_busy_or_gone(spoil, run, make_bus, scripted_toggle):
    async def program():
        release = await spoil(asyncio.get_running_loop())
        try:
            async with asyncio.timeout(60), make_bus() as bus:
                sent = emit(bus, 3)
                assert await bus.flush_async()
                sent += emit(bus, 3)
            assert bus.get_stats()["is_shutdown"]
            assert ids(scripted_toggle.batches) == sent
            never_started = make_bus()
            emit(never_started, 2)
            assert not await never_started.shutdown_async()
            assert_balanced(never_started)
        finally:
            release.set()

    run(program())


def test_the_loop_runs_while_it_waits(run, make_bus, answer_when_told):
    async def program():
        bus = make_bus().start()
        emit(bus, 1)
        flushing = asyncio.create_task(bus.flush_async())
        stopping = asyncio.create_task(bus.shutdown_async(None))
        await asyncio.sleep(0)
        answer_when_told.set()  # only a loop that runs gets here
        assert await asyncio.gather(flushing, stopping) == [True, True]

    run(program())


def test_timeouts_hold(run, make_bus, answer_when_told):
    async def program():
        bus = make_bus().start()
        emit(bus, 1)
        for timeout in (-1, 0, 0.01):
            assert not await bus.flush_async(timeout)
        assert not await bus.shutdown_async(0)
        with pytest.raises(TypeError, match="timeout is a number of seconds or None"):
            await bus.shutdown_async("5")
        answer_when_told.set()
        await bus.shutdown_async(60)
        assert bus.get_stats()["is_shutdown"]

    run(program())


def test_who_is_cancelled_waits_no_more_and_the_bus_goes_on(
    run, make_bus, answer_when_told, scripted_toggle
):
    async def cancelled(coroutine):
        task = asyncio.create_task(coroutine)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def program():
        bus = make_bus().start()
        sent = emit(bus, 1)
        await cancelled(bus.flush_async())
        sent += emit(bus, 1)
        await cancelled(bus.shutdown_async(60))
        answer_when_told.set()
        assert await bus.shutdown_async(60)
        assert ids(scripted_toggle.batches) == sent

    run(program())


def test_a_loop_that_is_closed_meanwhile_disturbs_nobody(
    run, make_bus, answer_when_told, scripted_toggle, caplog
):
    caplog.set_level(logging.WARNING)
    bus = make_bus().start()
    sent = emit(bus, 1)

    async def program():
        assert not await bus.flush_async(0.01)
        waiting = asyncio.create_task(bus.flush_async(None))
        await asyncio.sleep(0)
        return waiting  # the runner cancels it, and closes the loop

    run(program())
    answer_when_told.set()
    assert bus.flush(60)
    assert bus.shutdown(60)
    assert ids(scripted_toggle.batches) == sent
    assert caplog.records == []


def test_several_loops_may_wait_at_a_time(run, make_bus, answer_when_told, in_background):
    bus = make_bus().start()
    emit(bus, 1)
    has_asked = threading.Barrier(4)

    async def program():
        task = asyncio.create_task(bus.flush_async(60))
        await asyncio.sleep(0)
        has_asked.wait(60)
        return await task

    waiting = [in_background(run, program()) for _ in range(3)]
    has_asked.wait(60)
    answer_when_told.set()
    assert [future.result(60) for future in waiting] == [True] * 3


def test_what_cannot_be_sent_is_on_disk(run, make_bus, free_port, settings):
    bus = make_bus(target=f"127.0.0.1:{free_port}").start()
    sent = emit(bus, 5)
    assert not run(bus.shutdown_async(None))
    assert on_disk(settings["events_dir"]) == sent


@pytest.mark.parametrize("name", ["flush_async", "shutdown_async"])
def test_a_token_provider_does_not_wait_for_itself(name, make_bus, caplog):
    told = []

    async def provide():
        told.append(await getattr(bus, name)(None))
        return "a.b.c"

    bus = make_bus(jwt=provide).start()
    emit(bus, 1)
    bus.flush(60)
    assert bus.shutdown(60)
    assert told == [False]
    assert f"{name}() was called by on_drop, a token provider" in caplog.text


def test_the_global_bus_has_both(run, settings, scripted_toggle):
    async def program():
        with pytest.raises(rodent_events.NotInitializedError):
            await rodent_events.flush_async()
        rodent_events.initialize(target=scripted_toggle.address, **settings)
        sent = emit(rodent_events, 2)
        assert await rodent_events.flush_async()
        assert await rodent_events.shutdown_async()
        assert not rodent_events.is_initialized()
        assert ids(scripted_toggle.batches) == sent
        with pytest.raises(TypeError):
            await rodent_events.shutdown_async(True)

    try:
        run(program())
    finally:
        rodent_events.shutdown()
