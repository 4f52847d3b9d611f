"""The way of a recording into a file: nobody waits for the disk but who asks to."""

import os
import threading
from pathlib import Path

import pytest

from toggle_mock.recording.entries import AcceptEntry, CallEntry, ClearEntry, EndEntry
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.writer import FileWriter

TIMEOUT = 20


class SlowFile:
    """A file on a disk that writes when it is let."""

    def __init__(self, path: Path = Path()) -> None:
        self.path = path
        self.let = threading.Event()
        self.begun = threading.Event()
        self.written = []
        self.error = None
        self.closed = False
        self.retry_in = None

    def write(self, entries) -> None:
        self.begun.set()
        assert self.let.wait(TIMEOUT)
        if self.error is not None:
            raise self.error
        self.written += entries

    def close(self) -> None:
        self.closed = True

    @staticmethod
    def load(path: Path, recording: Recording) -> None:
        raise NotImplementedError


@pytest.fixture
def file():
    return SlowFile()


@pytest.fixture
def recording(file, tmp_path):
    recording = Recording()
    lock = os.open(tmp_path, os.O_RDONLY)
    recording.sinks.append(FileWriter(file, lock, "a file"))
    yield recording
    file.let.set()
    for sink in recording.sinks:
        sink.close()
    assert file.closed


def begin(recording: Recording) -> RecordedCall:
    call = RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    return call


def test_nothing_waits_for_the_disk(recording, file):
    first = begin(recording)
    assert file.begun.wait(TIMEOUT)
    recording.end(first, "OK")
    begin(recording)
    assert len(recording.calls) == 2
    assert recording.behind
    assert file.written == []


def test_who_wants_to_know_is_told_when_all_of_before_is_written(recording, file):
    begin(recording)
    told = threading.Event()
    recording.when_written(told.set)
    assert file.begun.wait(TIMEOUT)
    assert not told.is_set()
    file.let.set()
    assert told.wait(TIMEOUT)
    assert [type(entry) for entry in file.written] == [CallEntry]
    assert not recording.behind
    told.clear()
    recording.when_written(told.set)
    assert told.is_set()


def test_a_clear_is_over_when_it_is_in_the_file(recording, file):
    begin(recording)
    clearing = threading.Thread(target=recording.clear)
    clearing.start()
    assert file.begun.wait(TIMEOUT)
    assert recording.wait_until(lambda: recording.has_changed(1), TIMEOUT)
    assert recording.calls == []  # in memory it is over
    begin(recording)
    assert clearing.is_alive()
    file.let.set()
    clearing.join(TIMEOUT)
    assert [type(entry) for entry in file.written][:2] == [CallEntry, ClearEntry]


def test_what_fails_once_takes_no_more(recording, file, caplog):
    file.error = OSError(28, "No space left on device")
    file.let.set()
    call = begin(recording)
    told = threading.Event()
    recording.when_written(told.set)
    assert told.wait(TIMEOUT)
    assert recording.failure == (
        "the recording is written to a file no more: [Errno 28] No space left on device"
    )
    file.error = None
    recording.end(call, "OK")
    assert not recording.behind
    assert file.written == []
    assert "written to a file no more" in caplog.text
    (writer,) = recording.sinks
    recording.sinks.clear()
    writer.close()
    assert "a file lacks 2 entries" in caplog.text


def test_a_file_that_is_away_is_asked_again_with_nothing_new(recording, file):
    file.retry_in = 0.001
    file.let.set()
    begin(recording)
    assert file.begun.wait(TIMEOUT)
    file.begun.clear()
    assert file.begun.wait(TIMEOUT)
    file.retry_in = None
    assert [type(entry) for entry in file.written] == [CallEntry]


def test_all_is_written_and_told_before_the_end(recording, file):
    call = begin(recording)
    told = threading.Event()
    recording.accept(call, b"", batch_id="", count=0)
    recording.end(call, "OK")
    recording.when_written(told.set)
    file.let.set()
    (writer,) = recording.sinks
    writer.close()
    recording.sinks.clear()
    assert [type(entry) for entry in file.written] == [CallEntry, AcceptEntry, EndEntry]
    assert told.is_set()


def test_after_the_end_nobody_waits(recording, file):
    file.let.set()
    (writer,) = recording.sinks
    recording.sinks.clear()
    writer.close()
    told = threading.Event()
    writer.write(ClearEntry(), None)
    writer.when_written(told.set)
    assert told.is_set()
