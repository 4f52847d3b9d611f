"""Who sends a message and who reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from toggle_mock.compat.messages.types import parts
from toggle_mock.compat.report import Direction
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.schema import Schema


@dataclass(frozen=True)
class Sides:
    """Who sends and who reads, in words: ``an old Rodent`` and ``a new Toggle``."""

    sender: str
    reader: str

    @classmethod
    def of(cls, direction: Direction, parties: Sequence[str]) -> Sides:
        """The sides of a direction; ``parties`` are sender and reader."""
        before, after = direction.value.split("-to-")
        return cls(_a(before, parties[0]), _a(after, parties[1]))


def _a(age: str, party: str) -> str:
    return f"{'an' if age == 'old' else 'a'} {age} {party}"


@dataclass(frozen=True)
class Parties:
    """The parties of two schemas: those of the project's own service, or client and server."""

    schemas: tuple[Schema, Schema]

    @cached_property
    def names(self) -> tuple[str, str]:
        """Who calls and who answers."""
        rpcs = [name for schema in self.schemas for name in SchemaIndex(schema).rpcs]
        if any(name.startswith("rodent.RodentService.") for name in rpcs):
            return "Rodent", "Toggle"
        return ("client", "server") if rpcs else ("writer", "reader")

    def of(self, message: str) -> tuple[str, str]:
        """Who sends a message and who reads it; a server sends what only answers hold."""
        caller, callee = self.names
        answers, requests = self._reachable
        return (callee, caller) if message in answers - requests else (caller, callee)

    @cached_property
    def _reachable(self) -> tuple[set[str], set[str]]:
        """The messages within answers, and those within requests."""
        answers: set[str] = set()
        requests: set[str] = set()
        for schema in self.schemas:
            for rpc in SchemaIndex(schema).rpcs.values():
                answers |= parts(rpc.output_type)
                requests |= parts(rpc.input_type)
        return answers, requests
