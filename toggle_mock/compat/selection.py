"""Which findings are wanted: by package, by rule or effect, by path of the .proto file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from toggle_mock.compat.report import Finding, Row, matches
from toggle_mock.compat.rules import RULES
from toggle_mock.errors import SchemaError

_EFFECTS = ("ignored", "misread", "unreadable", "rpc", "shared-name")


@dataclass(frozen=True)
class _Pattern:
    """``package=envoy.api.*``: a kind, and what it must be; ``*`` stands for any text."""

    kind: str
    text: str

    @classmethod
    def read(cls, text: str) -> _Pattern:
        kind, _, pattern = text.partition("=")
        if kind not in _KINDS or not pattern:
            near = difflib.get_close_matches(kind, _KINDS, 1)
            hint = f"did you mean {near[0]}={pattern or '…'}? " if near else ""
            raise SchemaError(
                f"{text!r} selects nothing: {hint}write package=NAME, rule=NAME or path=NAME, "
                "where * stands for any text"
            )
        return cls(kind, pattern)

    def fits(self, facts: Mapping[str, str]) -> bool:
        return self.kind not in facts or matches(facts[self.kind], self.text)

    def __str__(self) -> str:
        return f"{self.kind}={self.text}"


_KINDS = ("package", "rule", "path")


@dataclass(frozen=True)
class Selection:
    """What is wanted of a report."""

    only: tuple[_Pattern, ...] = ()
    ignored: tuple[_Pattern, ...] = ()

    @classmethod
    def read(cls, only: Iterable[str], ignore: Iterable[str]) -> Selection:
        """A selection of patterns such as ``package=envoy.api.*``.

        Raises:
            SchemaError: One is none.
        """
        return cls(tuple(map(_Pattern.read, only)), tuple(map(_Pattern.read, ignore)))

    def see_that_all_can_fit(self, packages: Collection[str], paths: Collection[str]) -> None:
        """See that nothing passes because a name is misspelt.

        Args:
            packages: Those of the two schemas.
            paths: Of their files.

        Raises:
            SchemaError: A pattern fits nothing that there is.
        """
        there = {"package": packages, "path": paths, "rule": [*RULES, *_EFFECTS]}
        for pattern in (*self.only, *self.ignored):
            names = there[pattern.kind]
            if any(matches(name, pattern.text) for name in names):
                continue
            if pattern.kind == "rule" and pattern.text.isupper():
                continue  # buf may have it
            near = difflib.get_close_matches(pattern.text, sorted(names), 1)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise SchemaError(f"{pattern}: there is no such {pattern.kind}{hint}")

    def wants(self, finding: Finding) -> bool:
        """Whether a finding is wanted."""
        facts = {"package": finding.package, "path": finding.path, "rule": finding.cause}
        return self._wants(facts)

    def wants_row(self, row: Row) -> bool:
        """Whether a row is wanted; it has no rule of its own."""
        return self._wants({"package": row.package, "path": row.path})

    def _wants(self, facts: Mapping[str, str]) -> bool:
        kinds = {pattern.kind for pattern in self.only}
        return all(
            any(pattern.fits(facts) for pattern in self.only if pattern.kind == kind)
            for kind in kinds
        ) and not any(one.kind in facts and one.fits(facts) for one in self.ignored)
