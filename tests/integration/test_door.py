"""The door in front of Toggle by which the contract suite counts who knocks."""

import gc
import socket
import threading
import warnings

import pytest

from toggle_mock.contract.rodent.door import Door


@pytest.mark.parametrize("turn", range(10))
def test_who_comes_as_it_is_taken_away_is_left_by_nobody(turn):
    with socket.create_server(("127.0.0.1", 0)) as toggle, warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        door = Door(f"127.0.0.1:{toggle.getsockname()[1]}")
        host, _, port = door.address.rpartition(":")
        held = threading.Event()
        door._thread.loop.call_soon_threadsafe(held.wait, 60)
        taking_away = threading.Thread(target=door.__exit__)
        with socket.create_connection((host, int(port))):  # the kernel has taken it
            taking_away.start()
            held.set()
            taking_away.join()
        gc.collect()
