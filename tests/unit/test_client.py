"""What the client reads out of a failure."""

import pytest

from rodent_events import ConfigError, EventClient, wire
from rodent_events.client import retry_after

RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"


def status(type_url: bytes, duration: bytes) -> bytes:
    """A serialized google.rpc.Status with one detail."""
    any_message = wire.delimited(1, type_url) + wire.delimited(2, wire.delimited(1, duration))
    return b"\x08\x0e" + wire.delimited(2, b"try later") + wire.delimited(3, any_message)


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        (b"", 0.0),
        (status(RETRY_INFO, b"\x08\x07"), 7.0),
        (status(RETRY_INFO, b"\x08\x01\x10\x80\xca\xb5\xee\x01"), 1.5),
        (status(RETRY_INFO, b""), 0.0),
        (status(b"type.googleapis.com/google.rpc.DebugInfo", b"\x08\x07"), 0.0),
        (status(RETRY_INFO, b"\x08" + wire.varint(-5)), 0.0),
        (status(RETRY_INFO, b"\x08" + wire.varint(10**9)), 0.0),
        (status(RETRY_INFO, b"\x08\x07")[:-1], 0.0),
        (b"\xff\xff\xff", 0.0),
    ],
)
def test_the_seconds_to_wait_are_read_and_nonsense_is_none(details, seconds):
    assert retry_after(details) == seconds


def test_the_seconds_to_wait_are_read_from_the_published_messages():
    from google.protobuf.any_pb2 import Any
    from google.rpc import error_details_pb2
    from google.rpc.status_pb2 import Status

    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromMilliseconds(2_250)
    detail = Any()
    detail.Pack(info)
    assert retry_after(Status(code=14, details=[detail]).SerializeToString()) == 2.25


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"jwt": "a.b.c"}, "target is not set: give Toggle's address as host:port"),
        (
            {"target": "127.0.0.1:1"},
            "jwt is not set: give the token that Toggle issued for this node, or jwt_file",
        ),
    ],
)
def test_what_a_client_needs(settings, message):
    with pytest.raises(ConfigError) as caught:
        EventClient(**settings)
    assert str(caught.value) == message
