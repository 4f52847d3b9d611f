"""A bus amid failures of everything around it: disk, server, provider, handlers, signals."""

import errno
import itertools
import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from support.delivery import assert_balanced, emit, ids, on_disk

import rodent_events
from rodent_events import (
    EventBatch,
    EventBatchResponse,
    EventBuffer,
    EventBus,
    StorageTransferPayload,
)
from rodent_events.client import SEND_EVENTS
from rodent_events.ids import new_id

Code = grpc.StatusCode


@pytest.fixture
def spooled_file(settings, free_port):
    """A file of four events that an earlier bus has left."""
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 4)
        bus.shutdown(1.0)
    (path,) = settings["events_dir"].glob("*.pb")
    return path, sent


# Batches


def test_a_half_that_is_acknowledged_is_not_sent_again(scripted_toggle, settings, spooled_file):
    _path, sent = spooled_file
    failures = [Code.UNAVAILABLE] * 4
    accepted = []

    def answer(request, context):
        batch = EventBatch.FromString(request)
        if len(batch.events) == 4:
            context.abort(Code.INVALID_ARGUMENT, "no fours")
        if batch.events[0].event_id == sent[2] and failures:
            context.abort(failures.pop(), "not now")
        accepted.append(batch)
        return EventBatchResponse(success=True)

    scripted_toggle.script = [answer] * 100
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush(20)
        stats = assert_balanced(bus)
    assert ids(accepted) == sent
    assert (stats["delivered"], stats["waiting"]) == (4, 0)


@pytest.mark.parametrize("bad_id", ["", "../../../pwned", "/tmp/pwned", "a\x00b", "ab\xff", "a/b"])
def test_an_unusable_batch_id_on_disk_is_replaced(scripted_toggle, settings, tmp_path, bad_id):
    folder = settings["events_dir"]
    folder.mkdir()
    batch = EventBatch(batch_id=bad_id)
    batch.events.add(event_id="e1")
    (folder / f"{new_id()}.pb").write_bytes(batch.SerializeToString())
    scripted_toggle.script = [EventBatchResponse(success=False, message="refused")]
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush() is False
        assert assert_balanced(bus)["quarantined"] == 1
    (path,) = (folder / "quarantine").glob("*.pb")
    assert path.stem == scripted_toggle.batches[0].batch_id != bad_id
    assert not list(tmp_path.rglob("pwned*"))


def test_an_event_on_disk_that_cannot_be_read_costs_only_itself(scripted_toggle, settings):
    folder = settings["events_dir"]
    folder.mkdir()
    batch = EventBatch(batch_id=new_id())
    for number in range(5):
        batch.events.add(event_id=f"e{number}", source="source")
    content = batch.SerializeToString().replace(b"e3\x22\x06source", b"e3\x22\x06so\xffrce")
    (folder / f"{new_id()}.pb").write_bytes(content)
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush()
        assert assert_balanced(bus)["delivered"] == 4
    assert ids(scripted_toggle.batches) == ["e0", "e1", "e2", "e4"]
    (damaged,) = folder.glob("*.damaged")
    assert b"so\xffrce" in damaged.read_bytes()


# Server


def test_ok_without_an_answer_is_retried(settings):
    calls = []

    def nothing_then_success(request, _context):
        calls.append(request)
        if len(calls) > 1:
            yield EventBatchResponse(success=True).SerializeToString()

    server = grpc.server(ThreadPoolExecutor(2))
    service, method = SEND_EVENTS.strip("/").split("/")
    handler = grpc.unary_stream_rpc_method_handler(nothing_then_success)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with EventBus(target=f"127.0.0.1:{port}", **settings) as bus:
        emit(bus, 1)
        assert bus.flush()
    server.stop(None).wait()
    assert len(calls) == 2
    assert calls[0] == calls[1]


def test_a_server_that_comes_back_at_the_same_port(make_scripted_toggle, settings):
    first = make_scripted_toggle()
    with EventBus(target=first.address, **settings) as bus:
        sent = emit(bus, 3)
        assert bus.flush()
        first.stop()
        sent += emit(bus, 3)
        assert bus.flush(0.2) is False
        second = make_scripted_toggle(first.port)
        assert bus.flush(30)
    assert ids(first.batches) + ids(second.batches) == sent


# Client


def test_a_call_that_cannot_be_made_is_made_again(scripted_toggle, settings, monkeypatch):
    failures = [RuntimeError("odd"), ValueError("odd")]

    real_channel = grpc.insecure_channel

    def channel(*arguments):
        made = real_channel(*arguments)
        real_call = made.unary_unary

        def odd(method):
            if failures:
                raise failures.pop()
            return real_call(method)

        made.unary_unary = odd
        return made

    monkeypatch.setattr(grpc, "insecure_channel", channel)
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 3)
        assert bus.flush()
    assert not failures


def test_a_thread_that_cannot_be_started_is_started_again(scripted_toggle, settings, monkeypatch):
    failures = [RuntimeError("can't start new thread")] * 2
    real_start = threading.Thread.start

    def start(self):
        if self.name == "rodent-events-send" and failures:
            raise failures.pop()
        real_start(self)

    monkeypatch.setattr(threading.Thread, "start", start)
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 3)
        assert bus.flush()
    assert not failures


def test_a_running_bus_needs_no_new_thread(scripted_toggle, settings, monkeypatch):
    """At the end of the interpreter, Python 3.12.0 to 3.12.2 start none."""
    real_start = threading.Thread.start

    def start(self):
        if self.name.startswith("rodent-events"):
            raise RuntimeError("can't create new thread at interpreter shutdown")
        real_start(self)

    with EventBus(target=scripted_toggle.address, **settings) as bus:
        monkeypatch.setattr(threading.Thread, "start", start)
        sent = emit(bus, 3)
        assert bus.flush()
    assert ids(scripted_toggle.batches) == sent


def test_a_provider_that_hangs_neither_stops_spilling_nor_shutdown(settings, free_port):
    release = threading.Event()
    settings |= {"buffer_size": 200, "flush_threshold": 100, "jwt": lambda: release.wait(60)}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        sent = emit(bus, 1000)
        bus.shutdown(2.0)
    release.set()
    assert assert_balanced(bus)["dropped"] == 0
    assert on_disk(settings["events_dir"]) == sent


def test_a_provider_that_wants_to_exit(scripted_toggle, settings):
    answers = iter([SystemExit(1), KeyboardInterrupt()])

    def provide():
        for error in answers:
            raise error
        return "a.b.c"

    with EventBus(target=scripted_toggle.address, **settings | {"jwt": provide}) as bus:
        emit(bus, 1)
        assert bus.flush()


def test_shutdown_inside_a_provider(scripted_toggle, settings):
    def provide():
        bus.shutdown(1.0)
        return "a.b.c"

    bus = EventBus(target=scripted_toggle.address, **settings | {"jwt": provide}).start()
    sent = emit(bus, 1)
    bus.flush(5.0)  # the shutdown does not wait there, so it may still be delivered, or not
    bus.shutdown(5.0)
    assert {*on_disk(settings["events_dir"]), *ids(scripted_toggle.batches)} == set(sent)


# Handlers


def test_a_logging_handler_that_raises(scripted_toggle, settings):
    class Raising(logging.Handler):
        def emit(self, record):
            raise RuntimeError(record.getMessage())

    handler = Raising()
    logging.getLogger("rodent_events").addHandler(handler)
    scripted_toggle.script = [Code.UNAVAILABLE] * 2
    try:
        with EventBus(target=scripted_toggle.address, **settings) as bus:
            sent = emit(bus, 3)
            assert bus.flush(20)
    finally:
        logging.getLogger("rodent_events").removeHandler(handler)
    assert ids(scripted_toggle.batches[-1:]) == sent


@pytest.fixture
def alarm():
    """Calls a function from a signal handler, again and again."""

    def start(function, interval=0.0005):
        signal.signal(signal.SIGALRM, lambda *_: function())
        signal.setitimer(signal.ITIMER_REAL, interval, interval)

    yield start
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


@pytest.mark.parametrize("mode", ["spill", "journal"])
def test_emit_in_a_signal_handler(scripted_toggle, settings, alarm, mode):
    handled = []
    with EventBus(target=scripted_toggle.address, spool_mode=mode, **settings) as bus:
        alarm(lambda: handled.append(bus.emit(StorageTransferPayload())))
        own = []
        while len(handled) < 50:
            own += emit(bus, 20)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert bus.flush(30)
        assert_balanced(bus)
    arrived = ids(scripted_toggle.batches)
    assert sorted(arrived) == sorted(own + handled)


def test_statistics_with_drops_in_a_signal_handler(tmp_path, alarm):
    bus = EventBus(events_dir=tmp_path, buffer_size=10, flush_threshold=10, batch_size=10)
    handled = []
    alarm(lambda: handled.append(bus.emit(StorageTransferPayload())), 0.0002)
    own = 0
    while len(handled) < 100:
        emit(bus, 50)
        own += 50
    signal.setitimer(signal.ITIMER_REAL, 0)
    stats = assert_balanced(bus)
    assert stats["emitted"] == own + len(handled)


def test_emit_in_a_signal_handler_amid_initialize(scripted_toggle, settings, alarm):
    own = emit(rodent_events, 5000)
    handled = []
    alarm(lambda: handled.append(rodent_events.emit(StorageTransferPayload())))
    rodent_events.initialize(target=scripted_toggle.address, **settings)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert rodent_events.flush(30)
        assert_balanced(rodent_events)
    finally:
        rodent_events.shutdown()
    assert sorted(ids(scripted_toggle.batches)) == sorted(own + handled)


# Ends


ENDING = """
import sys, rodent_events
from rodent_events import EventBus, StorageTransferPayload
bus = EventBus(target=sys.argv[1], jwt="a.b.c", events_dir=sys.argv[2]).start()
for number in range(5000):
    bus.emit(StorageTransferPayload(size_bytes=number))
print("emitted", flush=True)
{ending}
"""


@pytest.fixture
def silent_listener():
    """A port that accepts connections and never answers."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("ending", ["bus.shutdown(20)", "pass"])
def test_an_interrupted_shutdown_still_brings_all_to_disk(silent_listener, tmp_path, ending):
    program = [sys.executable, "-c", ENDING.format(ending=ending), silent_listener, str(tmp_path)]
    agent = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert agent.stdout.readline() == "emitted\n"
    threading.Event().wait(0.3)
    agent.send_signal(signal.SIGINT)
    agent.wait(20)
    agent.stdout.close()
    assert len(on_disk(tmp_path)) == 5000


@pytest.mark.parametrize("timeout", [0, -1, 0.001, 0.05])
def test_a_short_shutdown_before_the_end_loses_nothing(free_port, tmp_path, timeout):
    program = ENDING.format(ending=f"bus.shutdown({timeout})")
    arguments = [f"127.0.0.1:{free_port}", str(tmp_path)]
    subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True)
    assert len(on_disk(tmp_path)) == 5000


def test_a_home_that_does_not_exist(tmp_path):
    program = "import rodent_events; print(rodent_events.EventConfig().events_dir)"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    code = f"""
import os
os.path.expanduser = lambda path: path
{program}
"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "/var/lib/rodent/events\n"


def test_flush_without_a_limit_races_with_shutdown(scripted_toggle, settings):
    for _ in range(20):
        bus = EventBus(target=scripted_toggle.address, **settings).start()
        emit(bus, 1)
        flushing = [threading.Thread(target=bus.flush, args=(None,)) for _ in range(10)]
        for thread in flushing:
            thread.start()
        bus.shutdown(5.0)
        for thread in flushing:
            thread.join(20)
        assert not any(thread.is_alive() for thread in flushing)


def test_a_worker_that_cannot_start_leaves_the_folder_free(scripted_toggle, settings, monkeypatch):
    real_start = threading.Thread.start

    def start(self):
        if self.name == "rodent-events":
            raise RuntimeError("can't start new thread")
        real_start(self)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(RuntimeError, match="can't start"):
            EventBus(target=scripted_toggle.address, **settings).start()
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        emit(bus, 1)
        assert bus.flush()


# Disk


def test_a_threshold_at_the_very_size_of_memory_spills(free_port, settings, wait_until):
    settings |= {"buffer_size": 200, "flush_threshold": 200, "retry_backoff_base": 60.0}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        for _ in range(30):
            emit(bus, 100)
            wait_until(lambda: bus.get_stats()["buffer_size"] <= 100)
        assert assert_balanced(bus)["dropped"] == 0
        bus.shutdown(1)


def test_a_file_that_cannot_be_deleted_costs_nothing(
    scripted_toggle, settings, spooled_file, monkeypatch
):
    path, sent = spooled_file
    (path.parent / "00000000-0000-7000-8000-000000000000.pb").touch()
    real_unlink = Path.unlink

    def unlink(self, *args, **kwargs):
        if self.suffix == ".pb":
            raise PermissionError(errno.EPERM, "Operation not permitted", str(self))
        real_unlink(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", unlink)
        with EventBus(target=scripted_toggle.address, **settings) as bus:
            assert bus.flush()
            stats = assert_balanced(bus)
    assert (stats["delivered"], stats["dropped"]) == (4, 0)
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush()
        assert bus.get_stats()["recovered"] == 0
    assert ids(scripted_toggle.batches) == sent
    assert list(path.parent.glob("*.pb")) == []


def test_a_file_that_is_cut_while_running_is_counted(settings, spooled_file):
    path, sent = spooled_file
    with EventBuffer(**settings) as buffer:
        path.write_bytes(path.read_bytes()[:60])
        while buffer.next_batch():
            buffer.acknowledge()
        stats = assert_balanced(buffer)
    assert stats["waiting"] == 0
    assert stats["delivered"] + stats["dropped"] == len(sent)
    assert stats["dropped_by_reason"]["spool_unreadable"]


def test_writes_that_fail_at_the_end_are_tried_again(free_port, settings, monkeypatch):
    real_write = os.write
    failures = itertools.count()

    def write(descriptor, data):
        if len(data) > 100 and next(failures) < 3:
            raise OSError(errno.EIO, "Input/output error")
        return real_write(descriptor, data)

    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings).start()
    sent = emit(bus, 50)
    monkeypatch.setattr(os, "write", write)
    bus.shutdown(5.0)
    assert on_disk(settings["events_dir"]) == sent


def test_a_disk_with_room_for_a_part_takes_a_part(
    free_port, settings, monkeypatch, caplog, wait_until
):
    real_write, room = os.write, [20_000]

    def write(descriptor, data):
        if len(data) < 100:
            return real_write(descriptor, data)
        if len(data) > room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        room[0] -= len(data)
        return real_write(descriptor, data)

    bus = EventBus(target=f"127.0.0.1:{free_port}", **settings, batch_size=10)
    sent = emit(bus, 1000)
    monkeypatch.setattr(os, "write", write)
    bus.start()
    bus.shutdown(0.5)
    wait_until(lambda: "could not be brought to disk" in caplog.text)  # shutdown does not, if late
    kept = on_disk(settings["events_dir"])
    assert kept == sent[: len(kept)]
    assert 100 < len(kept) < 1000
    assert f"{1000 - len(kept)} events could not be brought to disk" in caplog.text
    assert_balanced(bus)


def test_entries_that_cannot_be_read_do_not_prevent_the_start(
    scripted_toggle, settings, spooled_file
):
    path, sent = spooled_file
    folder = path.parent
    (folder / "directory.pb").mkdir()
    (folder / "dangling.pb").symlink_to("nowhere")
    path.with_suffix(".ack").mkdir()
    (folder / "half.pb.tmp").write_text("half")
    with EventBus(target=scripted_toggle.address, **settings) as bus:
        assert bus.flush()
        assert_balanced(bus)
    assert ids(scripted_toggle.batches) == sent
    assert not (folder / "half.pb.tmp").exists()
