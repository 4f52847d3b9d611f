"""What a case is: a rule, where it comes from, what a breach of it costs, and who sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

Rig = TypeVar("Rig")
"""What a case holds of the program that is judged: a RodentRig or a ToggleRig."""

Severity = Literal["must", "should"]
"""A breach of what a program *must* do fails the run; of what it *should* do, it is a warning."""

Profile = Literal["guarantees", "published"]
"""What is asked of a Rodent: all of it, or what the published one of April 2026 does."""

PROFILES: tuple[Profile, ...] = ("guarantees", "published")


@dataclass(frozen=True)
class Case(Generic[Rig]):
    """One rule, and how it is judged."""

    id: str
    """``group.name``; it stays the same for ever, as lists of known failures have it."""
    title: str
    """The rule in one sentence."""
    rule: str
    """What exactly is asked, and how it is seen."""
    source: str
    """Where the rule comes from."""
    cost: str
    """What a breach costs whoever runs such a program."""
    judge: Callable[[Rig], None]
    """Raises Breach if the rule does not hold, Inconclusive if it was not put to the test."""
    severity: Severity = "must"
    needs: tuple[str, ...] = ()
    """What the program must be able to do for the case to apply; see ``features``."""
    profiles: tuple[Profile, ...] = PROFILES
    """In which it is asked."""
    waits: tuple[str, ...] = ()
    """The settings' times that it waits for, one after the other."""

    @property
    def group(self) -> str:
        """The part of its id before the dot."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Group(Generic[Rig]):
    """Cases about one thing."""

    name: str
    """How the ids of its cases begin."""
    title: str
    cases: list[Case[Rig]] = field(default_factory=list)

    def case(
        self,
        name: str,
        title: str,
        *,
        rule: str,
        source: str,
        cost: str,
        severity: Severity = "must",
        needs: tuple[str, ...] = (),
        profiles: tuple[Profile, ...] = PROFILES,
        waits: tuple[str, ...] = (),
    ) -> Callable[[Callable[[Rig], None]], Callable[[Rig], None]]:
        """Make a function one of its cases; see :class:`Case`."""

        def add(judge: Callable[[Rig], None]) -> Callable[[Rig], None]:
            made = Case(
                f"{self.name}.{name}",
                title,
                rule,
                source,
                cost,
                judge,
                severity,
                needs,
                profiles,
                waits,
            )
            self.cases.append(made)
            return judge

        return add


def all_cases(groups: Iterable[Group[Rig]]) -> Iterator[Case[Rig]]:
    """The cases of some groups, in their order."""
    return (case for group in groups for case in group.cases)
