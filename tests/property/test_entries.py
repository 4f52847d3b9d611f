"""Entries survive being written and read, whatever a client has sent."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reach import reached, reaches

from toggle_mock.recording.entries import decode, encode_line
from toggle_mock.recording.files import load, save
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import MESSAGES, RecordedCall
from toggle_mock.strategies import corrupted

TEXT = st.text(st.characters(exclude_categories=[]))  # lone surrogates, too, which JSON can say
SECONDS = st.floats(0, 1e12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)
METADATA = st.lists(st.tuples(st.text(), st.text() | st.binary()), max_size=3)


@st.composite
def calls(draw) -> tuple[RecordedCall, list[tuple[bytes, bool, float]], str | None, tuple]:
    """A call, what was said in it, and how it ended."""
    call = RecordedCall(
        draw(st.sampled_from(sorted(MESSAGES))),
        draw(st.text()),
        tuple(draw(METADATA)),
        draw(SECONDS),
        draw(st.dictionaries(TEXT, JSON, max_size=3)),
    )
    said = draw(st.lists(st.tuples(st.binary(), st.booleans(), SECONDS), max_size=3))
    status = draw(st.sampled_from(["OK", "UNAVAILABLE"]))
    return call, said, status, tuple(draw(METADATA))


def recorded(made) -> Recording:
    recording = Recording()
    for call, said, status, trailers in made:
        recording.begin(call)
        for raw, sent, at in said:
            recording.message(call, raw, sent=sent, at=at)
        recording.end(call, status, status, trailers, at=call.arrived)  # the same in each run
    return recording


def summary(recording: Recording) -> list:
    return [
        (
            *(call.number, call.method, call.peer, call.metadata, call.arrived),
            *(dict(call.claims), call.status, call.details, call.trailers),
            *((message.raw, message.sent, message.at) for message in call.messages),
        )
        for call in recording.calls
    ]


@given(st.lists(calls(), max_size=3))
def test_as_lines(made):
    recording, again = recorded(made), Recording()
    player = Player(again)
    for entry in recording.snapshot().entries():
        line = encode_line(entry)
        assert decode(line) == entry
        player.play(decode(line))
    assert summary(again) == summary(recording)


@pytest.mark.parametrize("suffix", [".ndjson", ".sqlite"])
@given(made=st.lists(calls(), max_size=3))
def test_in_files(suffix, made):
    recording = recorded(made)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"run{suffix}"
        save(recording, path)
        assert summary(load(path)) == summary(recording)


LINES = (
    st.lists(calls(), min_size=1, max_size=1)
    .map(lambda made: list(recorded(made).snapshot().entries()))
    .flatmap(st.sampled_from)
    .map(encode_line)
    .flatmap(lambda line: st.lists(corrupted(line), min_size=8, max_size=8))
)


@reaches(refused=0.3, taken=0.03)
@given(st.lists(st.binary(), max_size=1) | LINES)
def test_what_is_no_line_is_refused(lines):
    for line in lines:
        try:
            entry = decode(line)
        except ValueError:
            reached("refused")
        else:
            reached("taken")
            assert decode(encode_line(entry)) == entry
