"""Each row of the table in docs/nothing-arrives.md: what happens, and what the failure says."""

import re
from pathlib import Path

import pytest
from support.recorded import recorded_event

from rodent_events import EVENT_LEVEL_DEBUG, EventBatch, EventBus, EventClient, StoragePoolPayload
from rodent_events.global_bus import GLOBAL_BUS
from toggle_mock import (
    Assertions,
    NotReceivedError,
    RecordedCall,
    Recording,
    Refusal,
    fail,
    reject,
)
from toggle_mock.pytest_agents import told_of_others

PAGE = Path(__file__).parents[2] / "docs/nothing-arrives.md"
TANK = recorded_event(StoragePoolPayload(pool_name="tank"))
BATCH = TANK.batch.raw


class LateRecording(Recording):
    """A batch arrives once the time of the first who waits for it is over."""

    _waits = 0

    def read(self, since, timeout=0.0, sub=None):
        self._waits += since.epoch == -1  # somebody begins to wait
        if self._waits == 2 and not self.batches:
            arrive(self)
        return super().read(since, timeout, sub)


def arrive(recording: Recording) -> None:
    call = RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    recording.message(call, BATCH, sent=False)
    recording.accept(call, BATCH, batch_id="", count=1)
    recording.end(call, "OK")


def send(toggle, raw: bytes = BATCH, **claims) -> None:
    """A call of an agent, however it ends."""
    token = claims.pop("token", None) or toggle.jwt(**claims)
    with EventClient(target=toggle.address, jwt=token, send_timeout=20) as client:
        client.send_batch(raw)


# What happens; each returns who is asked then, unless that is the server, and for what.


def nothing(toggle, bus):
    pass


def filtered(toggle, bus):
    bus.emit(StoragePoolPayload(pool_name="tank"), level=EVENT_LEVEL_DEBUG)


def emitted_early(toggle, bus):
    GLOBAL_BUS.emit(StoragePoolPayload(pool_name="tank"))


def a_bus_of_its_own(toggle, bus):
    own = EventBus(
        target=f"localhost:{toggle.address.rpartition(':')[2]}", jwt=toggle.jwt(), batch_timeout=60
    )
    own.emit(StoragePoolPayload(pool_name="tank"))
    toggle.kept = own  # as a test has it in a variable


def another_target(toggle, bus):
    toggle.kept = EventBus(target="localhost:1", jwt="x")


def outage(toggle, bus):
    toggle.faults.outage()


def waiting(toggle, bus):
    toggle.faults.outage()
    bus.emit(StoragePoolPayload(pool_name="tank"))


def before_clear(toggle, bus):
    send(toggle)
    toggle.clear()


def another_session(toggle, bus):
    send(toggle)
    return toggle.session()


def another_rodent(toggle, bus):
    send(toggle)
    return toggle, "rid:r2"


def an_older_token(toggle, bus):
    token = toggle.jwt()
    toggle.begin_test()
    send(toggle, token=token)


def late(toggle, bus):
    return Assertions(LateRecording())


def another_value(toggle, bus):
    payload = StoragePoolPayload(pool_name="tnak")
    send(toggle, recorded_event(payload).batch.raw)


def a_refused_token(toggle, bus):
    send(toggle, expires_in=-60)


def a_fault(toggle, bus):
    toggle.on_send_events.returns([fail()])
    send(toggle)


def a_rejection(toggle, bus):
    toggle.on_send_events.returns([reject()])
    send(toggle)


def no_answer(toggle, bus):
    call = RecordedCall("SendEvents", "peer", ())
    toggle.recording.begin(call)


def evicted(toggle, bus):
    recording = Recording(max_calls=1)
    for _ in range(2):
        arrive(recording)
    return Assertions(recording), "pool_name:none"


def turned_away(toggle, bus):
    toggle.recording.refuse(Refusal("http1", "peer", "GET /"))


ROWS = {
    "Nothing was emitted": nothing,
    "The agent filters it": filtered,
    "It was emitted before anybody has called initialize()": emitted_early,
    "A bus that the test has made itself has not sent it": a_bus_of_its_own,
    "A bus that the test has made itself has another target": another_target,
    "It still waits in the agent": waiting,
    "It arrived before clear(), or between two tests": before_clear,
    "It arrived in another session, or from another Rodent": another_session,
    "It came from another Rodent than the query names": another_rodent,
    "The agent is older than the test, and has a token of before": an_older_token,
    "It came after the timeout": late,
    "It has another value": another_value,
    "The token is refused": a_refused_token,
    "A fault is in force": a_fault,
    "Another fault goes on, such as one of the connection": outage,
    "Toggle answers success=false": a_rejection,
    "Toggle does not answer": no_answer,
    "The recording is over its limits": evicted,
    "A call or a connection was turned away": turned_away,
    "Nobody has called": nothing,
}


def documented() -> dict[str, str]:
    """What the failure has, by what happened."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].replace("`", ""): row[1].strip("`") for row in cells}


def missed(asked, query, timeout: float = 0.01) -> str:
    with pytest.raises(NotReceivedError) as caught:
        asked.wait_for(query, timeout=timeout)
    return str(caught.value)


def test_each_row_is_shown():
    assert list(documented()) == list(ROWS)


@pytest.mark.parametrize("row", ROWS)
def test_what_the_failure_says(toggle_server, event_bus, row):
    asked, query = toggle_server, "pool_name:tank"
    match ROWS[row](toggle_server, event_bus):
        case Assertions() as other:
            asked = other
        case (other, wanted):
            asked, query = other, wanted
    assert documented()[row] in missed(asked, query)
    assert len(toggle_server.notes) == 2  # of event_bus, and of others: none of an earlier test


def test_who_has_not_called_is_told_what_to_see_to(make_toggle_server):
    toggle = make_toggle_server()
    text = missed(toggle, "pool_name:tank")
    assert (
        f"nobody has called: see that the agent runs, that its target is {toggle.address}" in text
    )
    assert "nobody has called" in missed(toggle.session(), "pool_name:tank")
    send(toggle)
    assert "nobody has called" not in missed(toggle, "pool_name:none")


def test_a_bus_of_an_earlier_test_is_not_told_of(toggle_server, make_toggle_server):
    with EventBus(target=toggle_server.address, jwt="x") as ended:
        pass
    with told_of_others(toggle_server), EventBus(target="other:1", jwt="x"):
        assert len(toggle_server.notes) == 2
        text = missed(toggle_server, "pool_name:tank")
    assert text.count("a bus of this process: emitted nothing") == 1  # the fixture's own note
    assert ended.get_stats()["emitted"] == 0


def test_faults_that_have_hit_or_are_healed_or_of_others_are_not_in_force(make_toggle_server):
    toggle_server = make_toggle_server(relay=True)
    toggle_server.on_send_events.returns([fail()])
    assert "faults in force: " in missed(toggle_server, "pool_name:tank")
    send(toggle_server)
    session = toggle_server.session()
    session.on_send_events.always(lambda call: None)
    toggle_server.faults.latency(0.001)
    other = missed(toggle_server.session(), "pool_name:tank")
    assert "faults in force: {'latency': {'seconds': 0.001}}\n" in other
    for one in (toggle_server, session):
        assert "<function" in missed(one, "pool_name:tank")
    session.heal()
    toggle_server.faults.heal()
    assert "in force" not in missed(toggle_server, "pool_name:tank")


def test_by_how_much_it_was_late():
    text = missed(Assertions(LateRecording()), "pool_name:tank")
    assert re.search(r"too late: it came \d+\.\d{3} s after that:\n  .* pool_name=tank ", text)
    assert "arrived: 1 event, the nearest:" in text


def test_who_does_not_wait_is_not_told_of_what_is_late():
    text = missed(Assertions(LateRecording()), "pool_name:tank", timeout=0)
    assert "too late" not in text


def test_what_arrived_in_an_earlier_test_is_not_told(toggle_server):
    send(toggle_server)
    toggle_server.end_test()
    toggle_server.begin_test()
    assert "before clear()" not in missed(toggle_server, "pool_name:tank")
    send(toggle_server)  # of a fixture of a wider scope, between two tests
    toggle_server.begin_test()
    assert "before clear()" in missed(toggle_server, "pool_name:tank")


def test_what_a_session_has_cleared(toggle_server):
    session = toggle_server.session()
    send(session)
    session.clear()
    text = missed(session, "pool_name:tank")
    assert "before clear(), or the beginning of the test: 1 event that matches" in text
    assert "out of this scope" not in text


def test_of_what_was_cleared_the_last_megabyte_is_known():
    recording = Recording()
    call = RecordedCall("SendEvents", "peer", ())
    recording.begin(call)
    for round_ in range(3):
        for number in range(20):
            raw = EventBatch(batch_id=f"{round_} {number}").SerializeToString() + bytes(100_000)
            recording.accept(call, raw, batch_id="", count=0)
        recording.clear()
        recording.begin(call)
    assert 8 <= len(recording.cleared) <= 10
    recording.settle()
    assert recording.cleared == []


def test_a_function_that_cannot_cope_with_other_events_is_not_in_the_way(toggle_server):
    session = toggle_server.session()
    send(toggle_server)
    text = missed(session, lambda event: event.payload.no_such_field == 1)
    assert "no event arrived" in text


def test_a_note_that_fails_does_not_hide_the_miss():
    assertions = Assertions(Recording())
    assertions.notes += [lambda: 1 / 0, lambda: ["agent:\x1b[2J"]]
    text = missed(assertions, "pool_name:tank")
    assert "cannot be told: ZeroDivisionError" in text
    assert "agent:\\x1b[2J" in text
    assert "no event arrived" in text
