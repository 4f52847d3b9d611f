"""What becomes of a case, and what is known of it then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from toggle_mock.contract.cases import Case
from toggle_mock.errors import ToggleMockError

NOTE = "note"
"""Who tells, in a story, what is worth a note in the report."""


class Verdict(StrEnum):
    """What becomes of a case."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    """It was not put to the test: what it needs for that did not happen."""
    NOT_APPLICABLE = "not applicable"


class Breach(ToggleMockError):  # noqa: N818 - the program's, not ours
    """The rule does not hold; the text tells what was seen."""


class Inconclusive(ToggleMockError):  # noqa: N818 - as above
    """The case has not reached its point; the text tells why."""


@dataclass(frozen=True)
class Moment:
    """Something that happened while a case ran."""

    at: float
    """Seconds since the Unix epoch."""
    who: str
    """``suite``, ``Toggle`` or ``Rodent``."""
    what: str


@dataclass(frozen=True)
class Result:
    """What became of a case."""

    case: Case[Any]
    verdict: Verdict
    text: str = ""
    """What was seen, or why it does not apply or is inconclusive; empty if it passed."""
    seconds: float = 0.0
    story: Sequence[Moment] = ()
    """What happened, in its order: what was done, the calls, the answers."""
    output: Mapping[str, str] = field(default_factory=dict)
    """The end of what the program has printed: ``stdout``, ``stderr``."""
    known: bool = False
    """Whether it is on the list of those that are known to fail."""

    @property
    def is_warning(self) -> bool:
        """Whether it is a breach of what only should be."""
        return self.verdict is Verdict.FAILED and self.case.severity == "should"
