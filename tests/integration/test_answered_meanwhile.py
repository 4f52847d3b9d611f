"""Calls are answered while something slow is done with the recording: encoding, disk, questions.

Each slow thing is held up at a place of its own, as if it took for ever there.
"""

import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

from rodent_events import EventBatch, EventClient
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer, save
from toggle_mock.http_api import handlers
from toggle_mock.recording import appended_file, ndjson, sqlite

TIMEOUT = 20
RAW = EventBatch(events=[{"event_id": "e"}], batch_id="b").SerializeToString()


class Held:
    """A function that waits, when it is called, until it is let go on."""

    def __init__(self, function) -> None:
        self._function = function
        self.reached, self._free = threading.Event(), threading.Event()

    def __call__(self, *args, **kwargs):
        self.reached.set()
        assert self._free.wait(TIMEOUT)
        return self._function(*args, **kwargs)

    def let_go(self) -> None:
        self._free.set()


@pytest.fixture
def toggle():
    with ToggleServer(http_port=0) as toggle:
        assert send(toggle) is Status.OK
        yield toggle


@pytest.fixture
def hold(monkeypatch):
    """Holds up a function that is looked up in a module or an object."""
    held = []

    def hold_up(where, name: str) -> Held:
        one = Held(getattr(where, name))
        monkeypatch.setattr(where, name, one)
        held.append(one)
        return one

    yield hold_up
    for one in held:
        one.let_go()


@pytest.fixture
def meanwhile():
    """Does something in another thread."""
    with ThreadPoolExecutor() as pool:
        yield pool.submit


def send(toggle: ToggleServer) -> Status:
    with EventClient(target=toggle.address, jwt=toggle.jwt(), send_timeout=TIMEOUT) as client:
        return client.send_batch(RAW).status


def get(toggle: ToggleServer, path: str, method: str = "GET"):
    url = f"http://{toggle.http_address}/api/v1{path}"
    return urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=TIMEOUT)


def answers(toggle: ToggleServer) -> bool:
    """Whether a call is answered and recorded, and a request over HTTP is answered."""
    before = len(toggle.recording.calls)
    ok = send(toggle) is Status.OK and len(toggle.recording.calls) == before + 1
    with get(toggle, "/info") as info:
        return ok and info.status == 200


@pytest.mark.parametrize("path", ["/recording/feed", "/recording"])
def test_while_a_recording_is_encoded_for_a_reader(toggle, hold, meanwhile, path):
    encoding = hold(handlers.recording, "encode_line")
    reading = meanwhile(get, toggle, path)
    assert encoding.reached.wait(TIMEOUT)
    assert answers(toggle)
    encoding.let_go()
    with reading.result(TIMEOUT) as reader:
        assert b'"entry"' in reader.readline()


def test_while_events_are_encoded_for_a_reader(toggle, hold, meanwhile):
    encoding = hold(handlers.events, "as_object")
    with get(toggle, "/events/stream") as reader:
        assert encoding.reached.wait(TIMEOUT)
        assert answers(toggle)
        encoding.let_go()
        lines = iter(reader.readline, b"")
        assert any(line.startswith(b"data: ") for line in lines)


@pytest.mark.parametrize(
    ("suffix", "where", "name"),
    [
        (".ndjson", ndjson, "encode_line"),
        (".sqlite", sqlite, "row"),
        (".pb", appended_file, "write_all"),
    ],
)
def test_while_it_is_saved(toggle, hold, meanwhile, tmp_path, suffix, where, name):
    writing = hold(where, name)
    saving = meanwhile(save, toggle.recording, tmp_path / f"copy{suffix}")
    assert writing.reached.wait(TIMEOUT)
    assert answers(toggle)
    writing.let_go()
    saving.result(TIMEOUT)


@pytest.mark.parametrize("path", ["/events?query=event_id:e", "/calls"])
def test_while_a_question_is_answered(toggle, hold, meanwhile, path):
    subject = handlers.events.Event if "events" in path else handlers.calls.Call
    showing = hold(subject, "of")
    asking = meanwhile(get, toggle, path)
    assert showing.reached.wait(TIMEOUT)
    assert answers(toggle)
    showing.let_go()
    with asking.result(TIMEOUT) as answer:
        assert b'"total":1' in answer.read()


def test_while_a_test_looks_at_events(toggle, meanwhile):
    looking = Held(lambda event: event.event_id == "e")
    asking = meanwhile(toggle.find, looking)
    assert looking.reached.wait(TIMEOUT)
    assert answers(toggle)
    looking.let_go()
    assert len(asking.result(TIMEOUT)) == 1


def test_while_the_disk_is_slow(hold, meanwhile, tmp_path):
    """What is answered is in the file, so a call waits for it; nobody else does."""
    with ToggleServer(http_port=0, record=tmp_path / "run.ndjson") as toggle:
        writing = hold(appended_file, "write_all")
        sending = meanwhile(send, toggle)
        assert writing.reached.wait(TIMEOUT)
        clearing = meanwhile(toggle.clear)
        for path in ("/calls", "/events", "/info"):
            with get(toggle, path) as answer:
                assert answer.status == 200
        assert not sending.done()
        assert not clearing.done()
        writing.let_go()
        assert sending.result(TIMEOUT) is Status.OK
        clearing.result(TIMEOUT)
