"""A certificate authority for tests: TLS of the mock, client certificates, domains of Rodents."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import trustme
from cryptography import x509

from rodent_events.disk.files import write_atomically
from rodent_events.pb.base_pb2 import RegisterResponse
from toggle_mock.address import Address

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its chain and its private key, as PEM."""

    chain: bytes
    key: bytes
    expires_on: datetime

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write ``NAME.pem`` and, of mode 0600, ``NAME-key.pem``; returns their paths."""
        chain, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        self.write_as(chain, key)
        return chain, key

    def write_as(self, chain: Path, key: Path) -> None:
        """Write both to files, the key to one of mode 0600."""
        chain.write_bytes(self.chain)
        write_atomically(key, self.key, sync=False)


class Authority:
    """Signs certificates that nobody trusts who does not hold its root."""

    def __init__(self) -> None:
        self._authority = trustme.CA(organization_name="Toggle mock")
        self._folder: Path | None = None

    @property
    def root(self) -> bytes:
        """The root certificate as PEM."""
        return self._authority.cert_pem.bytes()

    @property
    def root_file(self) -> Path:
        """A file with the root certificate, as clients' settings want it; gone with this object."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="toggle-mock-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            (self._folder / "root.pem").write_bytes(self.root)
        return self._folder / "root.pem"

    def issue(self, *names: str, ahead: float = 0.0) -> Certificate:
        """A certificate for host names and addresses, for a server or a client.

        Args:
            names: These.
            ahead: Seconds by which the clock is ahead that it is made by, for a day; behind if they
                are negative.
        """
        since = datetime.now(UTC) + timedelta(seconds=ahead)
        not_before, not_after = (since, since + _A_DAY) if ahead else (None, None)
        issued = self._authority.issue_cert(*names, not_before=not_before, not_after=not_after)
        chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
        expires_on = x509.load_pem_x509_certificate(chain).not_valid_after_utc
        return Certificate(chain, issued.private_key_pem.bytes(), expires_on)

    def registration(self, domain: str, *, ahead: float = 0.0) -> RegisterResponse:
        """An answer to Register that issues a certificate for a domain.

        Args:
            domain: This.
            ahead: See :meth:`issue`.
        """
        certificate = self.issue(domain, ahead=ahead)
        return RegisterResponse(
            success=True,
            message="registered",
            domain=domain,
            certificate=(certificate.chain + self.root).decode(),
            private_key=certificate.key.decode(),
            expires_on=certificate.expires_on.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def server_credentials(
        self, names: Iterable[str], *, mutual: bool, ahead: float = 0.0
    ) -> grpc.ServerCredentials:
        """What a server of these names needs; a mutual one demands certificates of clients."""
        own = self.issue(*names, ahead=ahead)
        return grpc.ssl_server_credentials(
            [(own.key, own.chain)],
            root_certificates=self.root if mutual else None,
            require_client_auth=mutual,
        )


def server_names(address: Address, others: Iterable[str]) -> list[str]:
    """What the certificate of a server at an address is for, besides other names that it has."""
    names = ["localhost", "127.0.0.1", "::1", address.host, *others]
    return list(dict.fromkeys(filter(None, names)))
