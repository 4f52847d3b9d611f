"""What a fleet is told when its process begins; one line of JSON."""

from __future__ import annotations

from typing import Literal

import msgspec


class FleetSettings(msgspec.Struct, frozen=True):
    """What all Rodents of a worker have in common."""

    target: str
    """Toggle's address, ``host:port``."""
    worker: int = 0
    """The number of the worker, which its Rodents' ids have."""
    workers: int = 1
    """How many there are, among which tokens of a file are divided."""
    jwt_algorithm: str = "HS256"
    jwt_key: str | None = None
    """A file with the secret or the private key that signs tokens."""
    jwt_tokens: str | None = None
    """A file with tokens, instead of a key."""
    ca_file: str | None = None
    """The root certificate, if Toggle speaks TLS."""
    shape: str = "steady"
    cycle: float = 300.0
    """Seconds of a cycle of the shape."""
    mix: str = "usual"
    seed: int = 0


class RodentSettings(msgspec.Struct, frozen=True):
    """What a Rodent is like."""

    profile: Literal["published", "guarantees"] = "guarantees"
    rate: float = 1.0
    """Events a second that it emits, at random, on average."""
    pace: float = 1.0
    """By what its pauses are multiplied."""


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Have another Rodent."""

    number: int
    rodent: RodentSettings


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Have a Rodent be gone."""

    number: int


class Emit(msgspec.Struct, frozen=True, tag="emit"):
    """Have a Rodent emit a payload."""

    number: int
    payload: str
    """The full name of its type."""
    content: bytes
    level: int


class Settle(msgspec.Struct, frozen=True, tag="settle"):
    """Emit no more, send what waits, and give the account."""

    seconds: float
    """How long that may take."""


Order = Start | Stop | Emit | Settle
"""What a fleet's process is told, a line of JSON for each."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """Something that took a time, as Locust counts it."""

    kind: str
    name: str
    milliseconds: float
    size: int
    failure: str | None = None


class Report(msgspec.Struct, frozen=True):
    """What a fleet's process tells, a line of JSON for each."""

    samples: list[Sample] = []
    stopped: int | None = None
    """The number of a Rodent that is gone."""
    mark: str | None = None
    """Of the account, when all has settled."""
    account: bytes = b""
    """The account, packed."""
