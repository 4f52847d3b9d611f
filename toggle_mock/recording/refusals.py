"""What was turned away before it was a call that anybody answered: a call, or a connection."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from toggle_mock.recording.claims import OfToken

KINDS: Mapping[str, str] = {
    "unknown_method": "a call of a method that there is not",
    "too_large": "a message over the limit",
    "unreadable": "a call whose message cannot be read",
    "undecodable": "a message that is none of its type",
    "unrecorded": "a call that the recording which is replayed has no answer to",
    "tls": "TLS to a server that speaks plaintext",
    "plaintext": "gRPC in plaintext to a server that speaks TLS",
    "handshake": "a TLS handshake that failed",
    "http1": "HTTP/1 in place of gRPC",
    "no_http2": "bytes that are no HTTP/2",
}
"""The kinds of refusals, and what each is in words."""


class Refusal(OfToken, Struct, frozen=True, eq=False, gc=False):
    """A call or a connection that never came as far as to an answer of Toggle's."""

    kind: str
    """One of :data:`KINDS`."""
    peer: str
    """The other side's address, as gRPC names it."""
    details: str
    """What exactly is wrong, and what would be right."""
    method: str = ""
    """What was called, such as ``/rodent.RodentService/SendEvents``; empty for a connection."""
    claims: Mapping[str, object] = msgspec.field(default_factory=dict)
    """What the token claims; empty if there was none that could be read."""
    at: float = msgspec.field(default_factory=time.time)
    """Seconds since the Unix epoch."""
    call: int = 0
    """The number of its call; 0 if it is none of those that are recorded."""
    number: int = 0
    """Its place among all refusals, from 1 on."""

    def __repr__(self) -> str:
        return f"<Refusal {self.number} {self.kind} of {self.rid or self.peer}: {self.details}>"
