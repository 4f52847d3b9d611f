"""Programs have as many open files as they may, whatever the shell that starts them allows."""

import json
import socket
import subprocess
from contextlib import ExitStack

import pytest
from support.commands import TOGGLE_MOCK

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
ALLOWED = 100


@pytest.fixture
def address():
    """That of a mock whose shell allows few."""
    command = f'ulimit -Sn {ALLOWED} && exec "$0" serve --json --no-relay'
    mock = subprocess.Popen(["sh", "-c", command, TOGGLE_MOCK], stdout=subprocess.PIPE, text=True)
    host, _, port = json.loads(mock.stdout.readline())["listening"].rpartition(":")
    yield host, int(port)
    mock.terminate()
    mock.communicate()


def test_a_mock_takes_more_connections_than_its_shell_allows(address):
    with ExitStack() as connections:
        for _ in range(ALLOWED + 50):
            connection = connections.enter_context(socket.create_connection(address, timeout=60))
            connection.sendall(PREFACE)
            assert connection.recv(9)
