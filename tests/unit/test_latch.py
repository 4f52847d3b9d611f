"""What one thread waits for and another sets."""

from concurrent.futures import ThreadPoolExecutor

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
