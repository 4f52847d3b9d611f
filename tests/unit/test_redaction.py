"""No secret is left in what is recorded of a real Toggle, and nothing else changes."""

import json
import time

import pytest

from rodent_events import CommandRequest, Event, EventBatch, ToggleRequest, wire
from rodent_events.pb.base_pb2 import RegisterResponse
from toggle_mock import Tokens
from toggle_mock.tokens.certificates import Authority
from toggle_mock.tokens.redaction import without_secrets

JWT = Tokens().issue()
HEADERS = {"Authorization": ["Basic dXNlcjpwYXNz"], "cookie": 'a="b"; c', "Accept": ["text"]}


def redacted_batch(**metadata: str) -> EventBatch:
    """A batch with fields behind the secret, whose bytes could be taken for a part of it."""
    batch = EventBatch(
        events=[Event(event_id="i" * 50, source="s" * 50, metadata=metadata)] * 2,
        batch_id="b" * 48,
    )
    raw = batch.SerializeToString()
    got = without_secrets(raw)
    assert len(got) == len(raw)
    return EventBatch.FromString(got)


@pytest.mark.parametrize(
    "text", [JWT, f"Bearer {JWT}", f"see {JWT}, please", "bearer opaque-token"]
)
def test_a_token_in_a_text_is_written_over_and_all_else_is_kept(text):
    for event in redacted_batch(a=text, b="0" * 48).events:
        assert event.metadata["b"] == "0" * 48
        assert event.source == "s" * 50
        assert "[redacted" in event.metadata["a"]
        assert JWT not in event.metadata["a"]
        assert "opaque" not in event.metadata["a"]


def test_a_text_that_happens_to_read_like_a_message_is_looked_at_too():
    text = "Bearer " + "x" * 96
    ((number, length),) = [
        (one.number, one.end - one.content) for one in wire.fields(text.encode())
    ]
    assert (number, length) == (8, 101)
    (event, _) = redacted_batch(a=text).events
    assert event.metadata["a"] == "Bearer [redacted]" + "*" * 86


def test_a_private_key_is_written_over():
    given = Authority().registration("n1.example.net")
    got = RegisterResponse.FromString(without_secrets(given.SerializeToString()))
    assert got.certificate == given.certificate
    assert got.expires_on == given.expires_on
    assert got.private_key.startswith("-----BEGIN EC PRIVATE KEY-----[redacted]***")


def test_what_json_gives_a_secrets_name_is_written_over():
    payload = json.dumps({"headers": HEADERS, "token": 't\\"0', "path": "/", "secrets": 5}).encode()
    request = ToggleRequest(request_id="r", command=CommandRequest(payload=payload, target="t"))
    got = ToggleRequest.FromString(without_secrets(request.SerializeToString()))
    assert (got.request_id, got.command.target) == ("r", "t")
    read = json.loads(got.command.payload)
    assert read == {
        "headers": {
            "Authorization": ["[redacted]********"],
            "cookie": "[redacted]",
            "Accept": ["text"],
        },
        "token": "[redac",
        "path": "/",
        "secrets": 5,
    }


def test_a_field_that_no_schema_knows_has_no_secrets_either():
    inner = wire.delimited(7, JWT.encode()) + wire.delimited(6, b"x" * 48)
    got = without_secrets(wire.delimited(900, inner))
    assert got.endswith(wire.delimited(6, b"x" * 48))
    assert JWT.encode() not in got


@pytest.mark.parametrize(
    "raw", [b"", b"\xff", b"my secret", redacted_batch(a="b").SerializeToString()]
)
def test_what_has_no_secret_stays(raw):
    assert without_secrets(raw) == raw


def test_what_is_no_message_has_no_secrets_either():
    assert without_secrets(b"\xff " + JWT.encode()).startswith(b"\xff [redacted]*")


def seconds_for(text: bytes) -> float:
    start = time.thread_time()
    assert len(without_secrets(text)) == len(text)
    return time.thread_time() - start


@pytest.mark.parametrize(
    "part",
    [
        b"eyJ",
        b"eyJa.",
        b"-----BEGIN PRIVATE KEY",
        b'"token":["',
        b'"cookie":[',
        b"bearer ",
        b'"token":"\\',
    ],
)
def test_it_takes_linear_time(part):
    assert seconds_for(part * 32_000) < 1000 * seconds_for(part * 500)  # 64, or 4096 if quadratic
