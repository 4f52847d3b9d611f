"""The texts of failures, word by word: they are what a test's author reads when it fails."""

from pathlib import Path
from textwrap import dedent

import pytest
from support.recorded import recorded_event

from rodent_events import StoragePoolPayload, StorageTransferPayload
from toggle_mock import Assertions, NotReceivedError, UnexpectedEventError, where
from toggle_mock.assertions import failures
from toggle_mock.matching import matcher_of
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.refusals import Refusal
from toggle_mock.recording.scope import Scope


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def assertions():
    return Assertions(Recording())


def record(assertions: Assertions, *payloads, level=1, rid="r1"):
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": rid, "sub": "o1"})
    assertions.recording.begin(call)
    for payload in payloads:
        event = recorded_event(
            payload, level=level, metadata={"transfer_id": "t1"}, timestamp=1_760_000_000_123
        )
        raw = event.batch.raw
        assertions.recording.accept(call, raw, batch_id="", count=1)
    assertions.recording.end(call, "OK")


def refuse(assertions: Assertions, status: str, details: str):
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r2"})
    assertions.recording.begin(call)
    assertions.recording.end(call, status, details)


def text_of(error: type[AssertionError], ask) -> str:
    with pytest.raises(error) as caught:
        ask()
    return str(caught.value) + "\n"


def test_a_miss_says_that_nothing_came(assertions):
    text = text_of(NotReceivedError, lambda: assertions.wait_for("payload:pool", timeout=0.01))
    assert text == dedent(
        """\
        waited 0.01 s for 1 event that matches, received 0
        wanted: payload:pool
        no event arrived
        no call arrived
        """
    )


def test_a_miss_shows_the_nearest_events_field_by_field(assertions):
    record(
        assertions,
        StoragePoolPayload(pool_name="tank"),
        StorageTransferPayload(source="tank/b", size_bytes=7),
    )
    refuse(assertions, "UNAUTHENTICATED", "the token has expired: get a new one")
    wanted = StorageTransferPayload(source="tank/a", destination="backup/a", size_bytes=7)
    text = text_of(NotReceivedError, lambda: assertions.wait_for(wanted, count=2, timeout=0.01))
    assert text == dedent(
        """\
        waited 0.01 s for 2 events that match, received 0
        wanted: StorageTransferPayload(source: "tank/a" destination: "backup/a" size_bytes: 7)
        arrived: 2 events, the nearest:
          08:53:20.123 INFO     STORAGE       storage_transfer     source=tank/b size_bytes=7  [transfer_id=t1]  r1
              source: wanted 'tank/a', got 'tank/b'
              destination: wanted 'backup/a', got ''
          08:53:20.123 INFO     STORAGE       storage_pool         pool_name=tank  [transfer_id=t1]  r1
              is StoragePoolPayload, not StorageTransferPayload
        refused: 1 call, the last of them:
          SendEvents of r2: UNAUTHENTICATED: the token has expired: get a new one
        """  # noqa: E501
    )


def turn_away(assertions: Assertions, details: str, **more):
    assertions.recording.refuse(Refusal("http1", "ipv4:127.0.0.1:5", details, **more))


def test_a_miss_shows_what_was_turned_away(assertions):
    turn_away(assertions, "of a recorded call", call=1)
    for number in range(7):
        turn_away(assertions, f"GET /{number}")
    turn_away(assertions, "a\x1bb", claims={"rid": "r3"})
    text = text_of(NotReceivedError, lambda: assertions.wait_for("payload:pool", timeout=0))
    assert text == dedent(
        """\
        waited 0 s for 1 event that matches, received 0
        wanted: payload:pool
        no event arrived
        no call arrived
        turned away: 8 refusals, the last of them:
          HTTP/1 in place of gRPC, from ipv4:127.0.0.1:5: GET /3
          HTTP/1 in place of gRPC, from ipv4:127.0.0.1:5: GET /4
          HTTP/1 in place of gRPC, from ipv4:127.0.0.1:5: GET /5
          HTTP/1 in place of gRPC, from ipv4:127.0.0.1:5: GET /6
          HTTP/1 in place of gRPC, from r3 at ipv4:127.0.0.1:5: a\\x1bb
        """
    )


def test_only_what_is_wanted_and_nothing_turned_away(assertions):
    record(assertions, StoragePoolPayload(pool_name="tank"))
    assertions.assert_only("pool_name:tank", no_refusals=True)
    assertions.assert_no_refusals()
    turn_away(assertions, "GET /", call=1)
    assertions.assert_only("pool_name:tank")
    for ask in (
        assertions.assert_no_refusals,
        lambda: assertions.assert_only("pool_name:tank", no_refusals=True),
    ):
        assert text_of(UnexpectedEventError, ask) == dedent(
            """\
            expected that nothing is turned away; 1 refusal, at last:
              HTTP/1 in place of gRPC, from ipv4:127.0.0.1:5: GET /
            """
        )
    assertions.clear()
    assertions.assert_no_refusals()


def test_what_came_and_should_not_is_shown_up_to_a_number(assertions):
    record(assertions, *[StoragePoolPayload(pool_name=f"p{n}") for n in range(7)])
    text = text_of(UnexpectedEventError, lambda: assertions.assert_not_received("payload:pool"))
    assert text.startswith("expected no event that matches, received 7\nmatcher: payload:pool\n")
    assert text.count("storage_pool") == 5
    assert text.endswith("  … and 2 more\n")


def test_too_many_are_told_with_their_number(assertions):
    record(assertions, StoragePoolPayload(), StoragePoolPayload())
    text = text_of(UnexpectedEventError, lambda: assertions.assert_received(count=1))
    assert text.startswith("expected 1 event that matches, received 2\nmatcher: any event\n")


def test_what_was_sent_again_is_told(assertions):
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r1"})
    assertions.recording.begin(call)
    raw = recorded_event(StoragePoolPayload(pool_name="tank")).batch.raw
    for _ in range(2):
        assertions.recording.accept(call, raw, batch_id="b1", count=1)
    text = text_of(UnexpectedEventError, lambda: assertions.assert_received(count=1))
    _, _, first, second, again, _ = text.split("\n")
    assert "pool_name=tank" in first
    assert "pool_name=tank" in second
    again_is = "      in a batch that was sent again; ToggleServer(deduplicate=True) leaves it out"
    assert again == again_is


def test_a_time_is_shown_as_one_reads_it(assertions):
    record(assertions, StoragePoolPayload())
    seconds = "after:2026-01-31T12:00Z"
    text = text_of(NotReceivedError, lambda: assertions.wait_for(seconds, timeout=0))
    assert (
        "timestamp: wanted after 1769860800000 (2026-01-31T12:00:00.000+00:00), "
        "got 1760000000123 (2025-10-09T08:53:20.123+00:00)"
    ) in text
    event = recorded_event(timestamp=2**63 - 1)  # which no calendar has
    assert matcher_of("before:5m").misses(event)[0].endswith(", got 9223372036854775807")


def test_others_than_wanted_are_shown_with_what_differs(assertions):
    record(assertions, StoragePoolPayload(pool_name="tank"))
    record(assertions, StoragePoolPayload(pool_name="x"), level=3)
    text = text_of(UnexpectedEventError, lambda: assertions.assert_only(where(level="INFO")))
    assert text == dedent(
        """\
        expected only events that match, received 1 other(s)
        matcher: level:INFO
          08:53:20.123 ERROR    STORAGE       storage_pool         pool_name=x  [transfer_id=t1]  r1
              level: wanted 'INFO', got 'ERROR'
        """
    )


def test_what_is_out_of_order_is_told_with_the_step(assertions):
    record(assertions, StoragePoolPayload(pool_name="b"), StoragePoolPayload(pool_name="a"))
    text = text_of(
        NotReceivedError, lambda: assertions.assert_in_order("pool_name:a", "pool_name:b")
    )
    assert text == dedent(
        """\
        expected a sequence of 2 events, received 1 of it; step 2 did not come after <RecordedEvent e1 INFO STORAGE StoragePoolPayload>
        wanted: pool_name:b
        up to that one: 1 event that matches, the last of them:
          08:53:20.123 INFO     STORAGE       storage_pool         pool_name=b  [transfer_id=t1]  r1
        no event arrived after it
        """  # noqa: E501
    )


def test_calls_that_did_not_come_are_told_with_those_that_did(assertions):
    refuse(assertions, "UNAVAILABLE", "scripted UNAVAILABLE")
    text = text_of(
        NotReceivedError,
        lambda: assertions.wait_for_call("SendEvents", status="OK", count=2, timeout=0.01),
    )
    assert text == dedent(
        """\
        waited 0.01 s for 2 × SendEvents OK, received 0
        arrived: 1 call, the last of them:
          SendEvents of r2: UNAVAILABLE: scripted UNAVAILABLE
        """
    )


def test_the_scope_and_what_was_evicted_are_told():
    assertions = Assertions(Recording(max_calls=1), Scope(rid="r9"))
    record(assertions, StoragePoolPayload())
    record(assertions, StoragePoolPayload())
    text = text_of(NotReceivedError, lambda: assertions.wait_for(timeout=0.01))
    assert "scope: rid r9\n" in text
    assert "evicted: 1 older call(s), to keep the recording's limits\n" in text


def test_nothing_recorded_moves_the_cursor(assertions):
    record(assertions, StoragePoolPayload(pool_name="\x1b[2J\n\u202e"))
    text = text_of(NotReceivedError, lambda: assertions.wait_for("pool_name:x", timeout=0.01))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_who_has_not_waited_is_told_to(assertions):
    with pytest.raises(IndexError, match=r"event 0 of 0: none has arrived yet, wait_for\(\) waits"):
        assertions.events[0]
    record(assertions, StoragePoolPayload())
    with pytest.raises(IndexError, match=r"event -2 of 1$"):
        assertions.events[-2]


def test_a_slow_matcher_is_not_asked_of_all_events_to_explain_a_miss(assertions, monkeypatch):
    monkeypatch.setattr(failures, "COMPARING", 0.0)
    record(assertions, *(StoragePoolPayload(pool_name=f"p{number}") for number in range(9)))
    asked = []

    def slow(event):
        asked.append(event)
        return False

    text = text_of(NotReceivedError, lambda: assertions.assert_received(slow, timeout=0))
    assert len(asked) <= 9 + 2
    assert "arrived: 9 events, the nearest:" in text
    assert "pool_name=p8" in text
    assert "p7" not in text


def places(caught: pytest.ExceptionInfo) -> list[str]:
    """The files that pytest shows of a failure."""
    return [Path(entry.path).name for entry in caught.traceback.filter(caught)]


@pytest.mark.parametrize("count", [1, 0])
def test_a_failure_is_shown_where_the_test_asserts(assertions, count):
    if not count:
        record(assertions, StoragePoolPayload())
    with pytest.raises(AssertionError) as caught:
        assertions.assert_received("payload:pool", count=count, timeout=0.01)
    assert places(caught) == ["test_failures.py"]


async def test_a_failure_in_asyncio_is_shown_where_the_test_asserts(assertions):
    with pytest.raises(NotReceivedError) as caught:
        await assertions.aio.wait_for("payload:pool", timeout=0.01)
    assert places(caught) == ["test_failures.py"]


async def test_what_fails_in_a_function_that_matches_is_shown_in_that_function(assertions):
    def matches(_event):
        raise AssertionError("a mistake")

    record(assertions, StoragePoolPayload())
    with pytest.raises(AssertionError, match="a mistake") as caught:
        await assertions.aio.wait_for(matches, timeout=0.01)
    assert caught.traceback[-1].name == "matches"


DEVICES = [f"/dev/disk/by-id/{number:08}" for number in range(2_000)]


def long_text_of(assertions, ask) -> str:
    for number in range(5):
        record(assertions, StoragePoolPayload(pool_name=f"tank{number}", devices=DEVICES))
    with pytest.raises(AssertionError) as caught:
        ask(assertions)
    return str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda it: it.wait_for("pool_name:tank9", timeout=0),
        lambda it: it.wait_for(StoragePoolPayload(devices=[*DEVICES, "x"]), timeout=0),
        lambda it: it.assert_only(StoragePoolPayload(devices=DEVICES[:-1])),
        lambda it: it.assert_not_received("payload:pool"),
        lambda it: it.wait_for("x" * 100_000, timeout=0),
        lambda it: it.assert_in_order("pool_name:tank1", "pool_name:tank1"),
    ],
)
def test_a_text_is_short_however_long_what_it_tells_of(assertions, ask):
    text = long_text_of(assertions, ask)
    assert len(text) <= 8_100
    assert text.count("\n") <= 60
    assert "characters" in text


def test_of_long_values_the_place_is_shown_where_they_differ(assertions):
    devices = [*DEVICES[:1_500], "/dev/sdx", *DEVICES[1_500:]]
    wanted = StoragePoolPayload(pool_name="tank0", devices=devices)
    text = long_text_of(assertions, lambda it: it.wait_for(wanted, timeout=0))
    line = next(line for line in text.splitlines() if "wanted …" in line)
    wanted_part, got_part = line.split(", got …")
    assert "'/dev/sdx', '/dev/disk/by-id/00001500'" in wanted_part
    assert "/dev/disk/by-id/00001500', '/dev/disk/by-id/00001501'" in got_part
    assert "; equal for 42007 characters" in line


def test_of_many_lines_the_first_are_shown_and_the_rest_is_counted():
    text = failures.limited([f"line {number}" for number in range(100)])
    assert text.splitlines()[-2:] == ["line 59", "… and 40 more lines"]
    text = failures.limited(["x" * 400] * 30)
    assert text.splitlines()[-2:] == ["x" * 400, "… and 11 more lines"]
    assert failures.limited(["a", "b"]) == "a\nb"
