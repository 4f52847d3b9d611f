"""Calls at times to come: in their order, and not for who has ended before."""

import os
import threading
from contextlib import ExitStack

import pytest
from support.blocks import ends_elsewhere

from rodent_events import clock
from toggle_mock.alarms import ALARMS, Alarms


def test_they_come_in_the_order_of_their_times():
    alarms, heard, done = Alarms(), [], threading.Event()
    start = clock.monotonic() + 0.3
    with ExitStack() as stack:
        stack.enter_context(alarms.calling(done.set, start + 0.003))
        for number in (2, 0, 1):
            stack.enter_context(
                alarms.calling(lambda n=number: heard.append(n), start + number / 1e3)
            )
        assert done.wait(20)
    assert heard == [0, 1, 2]


def test_one_of_before_comes_at_once_and_one_of_never_does_not_hold_it_up():
    alarms, heard = Alarms(), threading.Event()
    with alarms.calling(pytest.fail, float("inf")), alarms.calling(heard.set, 0.0):
        assert heard.wait(20)


def test_there_is_a_thread_as_long_as_one_is_set():
    alarms = Alarms()
    for _ in range(3):
        before = set(threading.enumerate())
        heard = threading.Event()
        later = clock.monotonic() + 1000
        with alarms.calling(pytest.fail, later), alarms.calling(heard.set, 0.0):
            (thread,) = set(threading.enumerate()) - before
            assert heard.wait(20)
        thread.join(20)
        assert not thread.is_alive()


def test_who_was_called_waits_for_no_lock_as_its_block_ends():
    alarms, ended, done = Alarms(), [], threading.Event()
    first = alarms.calling(lambda: None, 0.0)
    first.__enter__()

    def second():  # under the lock
        ended.append(ends_elsewhere(first))
        done.set()

    with alarms.calling(second, clock.monotonic()):
        assert done.wait(20)
    assert ended == [True]


def test_a_thread_is_started_while_others_may_set_alarms(monkeypatch):
    alarms, ended = Alarms(), []
    other = alarms.calling(pytest.fail, float("inf"))

    class Thread(threading.Thread):
        def start(self):
            if self.name == "toggle-alarms":
                other.__enter__()
                ended.append(ends_elsewhere(other))
            super().start()

    monkeypatch.setattr(threading, "Thread", Thread)
    with alarms.calling(pytest.fail, float("inf")):
        assert ended == [True]


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_was_forked_amid_one_has_its_own():
    children, heard, forked = [], threading.Event(), threading.Event()

    def fork():
        children.append(os.fork())
        if children == [0]:
            with ALARMS.calling(heard.set, 0.0):
                os._exit(0 if heard.wait(20) else 1)
        forked.set()

    with ALARMS.calling(fork, 0.0):
        assert forked.wait(20)
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 0
