"""The server as a whole."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Answer
from toggle_mock.page import PageMode


class Ready(Answer):
    """Whether the server answers calls."""

    statuses: ClassVar[tuple[int, ...]] = (200, 503)

    ready: bool
    reason: Annotated[str | None, Meta(description="Why it does not.")] = None

    @property
    def status_code(self) -> int:
        """200 if it does, else 503."""
        return 200 if self.ready else 503


class SchemaFiles(Answer):
    """A schema."""

    name: str
    files: Annotated[bytes, Meta(description="A serialized google.protobuf.FileDescriptorSet.")]


class Info(Answer):
    """Where the server is, and how it is set."""

    address: Annotated[str, Meta(description="HOST:PORT of the gRPC server.")]
    tls: bool
    relay: Annotated[bool, Meta(description="Whether connections can break on command.")]
    shared: Annotated[
        bool, Meta(description="Whether it shares its recording, faults and sessions with others.")
    ]
    root_certificate: Annotated[str | None, Meta(description="As PEM, if it speaks TLS.")]
    deduplicate: Annotated[bool, Meta(description="Whether a repeated batch is counted once.")]
    page: Annotated[PageMode, Meta(description="Whether there is a page at /.")]
    file: Annotated[
        str | None, Meta(description="The recording that is shown; null for a server at work.")
    ]
    schema: Annotated[
        SchemaFiles | None,
        Meta(description="Under which events are read; null for the project's own."),
    ] = None
