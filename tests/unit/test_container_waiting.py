"""Waiting for a container, without an engine: what is asked of one answers as an engine would."""

import socket
from types import SimpleNamespace

import pytest
from freezegun import freeze_time
from testcontainers.core.exceptions import ContainerStartException

from toggle_mock import NotReceivedError
from toggle_mock.container import Ready
from toggle_mock.container.logs import add_logs


class Ended:
    """A container that ends between two looks: at its state, and at its ports."""

    def __init__(self, error):
        self._error = error
        self._wrapped = SimpleNamespace(
            status="exited",
            attrs={"State": {"ExitCode": 2}},
            reload=lambda: None,
            logs=lambda tail: b"no such option",
        )

    def get_container_host_ip(self):
        return "127.0.0.1"

    def get_exposed_port(self, _port):
        raise self._error

    def get_wrapped_container(self):
        return self._wrapped


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("container did not become running"),
        ConnectionError("Port mapping for container 1 and port 8025 is not available"),
    ],
    ids=["it runs no more", "its ports are gone"],
)
def test_one_that_ends_as_its_ports_are_asked_tells_its_log(error):
    with pytest.raises(ContainerStartException, match=r"ended with 2(?s:.*)no such option"):
        Ready().wait_until_ready(Ended(error))


def test_where_time_is_frozen_no_engine_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    with freeze_time("2041-06-01"):
        assert asked == []


def test_an_error_tells_the_log_once_whatever_notes_it_has():
    container = Ended(None)
    container.status, container.image = "exited", "toggle-mock:0"
    error = NotReceivedError("waited 1 s")
    for _ in range(2):  # one block within another
        add_logs(error, "the mock", container)
    code, log = error.__notes__
    assert code.startswith("RE-301")
    assert log == "log of the mock (toggle-mock:0):\nno such option"


def test_a_log_that_testcontainers_has_told_is_not_told_again():
    container = Ended(None)
    container.status, container.image = "exited", "toggle-mock:0"
    error = TimeoutError("not within 1 s")
    error.add_note("no such option")
    add_logs(error, "the mock", container)
    assert error.__notes__ == ["no such option"]
