"""The bus against scripted servers: batches, retries, outages, spill, shutdown, restart."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from support.delivery import assert_balanced, emit, ids, spooled

from rodent_events import (
    ConfigError,
    EventBatch,
    EventBatchResponse,
    EventBus,
    StorageTransferPayload,
)

Code = grpc.StatusCode


def test_a_full_batch_goes_out_at_once(scripted_toggle, settings, wait_until):
    settings |= {"batch_size": 10, "batch_timeout": 3600}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 25)
        wait_until(lambda: bus.get_stats()["delivered"] == 20)
        assert [len(batch.events) for batch in scripted_toggle.batches] == [10, 10]
        assert ids(scripted_toggle.batches) == sent[:20]
        assert bus.get_stats()["waiting"] == 5


def test_a_partial_batch_goes_out_at_the_timeout(scripted_toggle, settings, wait_until):
    with EventBus(target=scripted_toggle.address, **settings | {"batch_timeout": 0.2}) as bus:
        sent = emit(bus, 3)
        wait_until(lambda: bus.get_stats()["delivered"] == 3)
        assert ids(scripted_toggle.batches) == sent


def test_the_token_is_sent_and_nothing_else_of_ours(scripted_toggle, settings):
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        assert bus.flush()
    (metadata,) = scripted_toggle.metadata
    assert metadata.pop("authorization") == "Bearer header.payload.signature"
    assert set(metadata) <= {"user-agent"}


def test_a_retry_has_the_same_id_and_the_same_bytes(scripted_toggle, settings):
    scripted_toggle.script = [Code.UNAVAILABLE, Code.INTERNAL]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 3)
        assert bus.flush()
    assert len(scripted_toggle.requests) == 3
    assert len(set(scripted_toggle.requests)) == 1
    assert ids(scripted_toggle.batches[-1:]) == sent


def test_a_try_ends_at_its_deadline_and_is_repeated(scripted_toggle, settings):
    release = threading.Event()

    def hang(_request, _context):
        release.wait(30)
        return EventBatchResponse(success=True)

    scripted_toggle.script = [hang]
    with EventBus(target=scripted_toggle.address, **settings | {"send_timeout": 0.3}) as bus:
        emit(bus, 1)
        assert bus.flush()
    release.set()
    first, second = scripted_toggle.requests
    assert first == second


def test_an_outage_beyond_all_tries_loses_nothing(scripted_toggle, settings, wait_until):
    scripted_toggle.script = [Code.UNAVAILABLE] * 7
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 250)
        assert bus.flush()
        stats = assert_balanced(bus)
        assert (stats["delivered"], stats["dropped"], stats["spooled"]) == (250, 0, 0)
    assert len(set(scripted_toggle.requests[:8])) == 1
    assert ids(scripted_toggle.batches[7:]) == sent
    assert list(settings["events_dir"].glob("*.pb")) == []


def test_a_server_that_is_back_ends_the_pause(
    free_port, settings, make_scripted_toggle, caplog, wait_until
):
    """However long the backoff has grown, and however long the outage was."""
    settings |= {"retry_backoff_base": 3600.0, "retry_backoff_max": 86_400.0, "batch_size": 10}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 30)
        wait_until(lambda: "UNAVAILABLE" in caplog.text)
        toggle = make_scripted_toggle(free_port)
        wait_until(lambda: bus.get_stats()["delivered"] == 30)
    assert ids(toggle.batches) == sent


def test_a_server_that_is_back_ends_the_outage(
    free_port, settings, make_scripted_toggle, wait_until, caplog
):
    """However far the backoff has grown."""
    settings |= {"retry_backoff_base": 3600.0, "retry_backoff_max": 86_400.0, "batch_size": 10}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 30)
        wait_until(lambda: "UNAVAILABLE" in caplog.text)
        toggle = make_scripted_toggle(free_port)
        wait_until(lambda: bus.get_stats()["delivered"] == 30)
    assert ids(toggle.batches) == sent


def test_an_outage_is_logged_when_it_begins_and_not_at_each_try(
    scripted_toggle, settings, wait_until, caplog
):
    settings |= {"max_retry_attempts": 3}
    scripted_toggle.script = [Code.UNAVAILABLE] * 100
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        wait_until(lambda: len(scripted_toggle.requests) > 12)
        scripted_toggle.script.clear()
    warnings = [record for record in caplog.records if "UNAVAILABLE" in record.message]
    assert len(warnings) == 1


def test_order_holds_through_spill_outage_and_replay(scripted_toggle, settings):
    settings |= {"buffer_size": 60, "flush_threshold": 40, "batch_size": 10}
    scripted_toggle.script = [Code.UNAVAILABLE] * 20
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = []
        for start in range(0, 500, 20):
            sent += emit(bus, 20, start)
            # Memory is small here; let it be spilled before it overflows.
            while bus.get_stats()["buffer_size"] > 40:
                threading.Event().wait(0.001)
        assert bus.flush(30)
        stats = assert_balanced(bus)
    assert stats["dropped"] == 0
    seen = list(dict.fromkeys(ids(scripted_toggle.batches)))
    assert seen == sent


def test_beyond_the_threshold_events_are_spilled_to_files_of_mode_0600(
    free_port, settings, wait_until
):
    def is_spilled(bus):
        stats = assert_balanced(bus)
        return stats["spooled"] > 0 and stats["buffer_size"] <= 50

    settings |= {"buffer_size": 100, "flush_threshold": 50, "batch_size": 10}
    settings |= {"retry_backoff_base": 60.0, "retry_backoff_max": 60.0}
    folder = settings["events_dir"]
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 80)
        wait_until(lambda: is_spilled(bus))
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.glob("*.pb"))
        assert folder.stat().st_mode & 0o777 == 0o700
        bus.shutdown(1.0)
    assert ids(spooled(folder)) == sent


def test_shutdown_with_toggle_down_brings_all_to_disk_and_a_restart_delivers(
    make_scripted_toggle, free_port, settings
):
    folder = settings["events_dir"]
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 250)
        assert bus.shutdown(10.0) is False
        stats = assert_balanced(bus)
    assert (stats["waiting"], stats["spooled"]) == (250, 250)
    assert ids(spooled(folder)) == sent

    toggle = make_scripted_toggle()
    with EventBus(target=toggle.address, **settings) as bus:
        sent += emit(bus, 10, 250)
        assert bus.flush()
        stats = assert_balanced(bus)
        assert (stats["recovered"], stats["emitted"], stats["delivered"]) == (250, 10, 260)
    assert ids(toggle.batches) == sent
    assert list(folder.glob("*.pb")) == list(folder.glob("*.ack")) == []


def test_a_batch_whose_answer_was_lost_keeps_id_and_bytes_over_a_restart(
    make_scripted_toggle, settings
):
    first = make_scripted_toggle()

    def lose_the_answer(_request, context):
        context.abort(Code.UNAVAILABLE, "the answer got lost")

    first.script = [lose_the_answer] * 1000
    with EventBus(target=first.address, **settings) as bus:
        emit(bus, 5)
        bus.flush(0.5)
        first.stop()
        bus.shutdown(1.0)
    second = make_scripted_toggle()
    with EventBus(target=second.address, **settings) as bus:
        assert bus.flush()
    assert second.requests == [first.requests[0]]


def test_shutdown_keeps_its_deadline_with_a_hung_server(scripted_toggle, settings):
    release = threading.Event()

    def hang(_request, _context):
        release.wait(30)
        return EventBatchResponse(success=True)

    scripted_toggle.script = [hang] * 10
    bus = EventBus(target=scripted_toggle.address, **settings).start()
    sent = emit(bus, 150)
    finished = []
    ending = threading.Thread(target=lambda: finished.append(bus.shutdown(1.0)))
    ending.start()
    ending.join(5.0)
    assert finished == [False]
    release.set()
    assert ids(spooled(settings["events_dir"])) == sent
    assert_balanced(bus)


def test_shutdown_races_with_emit(scripted_toggle, settings):
    bus = EventBus(target=scripted_toggle.address, **settings).start()
    go, accepted = threading.Event(), [[] for _ in range(8)]

    def emit_until_refused(mine):
        go.wait()
        while (event_id := bus.emit(StorageTransferPayload())) is not None:
            mine.append(event_id)

    threads = [threading.Thread(target=emit_until_refused, args=(mine,)) for mine in accepted]
    for thread in threads:
        thread.start()
    go.set()
    bus.shutdown(5.0)
    for thread in threads:
        thread.join()
    arrived = ids(scripted_toggle.batches) + ids(spooled(settings["events_dir"]))
    assert sorted(arrived) == sorted(event_id for mine in accepted for event_id in mine)
    assert_balanced(bus)


def test_an_expired_token_is_asked_for_anew_within_one_retry(scripted_toggle, settings):
    tokens = iter(["old.old.old", "new.new.new"])
    scripted_toggle.script = [Code.UNAUTHENTICATED]
    settings |= {"jwt": lambda: next(tokens), "retry_backoff_base": 60.0}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        assert bus.flush(5.0)
    used = [metadata["authorization"] for metadata in scripted_toggle.metadata]
    assert used == ["Bearer old.old.old", "Bearer new.new.new"]


@pytest.mark.parametrize("broken", [None, b"a.b.c", "", "a.b\nc", "tökän"])
def test_a_provider_without_a_usable_token_delays_but_loses_nothing(
    scripted_toggle, settings, broken
):
    answers = [broken, broken]
    settings |= {"jwt": lambda: answers.pop() if answers else "a.b.c"}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        assert bus.flush()
    assert len(scripted_toggle.requests) == 1


def test_tokens_reach_neither_log_nor_errors(scripted_toggle, settings, caplog):
    caplog.set_level(logging.DEBUG)
    scripted_toggle.script = [Code.UNAUTHENTICATED, Code.UNAVAILABLE, Code.PERMISSION_DENIED]
    bus = EventBus(target=scripted_toggle.address, **settings | {"jwt": "top.secret.token"})
    with bus:
        emit(bus, 1)
        assert bus.flush(20)
    assert "UNAUTHENTICATED" in caplog.text
    assert "secret" not in caplog.text + repr(bus.config) + repr(bus.get_stats())


@pytest.fixture
def little_room(settings):
    settings |= {"buffer_size": 50, "flush_threshold": 50, "batch_size": 10, "overflow": "block"}
    return settings | {"max_batch_bytes": 2_000, "max_file_size": 2_000, "spool_max_bytes": 2_000}


def test_block_drops_what_finds_no_room_in_time(free_port, make_scripted_toggle, little_room):
    with EventBus(target=f"127.0.0.1:{free_port}", overflow_timeout=0.05, **little_room) as bus:
        results = emit(bus, 150)
        assert None in results
        assert assert_balanced(bus)["dropped"] == results.count(None)
        toggle = make_scripted_toggle(free_port)
        assert bus.flush(30)
    assert ids(toggle.batches) == [event_id for event_id in results if event_id]


def test_block_waits_for_room(free_port, make_scripted_toggle, little_room, wait_until):
    with (
        EventBus(target=f"127.0.0.1:{free_port}", overflow_timeout=60, **little_room) as bus,
        ThreadPoolExecutor(1) as emitter,
    ):
        emitting = emitter.submit(emit, bus, 300)
        wait_until(lambda: bus.get_stats()["buffer_size"] == 50)
        toggle = make_scripted_toggle(free_port)
        sent = emitting.result(60)
        assert None not in sent
        assert bus.flush(30)
    assert ids(toggle.batches) == sent


def test_a_token_file_is_read_again_when_it_changes(scripted_toggle, settings, tmp_path):
    path = tmp_path / "token"
    path.write_text("old.old.old\n")
    del settings["jwt"]
    with EventBus(target=scripted_toggle.address, jwt_file=path, **settings) as bus:
        emit(bus, 1)
        assert bus.flush()
        path.write_text("new.new.new!\n")
        emit(bus, 1)
        assert bus.flush()
        path.unlink()
        emit(bus, 1)
        assert bus.flush(0.2) is False
        path.write_text("last.last.last\n")
        assert bus.flush(20)
    used = [metadata["authorization"] for metadata in scripted_toggle.metadata]
    assert used == ["Bearer old.old.old", "Bearer new.new.new!", "Bearer last.last.last"]


def test_no_send_before_the_time_that_the_server_asks_for(scripted_toggle, settings):
    import time

    info = (
        b"\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x08\x0a\x06\x10\x80\x8c\x8d\x9e\x01"
    )

    def ask_for_patience(_request, context):
        context.set_trailing_metadata(
            (("grpc-status-details-bin", b"\x1a" + bytes((len(info),)) + info),)
        )
        asked.append(time.monotonic())
        context.abort(Code.UNAVAILABLE, "later")

    asked = []
    scripted_toggle.script = [
        ask_for_patience,
        lambda *_: asked.append(time.monotonic()) or EventBatchResponse(success=True),
    ]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        assert bus.flush(20)
    assert asked[1] - asked[0] >= 0.33


def test_a_provider_that_raises_delays_but_loses_nothing(scripted_toggle, settings, caplog):
    failures = [ValueError("the secret is hunter2")]

    def provide():
        if failures:
            raise failures.pop()
        return "a.b.c"

    with EventBus(target=scripted_toggle.address, **settings | {"jwt": provide}) as bus:
        emit(bus, 1)
        assert bus.flush()
    assert "hunter2" not in caplog.text


def test_one_poisonous_event_is_quarantined_and_its_neighbours_arrive(scripted_toggle, settings):
    def judge(request, context):
        batch = EventBatch.FromString(request)
        if any(event.metadata["n"] == "13" for event in batch.events):
            context.abort(Code.INVALID_ARGUMENT, "event 13 is poisonous")
        accepted.append(batch)
        return EventBatchResponse(success=True)

    accepted: list[EventBatch] = []
    scripted_toggle.script = [judge] * 100
    settings |= {"batch_timeout": 3600}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = emit(bus, 100)
        assert bus.flush() is False
        stats = assert_balanced(bus)
    assert (stats["delivered"], stats["quarantined"]) == (99, 1)
    assert ids(accepted) == sent[:13] + sent[14:]
    (path,) = settings["events_dir"].glob("quarantine/*.pb")
    assert ids([EventBatch.FromString(path.read_bytes())]) == [sent[13]]
    assert "event 13 is poisonous" in path.with_suffix(".txt").read_text()


def test_a_rejected_batch_is_quarantined_with_toggles_words(scripted_toggle, settings, caplog):
    scripted_toggle.script = [EventBatchResponse(success=False, message="no space on Toggle")]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 2)
        assert bus.flush() is False
        assert assert_balanced(bus)["quarantined"] == 2
    (reason,) = settings["events_dir"].glob("quarantine/*.txt")
    assert reason.read_text() == "REJECTED: no space on Toggle\n"
    assert "no space on Toggle" in caplog.text


def test_a_batch_that_is_too_large_for_the_server_is_split(scripted_toggle, settings):
    settings |= {"max_batch_bytes": 20_000_000, "batch_timeout": 3600, "max_file_size": 50_000_000}
    text = "x" * 60_000
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = [bus.emit(StorageTransferPayload(source=text)) for _ in range(100)]
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent
    assert len(scripted_toggle.batches) == 2


def test_batches_stay_below_max_batch_bytes(scripted_toggle, settings):
    settings |= {"max_batch_bytes": 10_000, "batch_timeout": 3600}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        sent = [bus.emit(StorageTransferPayload(source="x" * 3_000)) for _ in range(20)]
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent
    assert all(len(request) <= 10_000 for request in scripted_toggle.requests)


def test_an_event_too_large_for_any_batch_is_quarantined_alone(scripted_toggle, settings):
    settings |= {"max_batch_bytes": 10_000, "batch_timeout": 3600}
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        before = emit(bus, 2)
        bus.emit(StorageTransferPayload(source="x" * 20_000))
        after = emit(bus, 2)
        assert bus.flush() is False
        assert assert_balanced(bus)["quarantined"] == 1
    assert ids(scripted_toggle.batches) == before + after
    (reason,) = settings["events_dir"].glob("quarantine/*.txt")
    assert "max_batch_bytes is 10000" in reason.read_text()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("target", "target is not set: give Toggle's address as host:port"),
        ("jwt", "jwt is not set: give the token that Toggle issued for this node, or jwt_file"),
    ],
)
def test_what_a_start_needs(settings, missing, message):
    given = {"target": "127.0.0.1:1", **settings}
    del given[missing]
    with pytest.raises(ConfigError, match=message):
        EventBus(**given).start()


def test_a_bus_starts_once(scripted_toggle, settings):
    bus = EventBus(target=scripted_toggle.address, **settings)
    with bus, pytest.raises(RuntimeError, match="started before"):
        bus.start()
    with pytest.raises(RuntimeError, match="started before"):
        bus.start()


def test_events_from_before_the_start_are_delivered(scripted_toggle, settings):
    bus = EventBus(target=scripted_toggle.address, **settings)
    sent = emit(bus, 3)
    with bus:
        sent += emit(bus, 3)
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent


async def test_async_with_does_not_block_the_loop(scripted_toggle, settings):
    import asyncio

    release = threading.Event()

    def answer_when_told(_request, _context):
        release.wait(30)
        return EventBatchResponse(success=True)

    scripted_toggle.script = [answer_when_told]
    async with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        flushing = asyncio.create_task(bus.flush_async())
        await asyncio.sleep(0)
        release.set()  # only a loop that runs gets here
        assert await flushing
    assert len(scripted_toggle.requests) == 1


def test_an_async_token_provider(scripted_toggle, settings):
    async def provide():
        return "a.b.c"

    with EventBus(target=scripted_toggle.address, **settings | {"jwt": provide}) as bus:
        emit(bus, 1)
        assert bus.flush()
    assert scripted_toggle.metadata[0]["authorization"] == "Bearer a.b.c"


@pytest.mark.parametrize("timeout", ["5", True, [1]])
def test_a_timeout_that_is_none_changes_nothing(scripted_toggle, settings, timeout):
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        with pytest.raises(TypeError, match="timeout is a number of seconds or None, got"):
            bus.shutdown(timeout)
        emit(bus, 1)
        assert bus.shutdown(None) is True


def test_shutdown_without_a_limit_ends_when_toggle_is_down(free_port, settings):
    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
    emit(bus, 1)
    assert [bus.shutdown(None), bus.shutdown(), bus.shutdown(0)] == [False] * 3


@pytest.mark.parametrize("timeout", [0, -1])
def test_shutdown_at_once_brings_all_to_disk(free_port, settings, timeout, wait_until):
    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
    sent = emit(bus, 20)
    bus.shutdown(timeout)
    wait_until(lambda: bus.get_stats()["spooled"] == 20)
    assert ids(spooled(settings["events_dir"])) == sent


def test_what_is_limited_meanwhile_is_no_loss_to_a_flush(scripted_toggle, settings):
    def emit_more(_request, _context):
        assert emit(bus, 3) == [None] * 3
        return EventBatchResponse(success=True)

    scripted_toggle.script = [emit_more]
    limits = {"storage_transfer": {"per_second": 1e-6, "burst": 2}}
    with EventBus(target=scripted_toggle.address, **settings, rate_limits=limits) as bus:
        sent = emit(bus, 2)
        assert bus.flush()
        stats = assert_balanced(bus)
    assert stats["dropped_by_reason"] == {"rate_limited": {"INFO STORAGE": 3}}
    assert ids(scripted_toggle.batches) == sent


def test_flush_tells_the_truth(scripted_toggle, settings, free_port):
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush(0)
        emit(bus, 1)
        assert bus.flush()
    settings["events_dir"] = settings["events_dir"] / "other"
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        emit(bus, 1)
        assert bus.flush(0.2) is False


def test_emit_from_a_handler_of_the_library_s_own_logger(scripted_toggle, settings):
    scripted_toggle.script = [Code.UNAVAILABLE]

    class Emitting(logging.Handler):
        def emit(self, record):
            bus.emit(StorageTransferPayload(source=record.getMessage()))

    handler = Emitting()
    logger = logging.getLogger("rodent_events")
    logger.addHandler(handler)
    try:
        with EventBus(target=scripted_toggle.address, **settings) as bus:
            emit(bus, 1)
            assert bus.flush()
            assert bus.flush()
    finally:
        logger.removeHandler(handler)
    sources = [
        event.storage_event.transfer_event.source
        for batch in scripted_toggle.batches
        for event in batch.events
    ]
    assert any("UNAVAILABLE" in source for source in sources)


def test_each_drop_is_told_to_the_callback_and_the_last_line_of_the_log_has_the_sum(
    settings, free_port, caplog
):
    told = []
    settings |= {
        "target": f"127.0.0.1:{free_port}",
        "buffer_size": 500,
        "flush_threshold": 100,
        "batch_size": 50,
        "max_batch_bytes": 10_000,
        "max_file_size": 10_000,
        "spool_max_bytes": 20_000,
        "on_drop": told.append,
    }
    with EventBus(**settings) as bus:
        for start in range(0, 3_000, 100):
            emit(bus, 100, start)
            bus.flush(0.01)
    dropped = assert_balanced(bus)["dropped"]
    lines = [line for line in caplog.messages if "dropped so far" in line]
    assert dropped > 0
    assert sum(drop.count for drop in told) == dropped
    assert int(lines[-1].split()[0]) == dropped
