"""Two schemas compared: by their definitions, by what messages come to mean, by calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from toggle_mock.compat import explanations
from toggle_mock.compat.buf import BufViolation, buf_version, buf_violations, find_buf
from toggle_mock.compat.findings import buf_findings, message_findings, rpc_findings, rule_findings
from toggle_mock.compat.messages.check import Meanings, Seen
from toggle_mock.compat.messages.counterexamples import EXAMPLES
from toggle_mock.compat.messages.types import Subject, parts, subjects
from toggle_mock.compat.parties import Roles
from toggle_mock.compat.report import Direction, Finding, Report, Row, Verdict
from toggle_mock.compat.rpcs.check import Calls
from toggle_mock.compat.rules import Violation, violations
from toggle_mock.compat.schemas.index import Elements
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
            *message_findings(self.meanings, {(v.owner, v.number) for v in self._violations}),
            *self._rpc_findings,
            *rule_findings(self._bare_violations),
            *buf_findings(self._judge[1]),
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
    def _rpc_findings(self) -> list[Finding]:
        return list(rpc_findings(self._calls))

    @cached_property
    def _violations(self) -> list[Violation]:
        return violations(*self.schemas, self.category)

    @cached_property
    def _judge(self) -> tuple[str, list[BufViolation]]:
        """Who judged the rules, and what buf says beyond our own reading of them."""
        command = find_buf()
        if command is None:
            return "our own reading of buf's rules, as buf is not installed", []
        ours = [violation.rule for violation in self._violations]
        beyond = []
        for violation in buf_violations(command, *self.schemas, self.category):
            if violation.rule in ours:
                ours.remove(violation.rule)
            else:
                beyond.append(violation)
        return f"buf {buf_version(command)}", beyond

    @property
    def _bare_violations(self) -> Iterator[Violation]:
        """Those of which evidence says nothing."""
        for violation in self._violations:
            is_seen = (violation.owner, violation.number) in self.meanings.places
            if not is_seen and violation.owner not in self._explained:
                yield violation

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
        return enums | {finding.element for finding in self._rpc_findings}

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
            rules = [b.rule for b in self._violations if {b.owner, b.element} & about]
            yield Row(name, verdicts[0], verdicts[1], tuple(rules), _remark(rules, seen))

    def _rpc_rows(self) -> Iterator[Row]:
        for name, verdicts in self._calls.verdicts.items():
            rules = [violation.rule for violation in self._violations if violation.owner == name]
            is_bad = any(one is not None and one > Verdict.COMPATIBLE for one in verdicts)
            remark = explanations.failed_by_rules(rules) if rules and not is_bad else ""
            if is_bad and not rules:
                remark = "buf passes it: the WIRE rules do not miss an rpc that is gone"
            yield Row(name, *verdicts, tuple(rules), remark)


def _remark(rules: list[str], seen: Iterable[Seen | None]) -> str:
    """Why rules and evidence differ about a message, if they do."""
    found = [one for one in seen if one is not None]
    severe = [difference for one in found for difference in one.severe]
    if rules and all(one.verdict <= Verdict.COMPATIBLE for one in found):
        return explanations.failed_by_rules(rules)
    if severe and not rules:
        return explanations.passed_by_rules(difference.cause for difference in severe)
    return ""
