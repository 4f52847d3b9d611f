"""When a signal raises, and when it waits for memory to be on disk first."""

import importlib.util
import signal
import threading

import pytest

from rodent_events import missed_signals
from rodent_events import signals as signals_of_this_process


@pytest.fixture
def signals(monkeypatch):
    """The module anew, with this process's signals as they were before in the end."""
    # A bus of this process would be told of what is sent to the module.
    monkeypatch.setattr(missed_signals, "watch", lambda *_: None)
    spec = importlib.util.spec_from_file_location("signals_anew", signals_of_this_process.__file__)
    module = importlib.util.module_from_spec(spec)
    before = {number: signal.getsignal(number) for number in NUMBERS}
    for number in NUMBERS[:2]:
        signal.signal(number, signal.SIG_DFL)
    # Whatever is started in the background of a shell ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    spec.loader.exec_module(module)
    module.end_in_order()
    yield module
    for number, handler in before.items():
        signal.signal(number, handler)


NUMBERS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Bus:
    """Saves when it is told to."""

    def __init__(self, in_memory: int = 0) -> None:
        self.in_memory = in_memory
        self.asked = []
        self.ends = 0

    def save_soon(self, done):
        self.asked.append(done)

    def end_soon(self):
        self.ends += 1

    def save(self):
        """What was asked for last is done."""
        self.in_memory = 0
        self.asked[-1]()


@pytest.fixture
def bus(signals):
    bus = Bus(in_memory=3)
    signals.join(bus)
    return bus


@pytest.mark.parametrize("number", NUMBERS[:2])
def test_where_nothing_is_to_be_saved_it_raises_at_once(signals, number):
    with pytest.raises(SystemExit) as raised:
        signal.raise_signal(number)
    assert raised.value.code == 128 + number


def test_it_raises_once_each_bus_is_saved(signals, bus):
    other = Bus()
    signals.join(other)
    signal.raise_signal(signal.SIGTERM)
    bus.save()
    with pytest.raises(SystemExit) as raised:
        other.save()
    assert raised.value.code == 128 + signal.SIGTERM


def test_further_signals_change_nothing_while_it_is_saved(signals, bus):
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGHUP)
    assert len(bus.asked) == 1
    with pytest.raises(SystemExit) as raised:
        bus.save()
    assert raised.value.code == 128 + signal.SIGTERM


def test_what_has_come_meanwhile_is_saved_too(signals, bus):
    signal.raise_signal(signal.SIGTERM)
    done, bus.in_memory = bus.asked[0], 1
    done()
    assert len(bus.asked) == 2
    with pytest.raises(SystemExit):
        bus.save()


def test_it_does_not_raise_for_ever_amid_code_that_takes_locks(signals, bus):
    signal.raise_signal(signal.SIGTERM)
    lock = {"__name__": "logging", "bus": bus, "again": lambda: None}
    exec("def acquire():\n    bus.save()\n    again()\n", lock)
    lock["acquire"]()  # raises nothing
    assert len(bus.asked) == 2
    with pytest.raises(SystemExit):
        bus.save()


def test_a_disk_that_never_takes_all_is_given_up(signals, bus):
    bus.save_soon = lambda done: done()
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)
    assert bus.in_memory == 3


def test_a_bus_that_has_ended_is_not_asked(signals, bus):
    signals.leave(bus)
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)
    assert bus.asked == []


def test_it_may_be_held(signals):
    places = []

    def hold():
        with signals.held():
            with signals.held():
                signal.raise_signal(signal.SIGTERM)
            places.append("after the inner one")
        places.append("after the outer one")

    with pytest.raises(SystemExit):
        hold()
    assert places == ["after the inner one"]


def test_at_the_end_it_hurries_what_ends_anyway(signals, bus):
    with signals.ending():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert (bus.ends, bus.asked) == (2, [])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_after_it_has_raised_it_hurries_as_long_as_there_is_a_bus(signals, bus):
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        bus.save()
    signal.raise_signal(signal.SIGTERM)
    assert bus.ends == 1
    signals.leave(bus)
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)


def test_a_reminder_that_comes_too_late_ends_nothing(signals, bus, monkeypatch):
    signal.raise_signal(signal.SIGTERM)
    get = signal.getsignal

    def end_meanwhile(number):
        monkeypatch.undo()
        signals.leave(bus)
        with signals.ending():
            return get(number)

    monkeypatch.setattr(signal, "getsignal", end_meanwhile)
    bus.save()  # raises nothing
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)


def test_a_handler_of_somebody_else_is_left_alone(signals):
    seen = []
    signal.signal(signal.SIGTERM, lambda number, _frame: seen.append(number))
    signals.end_in_order()
    signal.raise_signal(signal.SIGTERM)
    assert seen == [signal.SIGTERM]


def test_threads_that_are_started_while_signals_are_blocked_never_take_them(signals):
    masks = {}

    def look(name):
        masks[name] = signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def thread():
        look("the thread")
        with signals.unblocked():
            look("what it starts")

    with signals.blocked():
        started = threading.Thread(target=thread)
        started.start()
        started.join()
    look("afterwards")
    assert masks["the thread"] >= set(NUMBERS)
    assert not masks["what it starts"] & set(NUMBERS)
    assert not masks["afterwards"] & set(NUMBERS)
