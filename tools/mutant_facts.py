"""What is known of mutants without running any: where they are, which are drawn, how they fared."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a mutant fared."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"
    UNTESTED = "no test"
    EQUIVALENT = "equivalent"


@dataclass(frozen=True)
class Mutant:
    """A function with one thing changed; ``name`` is mutmut's, and no other mutant has it."""

    name: str
    module: str
    function: str
    path: str
    line: int
    was: str
    becomes: str

    @property
    def change(self) -> tuple[str, str, str]:
        """What it is, wherever in the file that is now."""
        return f"{self.module}.{self.function}", self.was, self.becomes

    @property
    def package(self) -> str:
        """The row it counts in: ``rodent_events`` as a whole, the mock by its packages."""
        first, *rest = self.module.split(".")
        return f"{first}.{rest[0]}" if first == "toggle_mock" and len(rest) > 1 else first

    def __str__(self) -> str:
        """As a difference, under the place."""
        lines = [f"- {line}" for line in self.was.splitlines()]
        lines += [f"+ {line}" for line in self.becomes.splitlines()]
        return "\n".join((f"{self.path}:{self.line} {self.function}", *lines))


_GENERATED_NAME = re.compile(r"def (?:xǁ[^ǁ]+ǁ|x_)(\w+?)__mutmut_(?:orig|\d+)\b")


def difference(original: Sequence[str], mutated: Sequence[str]) -> tuple[int, str, str]:
    """Lines below ``def``, and what stands there in each of two generated functions."""
    before = [_GENERATED_NAME.sub(r"def \1", line) for line in original]
    after = [_GENERATED_NAME.sub(r"def \1", line) for line in mutated]
    start = _common(before, after)
    tail = _common(before[start:][::-1], after[start:][::-1])
    definition = next(at for at, line in enumerate(original) if _GENERATED_NAME.search(line))
    was, becomes = (_text(lines[start : len(lines) - tail]) for lines in (before, after))
    return start - definition, was, becomes


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines are the same from the start."""
    both = list(zip(one, other, strict=False))
    return next((at for at, (left, right) in enumerate(both) if left != right), len(both))


def _text(lines: Sequence[str]) -> str:
    return "\n".join(line.strip() for line in lines)


def sample(mutants: Iterable[Mutant], size: int, seed: int) -> list[Mutant]:
    """``size`` mutants of each module.

    Which ones depends on the seed and on what they change: an edit elsewhere in a module does not
    have others drawn.
    """
    modules: defaultdict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        modules[mutant.module].append(mutant)

    def lot(mutant: Mutant) -> str:
        return digest(repr((seed, mutant.change)))

    return [mutant for some in modules.values() for mutant in sorted(some, key=lot)[:size]]


def digest(text: str) -> str:
    """A short hash."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


_FILE = re.compile(r"\+\+\+ b/(.+)")
_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")


def changed_lines(diff: str) -> dict[str, set[int]]:
    """The lines of each file that a ``git diff --unified=0`` added or changed."""
    lines: dict[str, set[int]] = {}
    current: set[int] = set()
    for text in diff.splitlines():
        if found := _FILE.match(text):
            current = lines.setdefault(found[1], set())
        elif found := _HUNK.match(text):
            first, count = int(found[1]), int(found[2] or 1)
            current.update(range(first, first + count))
    return lines


@dataclass(frozen=True)
class Equivalents:
    """Mutants that no test can tell from the code, with the reason of each."""

    reasons: Mapping[tuple[str, str, str], str]

    @classmethod
    def parse(cls, text: str) -> Equivalents:
        """From TOML: tables ``mutant`` with ``in``, ``was``, ``becomes`` and ``why``."""
        rows = tomllib.loads(text).get("mutant", [])
        return cls({(row["in"], row["was"], row["becomes"]): row["why"] for row in rows})

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant.change in self.reasons

    def stale(self, mutants: Iterable[Mutant]) -> list[str]:
        """The functions of those listed that are mutants of the code no longer."""
        known = {mutant.change for mutant in mutants}
        return [function for function, *change in self.reasons if (function, *change) not in known]


_COUNTED = (Verdict.KILLED, Verdict.TIMEOUT, Verdict.SURVIVED, Verdict.UNTESTED)


def share(counts: Mapping[Verdict, int]) -> float | None:
    """Per cent of the mutants that a test noticed, a hang included; None if none was tried."""
    tried = sum(counts.get(verdict, 0) for verdict in _COUNTED)
    noticed = counts.get(Verdict.KILLED, 0) + counts.get(Verdict.TIMEOUT, 0)
    return 100 * noticed / tried if tried else None


def counts_by(rows: Iterable[str], verdicts: Iterable[Verdict]) -> dict[str, Counter[Verdict]]:
    """How often each verdict was reached, row by row."""
    counts: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for row, verdict in zip(rows, verdicts, strict=True):
        counts[row][verdict] += 1
    return dict(sorted(counts.items()))


def table(head: str, counts: Mapping[str, Counter[Verdict]]) -> str:
    """In Markdown, with a last row for all of it."""
    lines = [
        f"| {head} | {' | '.join(Verdict)} | share |",
        "|---|" + "---:|" * (len(Verdict) + 1),
        *(_row(f"`{name}`", one) for name, one in counts.items()),
        _row("all", sum(counts.values(), Counter())),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, counts: Counter[Verdict]) -> str:
    noticed = share(counts)
    cells = [str(counts[verdict]) for verdict in Verdict]
    return f"| {name} | {' | '.join(cells)} | {'–' if noticed is None else f'{noticed:.0f} %'} |"
