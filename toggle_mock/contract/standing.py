"""What the verdict of a case is to the run, and what the run comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from toggle_mock.contract.verdicts import NOTE, Result, Verdict

NOT_JUDGED = 2
"""The exit code if the program could not be judged, or no case applied."""


class Standing(StrEnum):
    """What a result is to the run, in the order in which summaries have them."""

    PASSED = "passed"
    FAILED = "failed"
    NO_LONGER_FAILING = "no longer failing"
    """It passes, and is on the list of those that are known to fail: strike it from there."""
    WARNING = "warning"
    """A breach of what a program should do."""
    INCONCLUSIVE = "inconclusive"
    KNOWN_FAILING = "known failing"
    NOT_APPLICABLE = "not applicable"


_EXIT_CODES = {
    Standing.INCONCLUSIVE: 3,
    Standing.WARNING: 4,
    Standing.FAILED: 5,
    Standing.NO_LONGER_FAILING: 5,
}
"""Of what fails a run; of a warning, only if the run is strict."""


def standing_of(result: Result) -> Standing:
    """What a result is to its run."""
    match result.verdict:
        case Verdict.PASSED:
            return Standing.NO_LONGER_FAILING if result.known else Standing.PASSED
        case Verdict.FAILED if result.known:
            return Standing.KNOWN_FAILING
        case Verdict.FAILED:
            return Standing.WARNING if result.is_warning else Standing.FAILED
        case Verdict.INCONCLUSIVE:
            return Standing.INCONCLUSIVE
    return Standing.NOT_APPLICABLE


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    subject: str
    """``rodent`` or ``toggle``."""
    results: Sequence[Result]
    """In the order of the catalogue."""
    titles: Mapping[str, str]
    """Of groups, by their names."""
    alone: Callable[[str], str]
    """The command that runs a case alone, of its id."""
    profile: str | None = None
    strict: bool = False
    """Whether warnings fail it too."""
    seconds: float = 0.0
    notes: Sequence[str] = field(default_factory=tuple)
    """What was seen of the program besides."""
    is_judged: bool = True
    """Whether it could be; else the only result tells why not."""

    @property
    def counts(self) -> Mapping[Standing, int]:
        """How many results of each standing."""
        counted = Counter(map(standing_of, self.results))
        return {standing: counted[standing] for standing in Standing}

    def with_standing(self, *standings: Standing) -> list[Result]:
        """The results that are these."""
        return [result for result in self.results if standing_of(result) in standings]

    @property
    def to_tell(self) -> list[Result]:
        """The results that a report tells all about: what fails the run, and warnings."""
        return self.with_standing(*_EXIT_CODES)

    def fails(self, standing: Standing) -> bool:
        """Whether a result of this standing fails the run."""
        return standing in _EXIT_CODES and (self.strict or standing is not Standing.WARNING)

    @property
    def exit_code(self) -> int:
        """0 if it passes; else that of the worst result, or 2 if no case applied."""
        there = {standing for standing, count in self.counts.items() if count}
        if not self.is_judged or there <= {Standing.NOT_APPLICABLE}:
            return NOT_JUDGED
        return max((_EXIT_CODES[one] for one in there if self.fails(one)), default=0)


def notes_of(result: Result) -> list[str]:
    """What was noted while a program was tried out."""
    return [moment.what for moment in result.story if moment.who == NOTE]


def in_words(run: Run) -> str:
    """How many of what, in a line."""
    counts = [f"{count} {standing}" for standing, count in run.counts.items() if count]
    return ", ".join(counts) or "no case was run"
