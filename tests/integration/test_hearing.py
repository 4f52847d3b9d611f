"""What is notified in a store is heard: once or more at a time, and after connections were lost."""

import threading

import psycopg
import pytest

from toggle_mock.errors import StorageError
from toggle_mock.recording.postgres.hearing import Hearing
from toggle_mock.recording.postgres.url import StoreUrl


@pytest.fixture(scope="module")
def url(postgres):
    """The URL of a database that is empty."""
    return postgres.new_database()


class Looks:
    """Counts looks, holds them up, and has them fail."""

    def __init__(self) -> None:
        self.count = 0
        self.let_on = threading.Event()
        self.let_on.set()
        self.error: Exception | None = None

    def __call__(self, connection: psycopg.Connection) -> None:
        self.count += 1
        self.let_on.wait()
        connection.execute("SELECT 1")
        if self.error is not None:
            raise self.error


@pytest.fixture
def looks():
    return Looks()


@pytest.fixture
def hearing(url, looks):
    hearing = Hearing(StoreUrl.of(url), "some_channel", looks)
    hearing.start()
    yield hearing
    looks.let_on.set()
    hearing.stop()


@pytest.fixture
def notify(postgres, url):
    name = url.rpartition("/")[2]
    return lambda channel="some_channel": postgres.ask(f"NOTIFY {channel}, 'x'", name)


@pytest.mark.usefixtures("hearing")
def test_it_looks_as_it_starts_and_once_after_notifications(looks, notify, wait_until):
    assert looks.count == 1
    notify("another")
    looks.let_on.clear()
    notify()
    wait_until(lambda: looks.count == 2)
    for _ in range(3):
        notify()
    looks.let_on.set()
    wait_until(lambda: looks.count >= 3)
    notify()
    wait_until(lambda: looks.count >= 4)
    assert looks.count <= 6  # three of them came while it looked


def test_it_hears_what_is_notified_after_it_was_stopped_and_started(
    hearing, looks, notify, wait_until
):
    hearing.stop()
    hearing.stop()
    assert hearing.is_away
    notify()
    hearing.start()
    assert looks.count == 2
    notify()
    wait_until(lambda: looks.count == 3)


@pytest.mark.usefixtures("hearing")
def test_a_look_that_fails_ends_nothing(looks, notify, wait_until, caplog):
    for number, error in enumerate((ValueError("of the test"), psycopg.DataError("of the test"))):
        looks.error = error
        notify()
        wait_until(lambda told=number + 1: caplog.text.count("could not be taken up") == told)
    looks.error = None
    notify()
    wait_until(lambda: looks.count == 4)
    assert "ValueError: of the test" in caplog.text


def test_a_connection_that_is_lost_is_told_of_once_and_come_back_from(
    hearing, looks, postgres, url, notify, wait_until, caplog
):
    for number in (1, 2):
        count = looks.count
        postgres.end_connections(url)
        wait_until(lambda count=count: looks.count > count)
        wait_until(lambda: not hearing.is_away)
        assert caplog.text.count("is away: what is notified there on some_channel") == number
    count = looks.count
    notify()
    wait_until(lambda: looks.count > count)


def test_it_looks_unasked_too(url, looks, wait_until, monkeypatch):
    monkeypatch.setattr("toggle_mock.recording.postgres.hearing.POLL", 0.01)
    hearing = Hearing(StoreUrl.of(url), "some_channel", looks)
    hearing.start()
    wait_until(lambda: looks.count > 3)
    hearing.stop()
    count = looks.count
    assert not any(one.name == "toggle-hearing" for one in threading.enumerate())
    assert looks.count == count


def test_what_fails_at_the_start_is_raised(url, looks):
    looks.error = psycopg.DataError("of the test")
    hearing = Hearing(StoreUrl.of(url), "some_channel", looks)
    with pytest.raises(StorageError, match="of the test"):
        hearing.start()
    with pytest.raises(StorageError, match="cannot be used"):
        Hearing(StoreUrl.of("postgresql://127.0.0.1:1/none"), "some_channel", looks).start()
    hearing.stop()
