"""A Toggle that calls are forwarded to: its address, its certificates, and a channel to it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

import grpc
import grpc.aio

from rodent_events import tls
from rodent_events.client import CHANNEL_OPTIONS
from rodent_events.config import EventConfig
from toggle_mock.dialing import aio_channel
from toggle_mock.extras import extras
from toggle_mock.recording.records import SERVICE

_UNLIMITED = -1


@dataclass(frozen=True)
class Upstream:
    """A Toggle that a ToggleServer forwards its calls to.

    Args:
        target: Its address, ``host:port``.
        tls: Whether it speaks TLS, with a certificate that this machine trusts.
        root_certificates: The roots to trust instead, as PEM; TLS follows from them.
        certificate: Chain and private key, as PEM, that are shown to it (mTLS); TLS follows.
        server_name: The name that its certificate must be for, if that is not in the address.
        use_proxy: Whether a proxy is used that the environment names, such as ``https_proxy``.

    Raises:
        ValueError: The address or a certificate is none.
    """

    target: str
    tls: bool = False
    root_certificates: bytes | None = None
    certificate: tuple[bytes, bytes] | None = field(default=None, repr=False)
    server_name: str | None = None
    use_proxy: bool = False

    def __post_init__(self) -> None:
        """Check what gRPC would tell only by connections that fail."""
        config = EventConfig(target=self.target)
        if config.target is None:
            raise ValueError("an Upstream needs a target: give its address as host:port")
        object.__setattr__(self, "target", config.target)
        object.__setattr__(self, "tls", self.tls or config.secure)
        if self.root_certificates is not None:
            _check_roots(self.root_certificates)
        if self.certificate is not None:
            _check_pair(*self.certificate)

    @property
    def secure(self) -> bool:
        """Whether the connection uses TLS."""
        return self.tls or self.root_certificates is not None or self.certificate is not None

    def channel(self) -> grpc.aio.Channel:
        """A new channel to it, for the event loop that runs here.

        Raises:
            OSError: The roots that this machine trusts cannot be read.
        """
        options: list[tuple[str, int | str]] = [
            *CHANNEL_OPTIONS,
            # What is too large for whom is for the two ends to say.
            ("grpc.max_receive_message_length", _UNLIMITED),
            ("grpc.max_send_message_length", _UNLIMITED),
        ]
        if self.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self.server_name))
        credentials = None
        if self.secure:
            chain, key = self.certificate or (None, None)
            credentials = grpc.ssl_channel_credentials(self._roots(), key, chain)
        return aio_channel(self.target, options, credentials, use_proxy=self.use_proxy)

    def _roots(self) -> bytes | None:
        if self.root_certificates is not None:
            return self.root_certificates
        file = tls.roots_file(EventConfig())
        return None if file is None else file.read_bytes()


def path_of(method: str) -> str:
    """How a method of the service is called in HTTP/2."""
    return f"/{SERVICE}/{method}"


def _check_roots(roots: bytes) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=roots.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(f"root_certificates are no certificates as PEM: {error}") from None


def _check_pair(chain: bytes, key: bytes) -> None:
    with extras():
        from cryptography.hazmat.primitives import serialization
        from cryptography.x509 import load_pem_x509_certificates

    try:
        public = load_pem_x509_certificates(chain)[0].public_key()
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"certificate is no chain with its key, both as PEM: {error}") from None
    if private.public_key() != public:
        raise ValueError("certificate has a key that is another certificate's")
