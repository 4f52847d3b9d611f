"""Certificates: what the channel trusts, what it shows, and when a file has changed."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import grpc

from rodent_events.config import EventConfig
from rodent_events.errors import ConfigError
from rodent_events.tokens import file_version

SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where systems keep the roots that they trust, as in Go's crypto/x509/root_linux.go. gRPC for
Python would use a bundle of its own, which knows no authority that was added to the system."""

# gRPC's own variable, which replaces its bundle.
_GRPC_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


def roots_file(config: EventConfig) -> Path | None:
    """The file with the roots to trust; None leaves them to gRPC."""
    if config.tls_ca_file is not None:
        return config.tls_ca_file
    if os.environ.get(_GRPC_VARIABLE):
        return None
    candidates = map(Path, (os.environ.get("SSL_CERT_FILE", ""), *SYSTEM_ROOTS))
    return next((path for path in candidates if path.is_file()), None)


def credentials(config: EventConfig) -> grpc.ChannelCredentials:
    """Those of a channel.

    Raises:
        ConfigError: A file cannot be read, or is not what it should be.
    """
    _check_certificates(config)
    return grpc.ssl_channel_credentials(
        root_certificates=_read(roots_file(config)),
        private_key=_read(config.tls_key_file),
        certificate_chain=_read(config.tls_cert_file),
    )


def versions(config: EventConfig) -> list[object]:
    """Changes when one of the files does."""
    if not config.secure:
        return []
    files = (roots_file(config), config.tls_cert_file, config.tls_key_file)
    return [file_version(path) for path in files]


def _check_certificates(config: EventConfig) -> None:
    """Read the files as TLS will; without this, one would only see that the connection fails."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    what = f"tls_ca_file {config.tls_ca_file}"
    try:
        if config.tls_ca_file:
            context.load_verify_locations(config.tls_ca_file)
        if config.tls_cert_file:
            what = f"tls_cert_file {config.tls_cert_file} with tls_key_file {config.tls_key_file}"
            context.load_cert_chain(config.tls_cert_file, config.tls_key_file)
    except OSError as error:  # ssl's own errors are OSErrors
        raise ConfigError(f"{what} cannot be used: {error}") from error


def _read(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None
