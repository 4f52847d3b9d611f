"""Whose records are meant."""

from __future__ import annotations

from dataclasses import dataclass

from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.refusals import Refusal

TIMEOUT = 5.0
"""Seconds that one waits unless told otherwise."""


@dataclass(frozen=True)
class Scope:
    """Whose records are meant: those of a Rodent, of an organization, or everybody's."""

    rid: str | None = None
    sub: str | None = None

    def covers(self, record: RecordedCall | Refusal) -> bool:
        """Whether a call or a refusal is one of these; a refusal without a token is everybody's."""
        if isinstance(record, Refusal) and not record.claims:
            return True
        return self.rid in {None, record.rid} and self.sub in {None, record.sub}

    def meets(self, other: Scope) -> bool:
        """Whether something may be in both."""
        pairs = [(self.rid, other.rid), (self.sub, other.sub)]
        return all(mine is None or theirs is None or mine == theirs for mine, theirs in pairs)

    def __str__(self) -> str:
        parts = [f"rid {self.rid}" if self.rid else "", f"sub {self.sub}" if self.sub else ""]
        return " and ".join(filter(None, parts)) or "everybody"
