"""TLS: to whom a Rodent gives its token, and to whom it does not."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.tokens.certificates import Authority

TLS: Group[RodentRig] = Group("tls", "TLS")

_WIRE = "the published Rodent on the wire: TLS 1.2 or later with ALPN h2, else plaintext"
_COST = "Whoever can redirect the node's connection gets its token, its events and its obedience."
_NEEDS = ("register", "tls")

_LOOK_AGAIN = 0.2
"""Seconds after which a server looks whether it is to end."""

_HANDSHAKE_TIMEOUT = 5.0
"""Seconds for a client's part of a handshake."""


@TLS.case(
    "right-one",
    "A Toggle whose certificate is signed by the given root is taken",
    rule="With TOGGLE_CA_FILE, Register is called over TLS at a server whose certificate is for "
    "its address and signed by that root.",
    source=_WIRE,
    cost="No node reports.",
    needs=_NEEDS,
)
def right_one(rig: RodentRig) -> None:
    """Register."""
    rig.serve(tls=True)
    rig.start()
    rig.wait_for_call("Register", status="OK", timeout=rig.patience("start"))


@TLS.case(
    "other-authority",
    "A Toggle whose certificate another authority has signed gets nothing",
    rule="With a TOGGLE_CA_FILE that has another root, connections end in the handshake, and no "
    "call is made.",
    source=_WIRE,
    cost=_COST,
    needs=_NEEDS,
)
def other_authority(rig: RodentRig) -> None:
    """Another root."""
    rig.serve(tls=True)
    other = rig.folder / "other-ca.pem"
    other.write_bytes(Authority().root)
    rig.start(TOGGLE_CA_FILE=str(other))
    _gets_nothing(rig, "handshake")


class _OtherName(Authority):
    """Issues servers certificates for another name than theirs."""

    def server_credentials(
        self, names: Iterable[str], *, mutual: bool, ahead: float = 0.0
    ) -> grpc.ServerCredentials:
        """See :meth:`Authority.server_credentials`."""
        del names
        return super().server_credentials(["toggle.example"], mutual=mutual, ahead=ahead)


@TLS.case(
    "other-name",
    "A Toggle whose certificate is for another name gets nothing",
    rule="The certificate is signed by the given root, but for toggle.example: connections end in "
    "the handshake, and no call is made.",
    source=f"{_WIRE}; RFC 9110, section 4.3.4",
    cost=_COST,
    needs=_NEEDS,
)
def other_name(rig: RodentRig) -> None:
    """The right root, the wrong name."""
    rig.serve(tls=True, authority=_OtherName())
    rig.start()
    _gets_nothing(rig, "handshake")


@TLS.case(
    "plaintext-server",
    "A Toggle that speaks plaintext gets nothing",
    rule="With TOGGLE_CA_FILE, no call is made to a server that does not speak TLS.",
    source=_WIRE,
    cost=_COST,
    needs=_NEEDS,
)
def plaintext_server(rig: RodentRig) -> None:
    """A server without TLS."""
    rig.serve()
    root = rig.folder / "some-ca.pem"
    root.write_bytes(Authority().root)
    rig.start(TOGGLE_CA_FILE=str(root))
    _gets_nothing(rig, "tls")


def _gets_nothing(rig: RodentRig, kind: str) -> None:
    """Connections come to nothing, twice, and no call is made."""

    def refused() -> list[str]:
        return [one.details for one in rig.toggle.recording.refusals if one.kind == kind]

    rig.until(
        lambda: len(refused()) >= 2 or rig.toggle.calls,
        rig.patience("start", "register_again"),
        "it has not dialed twice",
    )
    calls = rig.toggle.calls
    rig.expect(not calls, f"it has called {calls[0].method if calls else ''}")


@TLS.case(
    "version",
    "TLS before 1.2 is not spoken",
    rule="A server that offers TLS 1.0 and 1.1 only, with the right certificate, gets no further "
    "than the handshake.",
    source=f"{_WIRE}; RFC 8996 deprecates TLS 1.0 and 1.1",
    cost="What goes over the wire can be read, or changed, by who forces an old version.",
    needs=_NEEDS,
)
def version(rig: RodentRig) -> None:
    """A handshake with an old server."""
    authority = Authority()
    root = rig.folder / "old-ca.pem"
    root.write_bytes(authority.root)
    with _OldServer(_old_tls(rig, authority)) as server:
        rig.start(TOGGLE_ADDRESS=server.address, TOGGLE_CA_FILE=str(root))
        rig.until(lambda: server.handshakes, rig.patience("start"), "it has not shaken hands")
    spoken = server.handshakes[0]
    rig.expect(spoken is None, f"it speaks {spoken}")


def _old_tls(rig: RodentRig, authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # what is deprecated is just what is wanted
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(*authority.issue("127.0.0.1", "localhost").write(rig.folder, "old"))
    return context


class _OldServer:
    """Shakes hands with whoever connects, one after the other, and no more."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.handshakes: list[str | None] = []
        """The version that each of them speaks; None for none that both do."""
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_LOOK_AGAIN)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="contract-old-tls", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                self.handshakes.append(self._shake_hands(connection))

    def _shake_hands(self, connection: socket.socket) -> str | None:
        connection.settimeout(_HANDSHAKE_TIMEOUT)
        try:
            with self._context.wrap_socket(connection, server_side=True) as secured:
                return secured.version()
        except OSError:  # ssl's own errors are among them
            return None
        finally:
            connection.close()
