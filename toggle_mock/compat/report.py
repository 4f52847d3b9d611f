"""What a comparison of two schemas found, and how bad it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum


class Direction(StrEnum):
    """Who writes and who reads."""

    OLD_TO_NEW = "old-to-new"
    """Written under the old schema, read under the new one."""
    NEW_TO_OLD = "new-to-old"
    """Written under the new schema, read under the old one."""


class Category(StrEnum):
    """The rules of buf that are held against two schemas, and what carries their messages."""

    WIRE = "WIRE"
    """Messages are carried as protobuf's bytes."""
    WIRE_JSON = "WIRE_JSON"
    """They are carried as JSON too; the stricter."""


class Verdict(IntEnum):
    """What becomes of the messages of a type in one direction; the greater, the worse."""

    IDENTICAL = 0
    """The definitions are the same."""
    COMPATIBLE = 1
    """They differ, and all that was sent is read as it was meant."""
    LOSSY = 2
    """Something that was sent is not seen."""
    MISREAD = 3
    """Something is believed that was not sent, and nothing tells so."""
    UNREADABLE = 4
    """Messages are rejected."""

    def __str__(self) -> str:
        return self.name.lower()


class Severity(IntEnum):
    """How bad a finding is."""

    NOTE = 0
    """Nothing is lost, or only what the old schema cannot know yet."""
    WARNING = 1
    """Something is lost, or may be later."""
    ERROR = 2
    """Something is misread or rejected."""

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Finding:
    """One thing that changed and matters."""

    key: str
    """What names it in a baseline, such as
    ``old-to-new:misread:rodent.events.SystemStartupPayload.services_started->organization_id``."""
    severity: Severity
    title: str
    """What it is, in a few words."""
    explanation: str
    """What each side does and believes, in whole sentences; empty if the title says all."""
    element: str
    """Full name of the field, message, enum or rpc that it is about."""
    direction: Direction | None = None
    """None for a rule about definitions."""
    example: str = ""
    """The smallest message that shows it, in protobuf's text format."""
    example_of: str = ""
    """Full name of the type of that message; empty if there is no example."""
    remark: str = ""
    """Why the rules judge otherwise, if they do."""
    package: str = ""
    """The package of the element."""
    path: str = ""
    """The file that defines it, as its schema calls it: ``events/event_messages.proto``."""

    @property
    def cause(self) -> str:
        """``misread``, ``ignored``, ``unreadable``, ``rpc``, or the name of a rule of buf's."""
        return self.key.split(":")[1]


@dataclass(frozen=True)
class Row:
    """One message type in both directions."""

    name: str
    """Full name of the message, or of the rpc."""
    old_to_new: Verdict | None
    """None if the old schema does not have it."""
    new_to_old: Verdict | None
    """None if the new schema does not have it."""
    rules: tuple[str, ...] = ()
    """The rules of buf that its definition breaks."""
    remark: str = ""
    """Why rules and verdicts differ, if they do."""
    package: str = ""
    path: str = ""
    """The file that defines it, as its schema calls it."""
    is_inherited: bool = False
    """Whether all that is found of it is about messages that it holds."""

    @property
    def is_identical(self) -> bool:
        """Whether both have it, and there is nothing to say of it."""
        return {self.old_to_new, self.new_to_old} == {Verdict.IDENTICAL} and not self.rules

    @property
    def short_name(self) -> str:
        """The name without its package."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Report:
    """All that was found."""

    old: str
    new: str
    category: Category
    """The rules that were held against it."""
    parties: tuple[str, str]
    """Who sends events and who receives them: Rodent and Toggle, unless the schema is another's."""
    rows: Sequence[Row]
    findings: Sequence[Finding]
    """Those that are not accepted, the worst first."""
    judged_by: str
    """What checked the rules: our own reading of them, or ``buf 1.75.0``."""
    accepted: Sequence[Finding] = ()
    unused: Sequence[str] = ()
    """What is accepted and was not found."""
    left_out: int = 0
    """How many findings were not asked for."""

    @property
    def severity(self) -> Severity | None:
        """That of the worst finding; None if there is none."""
        return max((finding.severity for finding in self.findings), default=None)

    def name_of(self, row: Row) -> str:
        """A row's name, short if no other has the same."""
        alike = [one for one in self.rows if one.short_name == row.short_name]
        return row.short_name if len(alike) == 1 else row.name

    def accepting(self, patterns: Iterable[str]) -> Report:
        """The same with some findings accepted.

        Args:
            patterns: Keys of findings; ``*`` stands for any text.
        """
        allowed = list(dict.fromkeys(patterns))
        used = {
            pattern
            for pattern in allowed
            if any(matches(finding.key, pattern) for finding in self.findings)
        }
        accepted = [
            finding
            for finding in self.findings
            if any(matches(finding.key, pattern) for pattern in used)
        ]
        return replace(
            self,
            findings=[finding for finding in self.findings if finding not in accepted],
            accepted=accepted,
            unused=[pattern for pattern in allowed if pattern not in used],
        )


def matches(key: str, pattern: str) -> bool:
    """Whether a text is what a pattern says, in which ``*`` stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), key) is not None
