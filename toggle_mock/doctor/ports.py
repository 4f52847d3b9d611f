"""Whether a mock could listen here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from toggle_mock.address import Address
from toggle_mock.doctor.findings import Finding, ok, warn

USUAL = (50051, 8025)
"""Those of the image, for gRPC and for HTTP."""


def judged(ports: Iterable[int] = USUAL) -> Iterator[Finding]:
    """Whether each port of loopback is free."""
    for port in ports:
        try:
            Address.of("127.0.0.1", port).reserved().close()
        except OSError as error:
            remedy = "a mock takes a free one with --port 0, --http 0, and says which"
            yield warn("ports", f"{port} is taken: {error}", remedy)
        else:
            yield ok("ports", f"{port} is free")
