"""The way to a host: its name, its addresses, and what is spoken there."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeAlias

from rodent_events import clock, tls
from rodent_events.config import EventConfig
from toggle_mock.doctor.findings import Finding, fail, ok, warn

SocketAddress: TypeAlias = tuple[int, tuple[Any, ...]]
"""A family, and an address of it."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
"""How a client of HTTP/2 begins, RFC 9113, section 3.4: with empty SETTINGS."""

_SETTINGS = 4
_TLS_RECORDS = (0x15, 0x16)

_REFUSED = "nothing listens there: start Toggle, or see that the port is right"
_UNREACHED = {
    errno.ECONNREFUSED: _REFUSED,
    errno.ENETUNREACH: "this machine has no way into that network: see its routes",
    errno.EHOSTUNREACH: "no machine has that address: see that the name is right",
}
_SILENT = "a firewall drops it, or the machine is off: see that the port is open from here"


@dataclass(frozen=True)
class Endpoint:
    """Where Toggle is: a port of a host."""

    host: str
    port: int

    @classmethod
    def of(cls, target: str) -> Endpoint | None:
        """The one that a target of gRPC names; None for another kind, such as ``unix:PATH``."""
        bare = target.removeprefix("dns:///").removeprefix("dns:")
        host, _, port = bare.rpartition(":")
        if not port.isdigit() or not host or "/" in host:
            return None
        return cls(host.strip("[]"), int(port))


def addresses(endpoint: Endpoint) -> tuple[Finding, list[SocketAddress]]:
    """What the name says: a finding, and families with addresses."""
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        remedy = "see that the name is right, and /etc/resolv.conf, /etc/hosts and the network"
        return fail("name", f"{endpoint.host} is not known: {error}", remedy), []
    unique: list[SocketAddress] = list(
        dict.fromkeys((family, address) for family, _, _, _, address in found)
    )
    shown = ", ".join(str(address[0]) for _, address in unique)
    return ok("name", f"{endpoint.host} is {shown}"), unique


def connected(
    found: list[SocketAddress], timeout: float
) -> Iterator[tuple[Finding, SocketAddress | None]]:
    """Each address: a finding, and the address itself if it takes connections."""
    for family, address in found:
        where = f"{address[0]} port {address[1]}"
        begin = clock.monotonic()
        try:
            _connection(family, address, timeout).close()
        except OSError as error:
            remedy = _UNREACHED.get(error.errno or 0, _SILENT)
            yield fail("tcp", f"{where}: {error}", remedy), None
        else:
            taken = (clock.monotonic() - begin) * 1000
            yield ok("tcp", f"{where} is connected to in {taken:.0f} ms"), (family, address)


def settled(findings: list[Finding]) -> list[Finding]:
    """Of several addresses it is enough that one takes connections."""
    if all(one.level == "fail" for one in findings):
        return findings
    return [
        one if one.level == "ok" else warn(one.name, one.text, f"others do; {one.remedy}")
        for one in findings
    ]


def _connection(family: int, address: tuple[object, ...], timeout: float) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.settimeout(timeout)
    try:
        made.connect(address)
    except BaseException:
        made.close()
        raise
    return made


def spoken(config: EventConfig, host: str, at: SocketAddress, timeout: float) -> Finding:
    """Whether what is spoken there is what the agent's settings say: TLS or plaintext."""
    if config.secure:
        return _secure(config, host, at, timeout)
    return _plain(host, at, timeout)


def _secure(config: EventConfig, host: str, at: SocketAddress, timeout: float) -> Finding:
    context = ssl.create_default_context(cafile=_roots(config))
    context.set_alpn_protocols(["h2"])
    if config.tls_cert_file and config.tls_key_file:
        context.load_cert_chain(config.tls_cert_file, config.tls_key_file)
    try:
        with (
            closing(_connection(*at, timeout)) as made,
            context.wrap_socket(made, server_hostname=host) as wrapped,
        ):
            version, protocol = wrapped.version(), wrapped.selected_alpn_protocol()
            certificate = wrapped.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return fail("tls", f"the certificate: {error.verify_message}", _remedy_of(error, host))
    except OSError as error:
        if _first_bytes(at, timeout)[3:4] == bytes([_SETTINGS]):
            remedy = "write http:// before the address, or take tls and tls_ca_file away"
            return fail("tls", "the server speaks plaintext", remedy)
        return fail("tls", f"the handshake fails: {error}", "see the server's log")
    if protocol != "h2":
        return fail("tls", f"{version} without HTTP/2", "what answers is no server of gRPC")
    return ok("tls", f"{version}, certificate until {certificate.get('notAfter')}")


def _roots(config: EventConfig) -> str | None:
    found = tls.roots_file(config)
    return str(found) if found else None


def _remedy_of(error: ssl.SSLCertVerificationError, host: str) -> str:
    """By OpenSSL's number of what is wrong, X509_V_ERR_…"""
    match error.verify_code:
        case 10 | 9:
            return "the server needs a new certificate, or this machine's clock is wrong"
        case 62 | 64:
            return f"the server needs a certificate for {host}: of a mock, serve --tls-name {host}"
    return "give the root of its authority: --ca-file, tls_ca_file; of a mock, serve --ca-file"


def _plain(host: str, at: SocketAddress, timeout: float) -> Finding:
    first = _first_bytes(at, timeout)
    if first[3:4] == bytes([_SETTINGS]):
        return ok("tls", f"none: HTTP/2 in plaintext with {host}")
    if (first and first[0] in _TLS_RECORDS) or _handshakes(at, timeout):
        remedy = "write https:// before the address; --ca-file gives the root of its authority"
        return fail("tls", "the server speaks TLS", remedy)
    if first.startswith(b"HTTP/1"):
        return fail("tls", "the server speaks HTTP/1, no gRPC", "give the port of gRPC")
    return fail("tls", "the server does not speak HTTP/2", "give the port of gRPC")


def _first_bytes(at: SocketAddress, timeout: float) -> bytes:
    """What is answered to the begin of HTTP/2 in plaintext; nothing if nothing is."""
    try:
        with closing(_connection(*at, timeout)) as made:
            made.sendall(_PREFACE)
            return made.recv(9)
    except OSError:
        return b""


def _handshakes(at: SocketAddress, timeout: float) -> bool:
    """Whether TLS is spoken, by whomever."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with closing(_connection(*at, timeout)) as made, context.wrap_socket(made):
            return True
    except OSError:
        return False
