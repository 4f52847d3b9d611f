"""Below the calls: connections, pings, TLS, and what gRPC itself asks of a server."""

from __future__ import annotations

import ssl
import threading
import warnings

from grpc import StatusCode

from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.caller import at_once
from toggle_mock.contract.toggle.http2 import Frame, Http2Connection
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.contract.verdicts import Breach
from toggle_mock.faults.frames import Kind
from toggle_mock.recording.records import SERVICE

CONNECTION: Group[ToggleRig] = Group("connection", "Connections")

_KEEPALIVE = (
    "the published Rodent on the wire: a ping each 40 s also without calls; gRPC, keepalive: a "
    "server must be told to permit that, or else ends the connection (too many pings)"
)
_PINGS = 8
"""A default server ends the connection after the third that it finds too many; what it sends itself
meanwhile, such as the headers of a stream, starts the count anew."""

_CONNECTIONS = 50
_METADATA_BYTES = 4_096


@CONNECTION.case(
    "keepalive",
    "Pings each 40 s are allowed on an idle stream",
    rule="On a connection with an idle stream, eight pings at the interval of the published Rodent "
    "(keepalive) are answered, and Toggle does not end the connection.",
    source=_KEEPALIVE,
    cost="Each Rodent's stream breaks every few minutes, for ever.",
    needs=("connect",),
    waits=("keepalive",) * _PINGS,
)
def keepalive(rig: ToggleRig) -> None:
    """By hand, as no client of gRPC pings at will."""
    connection = rig.http2(window=1 << 20)
    connection.call("Connect", rig.headers())
    _ping(rig, connection, rig.contract.times.keepalive)


@CONNECTION.case(
    "keepalive-without-calls",
    "Pings each 40 s are allowed without calls",
    rule="The same on a connection without any call.",
    source=_KEEPALIVE,
    cost="A Rodent that waits for its next batch loses its connection every few minutes; the batch "
    "is late, or lost.",
    waits=("keepalive",) * _PINGS,
)
def keepalive_without_calls(rig: ToggleRig) -> None:
    """From its beginning on."""
    _ping(rig, rig.http2(), rig.contract.times.keepalive)


@CONNECTION.case(
    "fast-keepalive",
    "Pings at the shortest interval are allowed",
    rule="Eight pings at the shortest interval that a Rodent may have (shortest_keepalive, 10 s by "
    "default), with an idle stream and without, are answered.",
    source="gRPC for Go, keepalive: a client's interval is 10 s at the least",
    cost="A Rodent that was set to notice a dead network soon is thrown out for it.",
    needs=("connect",),
    waits=("shortest_keepalive",) * 2 * _PINGS,
)
def fast_keepalive(rig: ToggleRig) -> None:
    """With and without a stream."""
    connection = rig.http2(window=1 << 20)
    connection.call("Connect", rig.headers())
    _ping(rig, connection, rig.contract.times.shortest_keepalive)
    _ping(rig, rig.http2(), rig.contract.times.shortest_keepalive)


@CONNECTION.case(
    "many",
    "Fifty connections at once are served",
    rule="Fifty connections are open at the same time, and a batch over each is taken.",
    source="gRPC: a server serves any number of connections, unless it is told less",
    cost="Some nodes of a fleet are never heard.",
)
def many(rig: ToggleRig) -> None:
    """Of fifty Rodents."""
    callers = rig.callers(_CONNECTIONS)
    for _ in range(2):  # the second time, all of them are known to be open
        at_once(lambda caller: caller.stored(rig.batches.batch()), callers)


@CONNECTION.case(
    "unknown-method",
    "A method that there is not ends with UNIMPLEMENTED",
    rule="A call of a method that the service does not have, and of one of another service, ends "
    "with UNIMPLEMENTED; the next call on the connection is answered.",
    source="gRPC, status codes: UNIMPLEMENTED, for a method that is unknown",
    cost="A Rodent of a later schema cannot tell that Toggle is too old for it.",
)
def unknown_method(rig: ToggleRig) -> None:
    """With a right token."""
    caller = rig.caller()
    for path in (f"/{SERVICE}/NoSuchMethod", "/rodent.NoSuchService/SendEvents"):
        answer = caller.call(path, b"")
        rig.expect(answer.status is StatusCode.UNIMPLEMENTED, f"{path}: {answer}")
    caller.stored(rig.batches.batch())


@CONNECTION.case(
    "metadata",
    "Further metadata does no harm",
    rule="A call with 4 KiB of further metadata, as proxies and tracing add it, is answered.",
    source="gRPC over HTTP/2: metadata of 8 KiB is taken by default; W3C Trace Context",
    cost="Rodents behind some proxies cannot report.",
)
def metadata(rig: ToggleRig) -> None:
    """Texts and bytes."""
    more = (
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-suite-bin", b"\x00\xff"),
        ("x-suite", "x" * _METADATA_BYTES),
    )
    rig.caller().stored(rig.batches.batch(), more=more)


@CONNECTION.case(
    "huge-metadata",
    "Metadata that is too large ends its call only",
    rule="A call with 256 KiB of metadata ends, with whatever status; the next call of the same "
    "Rodent is answered.",
    source="gRPC over HTTP/2: a server may limit metadata, and ends a call beyond it with "
    "RESOURCE_EXHAUSTED or by HTTP 431",
    cost="One client with a fault takes memory, or others' connections, from all.",
)
def huge_metadata(rig: ToggleRig) -> None:
    """It must not hang."""
    caller = rig.caller()
    answer = caller.send(rig.batches.batch(), more=(("x-suite", "x" * 262_144),))
    rig.expect(
        answer.status is not StatusCode.DEADLINE_EXCEEDED,
        f"with 256 KiB of metadata, {answer}",
    )
    caller.stored(rig.batches.batch())


@CONNECTION.case(
    "alpn",
    "TLS agrees on HTTP/2",
    rule="A client that offers h2 by ALPN gets it.",
    source="RFC 9113, section 3.2: HTTP/2 over TLS is h2, by ALPN; gRPC for Go refuses a server "
    "without",
    cost="Rodents in Go, the published one among them, cannot connect.",
    needs=("tls",),
)
def alpn(rig: ToggleRig) -> None:
    """Besides h2, HTTP/1.1 is offered."""
    context = rig.tls_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    chosen = rig.http2(context).alpn
    rig.expect(chosen == "h2", f"ALPN has agreed on {chosen}")


@CONNECTION.case(
    "old-tls",
    "TLS older than 1.2 is refused",
    rule="A client that speaks TLS 1.1 at the most cannot connect.",
    source="RFC 8996: TLS 1.0 and 1.1 must not be used",
    cost="Tokens go over a connection that others may read.",
    needs=("tls",),
)
def old_tls(rig: ToggleRig) -> None:
    """The newest of the old ones."""
    rig.reached(ssl.HAS_TLSv1_1, "the OpenSSL of this machine has no TLS 1.1 to try with")
    context = rig.tls_context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of asking for what must be refused
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        connection = rig.http2(context)
    except Breach:
        return
    rig.expect(False, f"the connection speaks {connection.tls_version}")


@CONNECTION.case(
    "tls-1.2",
    "TLS 1.2 is spoken",
    rule="A client that speaks TLS 1.2 at the most is served.",
    source="the published Rodent on the wire: TLS 1.2 or newer",
    cost="Rodents on systems of some age cannot connect.",
    severity="should",
    needs=("tls",),
)
def tls_1_2(rig: ToggleRig) -> None:
    """A ping shows that it serves."""
    context = rig.tls_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with rig.http2(context) as connection:
        _answered(rig, connection, 1)


@CONNECTION.case(
    "plaintext",
    "Plaintext at a port for TLS is refused",
    rule="A client that speaks HTTP/2 without TLS gets no answer but the end of its connection.",
    source="the published Rodent on the wire: plaintext is for development only",
    cost="A Rodent that was set up wrong sends its token and events for all to read, and works.",
    needs=("tls",),
)
def plaintext(rig: ToggleRig) -> None:
    """A server of HTTP/2 begins with its settings."""
    rig.story.tell("Rodent", "connects by hand, without TLS")
    try:
        connection = Http2Connection(rig.address, timeout=rig.patience("answer"))
        with connection:
            kinds = {frame.kind for frame in connection.frames(rig.patience("answer"))}
    except OSError:
        return
    rig.expect(Kind.SETTINGS not in kinds, "a connection without TLS is served")


def _ping(rig: ToggleRig, connection: Http2Connection, interval: float) -> None:
    """See that pings at an interval are answered."""
    pause = threading.Event()
    for number in range(1, _PINGS + 1):
        pause.wait(interval)
        _answered(rig, connection, number)


def _answered(rig: ToggleRig, connection: Http2Connection, number: int) -> None:
    """Send a ping, and see that it is answered, and the connection goes on."""
    frames: list[Frame] = []
    broken = ""
    try:
        frames.extend(connection.pinged(rig.patience("answer")))
    except OSError as error:
        broken = str(error)
    ends = [frame.last_words or "without a reason" for frame in frames if frame.kind == Kind.GOAWAY]
    rig.expect(
        not ends and not broken,
        f"at ping {number}, Toggle ends the connection: {' '.join(ends) or broken}",
    )
