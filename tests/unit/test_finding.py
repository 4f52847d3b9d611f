"""What is found of a query, by place: it grows with the recording; evicted places stay theirs."""

import pytest
from support.many_events import record_batch

from rodent_events import EVENT_LEVEL_ERROR, EVENT_LEVEL_INFO, Event
from toggle_mock import QueryError, ToggleServer
from toggle_mock.http_api.finding import Finding, Findings
from toggle_mock.recording.recorder import Recording


def event(name: str, level=EVENT_LEVEL_INFO) -> Event:
    return Event(event_id=name, level=level)


def ids(span) -> list[str]:
    return [one.event_id for one in span.events]


@pytest.fixture
def toggle():
    return ToggleServer(recording=Recording(max_calls=3))


def test_any_part_of_all_that_match_is_read_by_place(toggle):
    record_batch(toggle.recording, [event("a"), event("b", EVENT_LEVEL_ERROR)], "1")
    record_batch(toggle.recording, [event("c"), event("d", EVENT_LEVEL_ERROR), event("e")], "2")
    every, errors = Finding(toggle, ""), Finding(toggle, "level:ERROR")
    assert ids(every.read(1, 3)) == ["b", "c", "d"]
    assert ids(every.read(-2, 5)) == ["d", "e"]
    assert ids(every.read(9, 5)) == []
    assert ids(errors.read(0, 9)) == ["b", "d"]
    record_batch(toggle.recording, [event("f", EVENT_LEVEL_ERROR)], "3")
    span = errors.read(2, 9)
    assert (span.begin, span.end, span.first, ids(span)) == (0, 3, 2, ["f"])


def test_what_is_evicted_keeps_its_places(toggle):
    finding = Finding(toggle, "")
    for name in "abcd":
        record_batch(toggle.recording, [event(name), event(f"{name}2")], name)
        finding.read(0, 0)
    span = finding.read(0, 3)
    assert (span.begin, span.end, span.first) == (2, 8, 2)
    assert ids(span) == ["b", "b2", "c"]


def test_after_a_clear_it_begins_anew(toggle):
    finding = Finding(toggle, "")
    record_batch(toggle.recording, [event("a")], "1")
    assert ids(finding.read(0, 9)) == ["a"]
    toggle.clear()
    record_batch(toggle.recording, [event("b")], "2")
    assert (finding.read(0, 9).end, ids(finding.read(0, 9))) == (1, ["b"])


def test_queries_are_remembered_for_a_while(toggle):
    now = 0.0
    findings = Findings(now=lambda: now)
    first = findings.of(toggle, None, "level:INFO")
    assert findings.of(toggle, None, "level:INFO") is first
    assert findings.of(toggle, None, "") is not first
    now = 61.0
    assert findings.of(toggle, None, "level:INFO") is not first
    latest = findings.of(toggle, None, "level:INFO")
    findings.forget()
    assert findings.of(toggle, None, "level:INFO") is not latest
    with pytest.raises(QueryError):
        findings.of(toggle, None, "(")
