"""Two schemas compared: by their definitions, by what messages come to mean, by calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toggle_mock.compat import wording
from toggle_mock.compat.buf import BufBreach, buf_breaches, buf_version, find_buf
from toggle_mock.compat.calls import Calls
from toggle_mock.compat.elements import Elements
from toggle_mock.compat.evidence import EXAMPLES
from toggle_mock.compat.meanings import Meanings, Seen
from toggle_mock.compat.report import Direction, Finding, Report, Row, Severity, Verdict
from toggle_mock.compat.roles import Roles
from toggle_mock.compat.rules import RULES, Breach, breaches
from toggle_mock.compat.subjects import Subject, parts, subjects
from toggle_mock.schema import Schema, load_schema


def check(
    old: Schema | Path | str,
    new: Schema | Path | str,
    *,
    category: str = "WIRE",
    examples: int = EXAMPLES,
    allow: Iterable[str] = (),
) -> Report:
    """Compare two schemas in both directions.

    Args:
        old: A published revision, a folder of .proto files, one file, a descriptor set, or
            ``git:REF:PATH``; see :func:`toggle_mock.schema.load_schema`.
        new: Likewise.
        category: ``WIRE`` for protobuf's bytes; ``WIRE_JSON`` for its JSON as well.
        examples: Messages drawn of each type that changed.
        allow: Keys of findings to accept; ``*`` stands for any text.

    Raises:
        SchemaError: A schema cannot be read.
    """
    schemas = (load_schema(old), load_schema(new))
    comparison = _Comparison(schemas, category, Meanings(schemas, category, examples))
    return comparison.report().accepting(allow)


@dataclass(frozen=True)
class _Comparison:
    schemas: tuple[Schema, Schema]
    category: str
    meanings: Meanings

    def report(self) -> Report:
        found = [
            *self.meanings.findings({(b.owner, b.number) for b in self._breaches}),
            *self._calls.findings(),
            *self._rule_findings(),
        ]
        unique: dict[str, Finding] = {}
        for finding in found:
            # A message within others shows the same thing in each of them.
            unique.setdefault(finding.key, finding)
        old, new = self.schemas
        return Report(
            old=old.name,
            new=new.name,
            category=self.category,
            roles=Roles(self.schemas).names,
            rows=[*self._message_rows(), *self._rpc_rows()],
            findings=sorted(unique.values(), key=lambda finding: -finding.severity),
            judged_by=self._judge[0],
        )

    @cached_property
    def _calls(self) -> Calls:
        return Calls(self.schemas, self.meanings)

    @cached_property
    def _breaches(self) -> list[Breach]:
        return breaches(*self.schemas, self.category)

    @cached_property
    def _judge(self) -> tuple[str, list[BufBreach]]:
        """Who judged the rules, and what buf says beyond our own reading of them."""
        command = find_buf()
        if command is None:
            return "our own reading of buf's rules, as buf is not installed", []
        ours = [breach.rule for breach in self._breaches]
        beyond = []
        for breach in buf_breaches(command, *self.schemas, self.category):
            if breach.rule in ours:
                ours.remove(breach.rule)
            else:
                beyond.append(breach)
        return f"buf {buf_version(command)}", beyond

    def _rule_findings(self) -> Iterator[Finding]:
        for breach in self._breaches:
            is_seen = (breach.owner, breach.number) in self.meanings.places
            if is_seen or breach.owner in self._explained:
                continue
            rule = RULES[breach.rule]
            yield Finding(
                key=f"rule:{breach.rule}:{breach.element}",
                severity=Severity.WARNING if rule.is_risk else Severity.NOTE,
                title=f"{_short(breach)}: {breach.text}",
                story=f"This breaks {breach.rule}.",
                element=breach.element,
                remark=wording.failed_by_rules([breach.rule]),
            )
        for beyond in self._judge[1]:
            names = ".".join(re.findall(r'"([^"]*)"', beyond.text)[:2])
            yield Finding(
                key=f"rule:{beyond.rule}:{names or beyond.text}",
                severity=Severity.WARNING,
                title=beyond.text,
                story=f"buf says so by its rule {beyond.rule}.",
                element="",
            )

    @cached_property
    def _explained(self) -> set[str]:
        """The enums and rpcs of which evidence says more than a rule."""
        enums = {
            field.enum_type.full_name
            for schema in self.schemas
            for name, message in Elements(schema).messages.items()
            for field in message.fields
            if field.enum_type is not None and (name, field.number) in self.meanings.places
        }
        return enums | {finding.element for finding in self._calls.findings()}

    # Rows

    @cached_property
    def _subjects(self) -> Mapping[str, list[Subject]]:
        """What is compared, by full name: as the old schema has it, the new one, or both."""
        found: dict[str, list[Subject]] = {}
        for schema in self.schemas:
            for name, subject in subjects(schema).items():
                found.setdefault(name, []).append(subject)
        return found

    def _message_rows(self) -> Iterator[Row]:
        for name, versions in self._subjects.items():
            seen = [self.meanings.seen[direction].get(name) for direction in Direction]
            verdicts = [one.verdict if one else None for one in seen]
            about = {part for one in versions for part in parts(one.descriptor) | one.way}
            rules = [b.rule for b in self._breaches if {b.owner, b.element} & about]
            yield Row(name, verdicts[0], verdicts[1], tuple(rules), _remark(rules, seen))

    def _rpc_rows(self) -> Iterator[Row]:
        for name, verdicts in self._calls.verdicts.items():
            rules = [breach.rule for breach in self._breaches if breach.owner == name]
            is_bad = any(one is not None and one > Verdict.COMPATIBLE for one in verdicts)
            remark = wording.failed_by_rules(rules) if rules and not is_bad else ""
            if is_bad and not rules:
                remark = "buf passes it: the WIRE rules do not miss an rpc that is gone"
            yield Row(name, *verdicts, tuple(rules), remark)


def _short(breach: Breach) -> str:
    """The name of what a breach is about, without its package; of a file, its path."""
    return breach.owner if breach.rule.startswith("FILE_") else breach.owner.rpartition(".")[2]


def _remark(rules: list[str], seen: Iterable[Seen | None]) -> str:
    """Why rules and evidence differ about a message, if they do."""
    found = [one for one in seen if one is not None]
    grave = [difference for one in found for difference in one.grave]
    if rules and all(one.verdict <= Verdict.COMPATIBLE for one in found):
        return wording.failed_by_rules(rules)
    if grave and not rules:
        return wording.passed_by_rules(difference.cause for difference in grave)
    return ""
