"""Letters between servers that share a run: who takes which, what comes of them."""

import threading
from concurrent.futures import Future

import pytest
from grpc import StatusCode
from msgspec import structs
from support.waiting import wait_until

from rodent_events import Acknowledgement, CommandResponse, RodentRequest
from toggle_mock import NotConnectedError, Reply
from toggle_mock.errors import StorageError
from toggle_mock.recording.letters import Answer, Letter, StoredLetter, ToEnd, ToSend
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.rodents.mail import (
    GRACE,
    Absences,
    AnswerAgain,
    Answered,
    Forget,
    Mail,
    Take,
    Taken,
    Withdraw,
    answer_of,
    result_of,
    steps,
)
from toggle_mock.rodents.rodent import command
from toggle_mock.rodents.shared import SharedRegister
from toggle_mock.rodents.stream import Ending, Stream

LETTER = Letter("r1", "org-1", ToSend(b"ask", "command_response"))
FOR_TWO = Letter("r1", "org-1", ToEnd("OK", ""), server=2)
DONE = Answer(b"", "1")
HERE, OTHER, THIRD = 1, 2, 3


@pytest.mark.parametrize(
    ("stored", "known", "expected"),
    [
        # Of others
        (StoredLetter("a", OTHER, LETTER), {}, [Take("a", LETTER)]),
        (StoredLetter("a", OTHER, LETTER), {"has_stream": False}, []),
        (StoredLetter("a", OTHER, LETTER), {"held": "a"}, []),
        (StoredLetter("a", THIRD, FOR_TWO), {}, []),
        (StoredLetter("a", OTHER, LETTER, THIRD), {}, []),
        # Taken here, and the connection broke before that was heard
        (StoredLetter("a", OTHER, LETTER, HERE), {"has_stream": False}, [Take("a", LETTER)]),
        (StoredLetter("a", OTHER, LETTER, HERE), {"held": "a"}, [AnswerAgain("a")]),
        (StoredLetter("a", OTHER, LETTER, HERE, DONE), {"held": "a"}, [Forget("a")]),
        (StoredLetter("a", OTHER, LETTER, HERE, DONE), {}, []),
        (None, {"held": "a"}, [Forget("a")]),
        # Of this server
        (StoredLetter("a", HERE, LETTER), {"asked": "a", "has_stream": False}, []),
        (StoredLetter("a", HERE, LETTER), {"asked": "a"}, [Take("a", LETTER)]),
        (StoredLetter("a", HERE, LETTER, OTHER), {"asked": "a"}, [Taken("a")]),
        (StoredLetter("a", HERE, LETTER, OTHER, DONE), {"asked": "a"}, [Answered("a", DONE)]),
        (StoredLetter("a", HERE, LETTER, OTHER, DONE), {}, [Withdraw("a")]),
        (
            StoredLetter("a", HERE, LETTER, THIRD),
            {"asked": "a"},
            [Answered("a", Answer(error="the server that it was connected to is gone"))],
        ),
        (None, {"asked": "a"}, []),  # it is being written
    ],
)
def test_what_follows_from_how_a_letter_stands(stored, known, expected):
    found = steps(
        [] if stored is None else [stored],
        HERE,
        asked=known.get("asked", ()),
        held=known.get("held", ()),
        gone={THIRD},
        has_stream=lambda _: known.get("has_stream", True),
    )
    assert list(found) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("command_response", Reply(CommandResponse(request_id="1", success=True), "1")),
        ("ack", Acknowledgement(request_id="1", message="taken")),
    ],
)
def test_an_answer_is_the_same_at_the_other_server(kind, value):
    future = Future()
    future.set_result(value)
    assert result_of(ToSend(b"", kind), answer_of(future)) == value


def test_so_is_an_error():
    future = Future()
    future.set_exception(NotConnectedError("the stream ended: OK"))
    with pytest.raises(NotConnectedError, match=r"^the stream ended: OK"):
        result_of(LETTER.errand, answer_of(future))


@pytest.mark.parametrize("errand", [ToEnd("OK", ""), ToSend(b"as it is")])
def test_what_is_only_done_has_no_answer(errand):
    assert result_of(errand, Answer()) is None


def test_a_server_is_gone_that_is_silent_for_a_while():
    absences = Absences()
    assert absences.gone({3}, 100.0) == {3}  # it has been for long
    assert absences.gone({3, 4}, 101.0) == {3}
    assert absences.gone({4}, 101.0 + GRACE - 0.1) == set()
    assert absences.gone({4}, 101.0 + GRACE) == {4}
    assert absences.gone(set(), 110.0) == set()
    assert absences.gone({4}, 111.0) == set()


# Two servers


class Table:
    """Where letters are, as in a store: of what is written, all are told."""

    def __init__(self):
        self.letters: dict[str, StoredLetter] = {}
        self.silent: frozenset[int] = frozenset()
        self.is_away = False
        self.tries = 0
        """How often it was asked while it was away."""
        self.everybody = []

    def tell(self):
        for heard in list(self.everybody):
            heard(list(self.letters.values()), self.silent)

    def change(self, name, **changes):
        self.letters[name] = structs.replace(self.letters[name], **changes)
        self.tell()


class LettersOf:
    """The letters, as one server gets at them."""

    def __init__(self, table, server):
        self.server, self._table = server, table
        self._heard = None

    def start(self, heard):
        self._heard = heard
        self._table.everybody.append(heard)

    def stop(self):
        self._table.everybody.remove(self._heard)

    def close(self):
        pass

    def _check(self):
        if self._table.is_away:
            self._table.tries += 1
            raise StorageError("the store is away")

    def write(self, name, letter, _seconds):
        self._check()
        self._table.letters[name] = StoredLetter(name, self.server, letter)
        self._table.tell()

    def take(self, name):
        self._check()
        found = self._table.letters.get(name)
        if found is None or found.taker not in {None, self.server}:
            return False
        self._table.change(name, taker=self.server)
        return True

    def answer(self, name, answer):
        self._check()
        if name in self._table.letters:
            self._table.change(name, answer=answer)

    def withdraw(self, name, *, also_taken):
        self._check()
        found = self._table.letters.get(name)
        if found is None or (found.taker is not None and not also_taken):
            return False
        del self._table.letters[name]
        self._table.tell()
        return True


class Streams:
    """The Rodents that are connected to a server; what they are asked stands there."""

    def __init__(self):
        self.open = set()
        self.asked = []
        self.cancelled = threading.Event()

    def has(self, letter):
        return letter.rid in self.open

    def carry_out(self, letter, then):
        self.asked.append((letter, then))
        return self.cancelled.set


class Server:
    def __init__(self, table, number):
        self.streams = Streams()
        self.mail = Mail(self.streams)
        self.mail.start(LettersOf(table, number))

    def answers(self, answer):
        """The Rodent answers what it is asked next."""
        wait_until(lambda: self.streams.asked)
        _, then = self.streams.asked.pop()
        then(answer)


@pytest.fixture
def table():
    return Table()


@pytest.fixture
def servers(table):
    servers = [Server(table, number) for number in (1, 2)]
    yield servers
    for server in servers:
        server.mail.stop()
    assert table.letters == {}


REPLY = Answer(CommandResponse(success=True).SerializeToString(), "1")


def test_a_letter_gets_to_the_server_with_the_stream_and_its_answer_back(servers):
    one, other = servers
    other.streams.open.add("r1")
    asked = one.mail.ask(LETTER, 20)
    other.answers(REPLY)
    assert asked.result(20).success
    assert one.streams.asked == []


@pytest.mark.parametrize("connecting", [0, 1])
def test_it_waits_for_a_rodent_that_connects_to_any_of_them(servers, connecting, table):
    with_future = []
    asking = threading.Thread(target=lambda: with_future.append(servers[0].mail.ask(LETTER, 20)))
    asking.start()
    wait_until(lambda: table.letters)
    server = servers[connecting]
    server.mail.opened("r2", "org-1")
    server.mail.opened("r1", "org-2")
    server.mail.opened("r1", "org-1")
    server.mail.opened("r1", "org-1")
    asking.join(20)
    server.answers(REPLY)
    assert with_future[0].result(20).success
    assert server.streams.asked == []


def test_one_that_nobody_takes_is_withdrawn(servers, table):
    assert servers[0].mail.ask(LETTER, 0.01) is None
    assert table.letters == {}


def test_one_that_is_taken_as_its_time_ends_is_waited_for(servers, monkeypatch):
    one, other = servers
    withdraw = LettersOf.withdraw

    def late(letters, name, *, also_taken):
        if not also_taken:
            other.mail.opened("r1", "org-1")
            other.answers(REPLY)
        return withdraw(letters, name, also_taken=also_taken)

    monkeypatch.setattr(LettersOf, "withdraw", late)
    assert one.mail.ask(LETTER, 0.0).result(20).success


def test_whom_nobody_waits_for_any_more_is_not_waited_for_there_either(servers):
    one, other = servers
    other.streams.open.add("r1")
    asked = one.mail.ask(LETTER, 20)
    wait_until(lambda: other.streams.asked)
    assert asked.cancel()
    assert other.streams.cancelled.wait(20)


def test_an_answer_that_could_not_be_written_is_written_later(servers, table, caplog):
    one, other = servers
    other.streams.open.add("r1")
    asked = one.mail.ask(LETTER, 20)
    wait_until(lambda: other.streams.asked)
    table.is_away = True
    other.answers(REPLY)
    wait_until(lambda: "what other servers ask of Rodents here waits" in caplog.text)
    assert not asked.done()
    table.is_away = False
    table.tell()
    assert asked.result(20).success


def test_a_letter_that_cannot_be_written_is_told(servers, table):
    table.is_away = True
    with pytest.raises(StorageError, match="the store is away"):
        servers[0].mail.ask(LETTER, 20)
    table.is_away = False
    table.tell()


def test_who_has_asked_is_told_that_the_server_is_gone(servers, table):
    table.silent = frozenset({3})
    table.tell()  # the first that they hear: so it has been silent for long
    asked = []
    asking = threading.Thread(target=lambda: asked.append(servers[0].mail.ask(LETTER, 20)))
    asking.start()
    wait_until(lambda: table.letters)
    table.change(*table.letters, taker=3)
    asking.join(20)
    with pytest.raises(NotConnectedError, match="the server that it was connected to is gone"):
        asked[0].result(20)


def test_who_has_asked_is_told_that_its_server_stops(table):
    one, other = (Server(table, number) for number in (1, 2))
    other.streams.open.add("r1")
    asked = one.mail.ask(LETTER, 20)
    one.mail.stop()
    with pytest.raises(NotConnectedError, match="the server that was asked was stopped"):
        asked.result(20)
    with pytest.raises(StorageError, match="this server does not run"):
        one.mail.ask(LETTER, 20)
    assert table.letters == {}
    other.mail.stop()


def test_who_stops_does_not_wait_for_a_store_that_is_away_with_each_letter(table):
    one, other = (Server(table, number) for number in (1, 2))
    other.streams.open.add("r1")
    asked = [one.mail.ask(LETTER, 20) for _ in range(5)]
    table.is_away = True
    one.mail.stop()
    assert all(each.done() for each in asked)
    assert table.tries == 1
    table.is_away = False
    other.mail.stop()


def test_what_fails_is_told_to_who_has_asked(servers, monkeypatch, caplog):
    one, other = servers
    other.streams.open.add("r1")

    def fails(*_):
        raise RuntimeError("out of order")

    monkeypatch.setattr(other.streams, "carry_out", fails)
    with pytest.raises(NotConnectedError, match=r"has failed: RuntimeError\('out of order'\)"):
        one.mail.ask(LETTER, 20).result(20)
    assert "could not be done" in caplog.text


def test_one_that_nobody_waits_for_is_withdrawn_by_its_server(servers, table):
    table.letters["left"] = StoredLetter("left", 1, LETTER)
    table.tell()
    wait_until(lambda: not table.letters)


# What is done with a letter where the Rodent is connected


class Loop:
    """An event loop that does at once what it is told to."""

    @staticmethod
    def call_soon_threadsafe(what, *arguments):
        what(*arguments)


@pytest.fixture
def register():
    return SharedRegister(Recording(), lambda: None)


@pytest.fixture
def stream(register):
    call = RecordedCall("Connect", "peer", (), claims={"rid": "r1", "sub": "org-1"}, number=7)
    stream = Stream(call, Loop())
    register.opened(stream)
    return stream


COMMAND = command("c")
ASKING = Letter("r1", None, ToSend(COMMAND.SerializeToString(), "command_response"))


def test_a_command_is_sent_and_its_answer_told(register, stream):
    told = []
    register.carry_out(ASKING, told.append)
    assert stream.outgoing.get_nowait() == ASKING.errand.raw
    response = CommandResponse(request_id=COMMAND.request_id, success=True)
    request = RodentRequest(request_id=COMMAND.request_id, command_response=response)
    raw = RecordedMessage("Connect", b"", sent=False)
    register.find("r1", None).received(stream, raw, request)
    assert told == [Answer(response.SerializeToString(), COMMAND.request_id)]


def test_what_nobody_waits_for_is_not_awaited_of_the_rodent(register, stream):
    told = []
    register.carry_out(ASKING, told.append)()
    assert stream.pending == {}
    assert told == []


@pytest.mark.parametrize(
    "errand", [ASKING.errand, ToSend(b""), ToEnd("OK", "")], ids=["ask", "send", "end"]
)
@pytest.mark.parametrize("rid", ["r1", "unknown"])
def test_who_asks_is_told_that_the_stream_has_ended(register, stream, errand, rid):
    register.closed(register.find("r1", None), stream, Ending(StatusCode.OK, ""))
    told = []
    register.carry_out(Letter(rid, None, errand), told.append)
    assert told == [Answer(error=f"the stream of rodent {rid} ended before it was asked")]


def test_which_letters_a_server_is_for(register, stream):
    assert register.has(Letter("r1", None, ToSend(b"")))
    assert register.has(Letter("r1", "org-1", ToSend(b"")))
    assert not register.has(Letter("r1", "org-2", ToSend(b"")))
    assert not register.has(Letter("r2", None, ToSend(b"")))
    assert register.has(Letter("r2", None, ToEnd("OK", ""), server=1))
    register.closed(register.find("r1", None), stream, Ending(StatusCode.OK, ""))
    assert not register.has(Letter("r1", None, ToSend(b"")))
