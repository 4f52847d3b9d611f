"""The wish to stop, as a signal handler says it."""

import signal
import sys

import pytest

from toggle_mock.interrupts import Interrupt, interrupt_event


@pytest.fixture
def _handlers_restored():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers_restored")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_it_instead_of_ending_the_process(number):
    stop = interrupt_event()
    assert stop.is_set() is False
    assert stop.wait(0.0) is False
    signal.raise_signal(number)
    assert stop.is_set()
    assert stop.wait()


@pytest.mark.usefixtures("_handlers_restored")
@pytest.mark.parametrize("use", [Interrupt.set, Interrupt.is_set, lambda stop: stop.wait(0.001)])
def test_a_signal_may_come_at_any_line_of_its_use(use):
    """A ``threading.Event`` would wait for itself: the handler comes while its lock is held."""
    stop = interrupt_event()
    came = 0

    def interrupt(frame, kind, argument):
        nonlocal came
        if kind == "line":
            signal.raise_signal(signal.SIGTERM)
            came += 1
        return interrupt

    tracer = sys.gettrace()
    sys.settrace(interrupt)
    try:
        use(stop)
    finally:
        sys.settrace(tracer)
    assert came > 0
    assert stop.is_set()


def test_a_wait_ends_at_its_timeout():
    assert not Interrupt().wait(0.001)
