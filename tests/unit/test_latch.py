"""What one thread waits for and another sets."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from rodent_events.latch import Latch


def test_it_is_waited_for_as_long_as_was_said():
    latch = Latch()
    for seconds in (0.0, 0.001, -1, -0.5):
        assert not latch.wait(seconds)
    assert not latch.is_set()


def test_whoever_waits_is_told_and_so_is_who_comes_later():
    latch = Latch()
    with ThreadPoolExecutor() as threads:
        waiting = [threads.submit(latch.wait, timeout) for timeout in (None, 60, None)]
        latch.set()
        assert [future.result(60) for future in waiting] == [True, True, True]
    assert latch.is_set()
    assert latch.wait()


def test_it_may_be_set_twice():
    latch = Latch()
    latch.set()
    latch.set()
    assert latch.wait(0.0)


def test_what_is_to_be_called_is_called_once_before_or_after_it_is_set():
    latch, called = Latch(), []
    latch.when_set(lambda: called.append("before"))
    assert called == []
    latch.set()
    latch.set()
    assert called == ["before"]
    latch.when_set(lambda: called.append("after"))
    assert called == ["before", "after"]


def test_what_is_to_be_called_may_set_it_too():
    latch, called = Latch(), []
    latch.when_set(latch.set)
    latch.when_set(lambda: called.append(1))
    latch.set()
    assert called == [1]


def test_of_threads_that_set_it_and_ask_for_calls_each_call_is_made_once():
    def ask(latch):
        called = []
        with ThreadPoolExecutor() as threads:
            for number in range(8):
                threads.submit(latch.when_set, partial(called.append, number))
                threads.submit(latch.set)
        return sorted(called)

    assert [ask(Latch()) for _ in range(100)] == [list(range(8))] * 100
