"""Faults of a Rodent in its connection: how it dials, pings, whom it trusts, what it gives away."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import ssl
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import grpc
from cryptography import x509

from rodent_events import client
from rodent_events.retry_policy import Outcome, Status
from support.sown.faults import Fault
from support.sown.rodent_control import _registering
from toggle_mock.clients.control_link import ControlLink
from toggle_mock.clients.profiles import Redialing, conduct_of
from toggle_mock.contract import driver, reference_agent
from toggle_mock.contract.reference_agent import ReferenceAgent

# Redialing


def stays_away_after(*codes) -> None:
    """A stream that has ended so is its last."""
    after_status = Redialing.after_status

    def changed(self, code):
        return None if code in codes else after_status(self, code)

    Redialing.after_status = changed


def three_streams() -> None:
    """The third stream is its last."""
    after_status, ends = Redialing.after_status, []

    def changed(self, code):
        ends.append(code)
        return None if len(ends) > 2 else after_status(self, code)

    Redialing.after_status = changed


def two_refused_dials() -> None:
    """It gives up as the published one does, sooner."""
    reference_agent.conduct_of = lambda profile: replace(conduct_of(profile), redials=2)


def redials_hot() -> None:
    """It connects again at once."""
    Redialing.after_status = lambda _self, _code: 0.0


def refusal_is_nothing() -> None:
    """After PERMISSION_DENIED it connects again at once."""
    after_status = Redialing.after_status

    def changed(self, code):
        return 0.0 if code is grpc.StatusCode.PERMISSION_DENIED else after_status(self, code)

    Redialing.after_status = changed


def dials_each(milliseconds: int) -> None:
    """A refused dial is followed by the next after that long, always."""
    names = ("grpc.initial_reconnect_backoff_ms", "grpc.max_reconnect_backoff_ms")
    own = [(name, milliseconds) for name in (*names, "grpc.min_reconnect_backoff_ms")]
    reference_agent.CHANNEL_OPTIONS = [*own, *client.CHANNEL_OPTIONS]


def dials_hot() -> None:
    """Something in it dials all the time. gRPC's own dials are at least 100 ms apart."""

    def dial():
        host, _, port = os.environ["TOGGLE_ADDRESS"].rpartition(":")
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection((host, int(port))).close()
            time.sleep(0.01)

    threading.Thread(target=dial, daemon=True).start()


def events_need_a_stream() -> None:
    """It sends events only while it is connected."""
    begin, send, links = ControlLink.open, client.EventClient._send, []

    async def changed_open(self):
        links.append(self)
        await begin(self)

    def is_connected():
        return any(link.connected.is_set() for link in links)

    def changed_send(self, data):
        # A stream that is refused is open for a moment.
        if is_connected() and not time.sleep(0.1) and is_connected():
            return send(self, data)
        return Outcome(Status.UNAVAILABLE, "there is no stream")

    ControlLink.open = changed_open
    client.EventClient._send = changed_send


# Keepalive


def pings_each(milliseconds: int) -> None:
    """It pings so often."""
    options = [(name, milliseconds) for name in reference_agent._PINGS]
    reference_agent._pings = lambda _seconds: options


# TLS


def _told(change):
    """What it is told in its environment is changed before it starts."""
    begin = ReferenceAgent.__init__

    def changed(self, environ, *args):
        begin(self, change(dict(environ)), *args)

    ReferenceAgent.__init__ = changed


def _certificate_of(environ) -> str:
    host, port = environ["TOGGLE_ADDRESS"].rsplit(":", 1)
    return ssl.get_server_certificate((host, int(port)))


def trusts_at_first_sight() -> None:
    """It takes whatever certificate Toggle has for a root."""

    def change(environ):
        if "TOGGLE_CA_FILE" in environ:
            with contextlib.suppress(OSError):
                shown = Path(environ["HOME"], "shown.pem")
                shown.write_text(_certificate_of(environ))
                environ["TOGGLE_CA_FILE"] = str(shown)
        return environ

    _told(change)


def looks_at_no_name() -> None:
    """It takes a certificate for whatever name."""

    def change(environ):
        if "TOGGLE_CA_FILE" in environ:
            with contextlib.suppress(OSError):
                shown = x509.load_pem_x509_certificate(_certificate_of(environ).encode())
                names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName)
                name = names.value.get_values_for_type(x509.DNSName)[0]
                client.CHANNEL_OPTIONS.append(("grpc.ssl_target_name_override", name))
        return environ

    _told(change)


def falls_back_to_plaintext() -> None:
    """It speaks plaintext to whoever does not speak TLS."""

    def change(environ):
        if "TOGGLE_CA_FILE" in environ:
            try:
                _certificate_of(environ)
            except OSError:
                del environ["TOGGLE_CA_FILE"]
        return environ

    _told(change)


def speaks_old_tls() -> None:
    """It speaks TLS 1.1 to whoever has nothing better."""

    def change(environ):
        if "TOGGLE_CA_FILE" in environ:
            context = ssl._create_unverified_context()
            context.set_ciphers("DEFAULT@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore"):
                context.minimum_version = ssl.TLSVersion.TLSv1
            host, port = environ["TOGGLE_ADDRESS"].rsplit(":", 1)
            with contextlib.suppress(OSError):
                context.wrap_socket(socket.create_connection((host, int(port)))).close()
        return environ

    _told(change)


# Secrets


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def prints_its_token() -> None:
    """It logs its settings as it starts."""

    def change(environ):
        _say(f"settings: {environ}")
        return environ

    _told(change)


def prints_a_refused_token() -> None:
    """It logs the token that was refused."""
    metadata = reference_agent._metadata
    seen = []

    def changed(environ):
        seen[:] = metadata(environ)
        return list(seen)

    def change(answer):
        if isinstance(answer, grpc.aio.AioRpcError):
            _say(f"refused: {answer.code().name}, with {seen}")

    reference_agent._metadata = changed
    _registering(change)


def prints_its_key() -> None:
    """It logs the answer to Register."""
    _registering(lambda answer: _say(f"registered: {getattr(answer, 'private_key', '')}"))


def writes_its_token() -> None:
    """It keeps its token among the events."""

    def change(environ):
        Path(environ["EVENTS_DIR"], "state.json").write_text(environ["TOGGLE_JWT"])
        return environ

    _told(change)


# Its beginning and its end


def no_startup() -> None:
    """It reports no start."""
    live = ControlLink.live
    ControlLink.live = lambda self, _on_registered: live(self, lambda: None)


def no_shutdown() -> None:
    """It reports no stop."""
    stop = ReferenceAgent.stop

    def changed(self, timeout):
        self.link.registered.clear()
        return stop(self, timeout)

    ReferenceAgent.stop = changed


def ends_abruptly() -> None:
    """SIGTERM ends it at once."""
    driver.on_interrupt = lambda _react: signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def leaves_without_a_word() -> None:
    """It ends in order, but for its stream."""

    async def changed(_self):
        os._exit(0)

    ReferenceAgent._end = changed


_OK, _INTERNAL = grpc.StatusCode.OK, grpc.StatusCode.INTERNAL
_UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
_REFUSED = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED)
_NEVER = 2**31 - 1

FAULTS = {
    "stays-away-after-ok": Fault(
        functools.partial(stays_away_after, _OK), {"redial.after-ok": "there was no new stream"}
    ),
    "stays-away-after-internal": Fault(
        functools.partial(stays_away_after, _INTERNAL),
        {"redial.after-internal": "there was no new stream"},
    ),
    "stays-away-after-a-refusal": Fault(
        functools.partial(stays_away_after, *_REFUSED),
        {
            "redial.after-permission-denied": "there was no new stream",
            "redial.after-unauthenticated": "there was no new stream",
            "redial.slow-after-refusal": "there was no new stream",
        },
    ),
    "stays-away-after-unavailable": Fault(
        functools.partial(stays_away_after, _UNAVAILABLE),
        {
            "redial.after-unavailable": "there was no new stream",
            "redial.after-reset": "there was no new stream",
            "redial.after-goaway": "there was no new stream",
            "redial.after-restart": "there was no new stream",
            "redial.often": "there was no new stream",
            "redial.refused-often": "and there was no new stream",
            "redial.pauses": "there were not 4 calls of Connect",
            "keepalive.half-open": "no new stream on a connection that works",
        },
    ),
    "three-streams": Fault(
        three_streams,
        {
            "redial.often": "there was no new stream",
            "redial.pauses": "there were not 4 calls of Connect",
        },
    ),
    "two-refused-dials": Fault(
        two_refused_dials, {"redial.refused-often": "and there was no new stream"}
    ),
    "redials-hot": Fault(
        redials_hot,
        {
            "redial.pauses": "four Connects came within",
            "redial.slow-after-refusal": "it was back after",
        },
    ),
    "refusal-is-nothing": Fault(
        refusal_is_nothing, {"redial.slow-after-refusal": "it was back after"}
    ),
    "dials-hot": Fault(dials_hot, {"redial.backoff": "it has dialed more than 30 times"}),
    "dials-evenly": Fault(
        functools.partial(dials_each, 200), {"redial.backoff": "the pauses do not grow"}
    ),
    "events-need-a-stream": Fault(events_need_a_stream, {"redial.events-meanwhile": "received 0"}),
    "no-pings": Fault(
        functools.partial(pings_each, _NEVER),
        {
            "keepalive.pings": "not two pings",
            "keepalive.half-open": "no new stream on a connection that works",
        },
    ),
    "trusts-at-first-sight": Fault(
        trusts_at_first_sight, {"tls.other-authority": "it has called Register"}
    ),
    "looks-at-no-name": Fault(looks_at_no_name, {"tls.other-name": "it has called Register"}),
    "falls-back-to-plaintext": Fault(
        falls_back_to_plaintext, {"tls.plaintext-server": "it has called Register"}
    ),
    "speaks-old-tls": Fault(speaks_old_tls, {"tls.version": "it speaks TLSv1.1"}),
    "prints-its-token": Fault(
        prints_its_token,
        {
            "secrets.all-is-well": "a secret on its stderr",
            "secrets.refused": "a secret on its stderr",
            "secrets.private-key": "a secret on its stderr",
        },
    ),
    "prints-a-refused-token": Fault(
        prints_a_refused_token, {"secrets.refused": "a secret on its stderr"}
    ),
    "prints-its-key": Fault(prints_its_key, {"secrets.private-key": "a secret on its stderr"}),
    "writes-its-token": Fault(writes_its_token, {"secrets.files": "the token is in state.json"}),
    "no-startup": Fault(no_startup, {"life.startup-event": "received 0"}),
    "no-shutdown": Fault(no_shutdown, {"life.shutdown-event": "received 0"}),
    "ends-abruptly": Fault(
        ends_abruptly,
        {"life.shutdown-event": "received 0", "life.stream-end": "ended without a word"},
    ),
    "leaves-without-a-word": Fault(
        leaves_without_a_word, {"life.stream-end": "ended without a word"}
    ),
}
