"""Waiting for a condition, in place of sleeping."""

import threading
import time

import pytest


def wait_until(condition, timeout: float = 20.0, pause: float = 0.005):
    """Wait until a condition holds; its value is returned.

    Where looking costs something, the pause between two looks is to be longer.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {timeout} s: {condition}")
        threading.Event().wait(pause)
    return value
