"""Two schemas compared: by their definitions, by what messages come to mean, by calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from toggle_mock.compat import explanations
from toggle_mock.compat.buf import BufViolation, buf_version, buf_violations, find_buf
from toggle_mock.compat.findings import buf_findings, message_findings, rpc_findings, rule_findings
from toggle_mock.compat.messages.check import MessageCheck, MessageResult, Progress
from toggle_mock.compat.messages.counterexamples import EXAMPLES
from toggle_mock.compat.messages.types import MessageType
from toggle_mock.compat.parties import Parties
from toggle_mock.compat.report import Category, Direction, Finding, Report, Row, Verdict
from toggle_mock.compat.rpcs.check import RpcCheck
from toggle_mock.compat.rules import Violation, is_required_in_both, violations
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.compat.selection import Selection
from toggle_mock.fields import fields_of
from toggle_mock.schema import Schema, load_schema


def check(
    old: Schema | Path | str,
    new: Schema | Path | str,
    *,
    category: Category | str = Category.WIRE,
    examples: int = EXAMPLES,
    allow: Iterable[str] = (),
    buf: bool = False,
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
    progress: Progress = lambda _done, _all: None,
) -> Report:
    """Compare two schemas in both directions.

    Args:
        old: A published revision, a folder of .proto files, one file, a descriptor set, or
            ``git:REF:PATH``; see :func:`toggle_mock.schema.load_schema`.
        new: Likewise.
        category: ``WIRE`` for protobuf's bytes; ``WIRE_JSON`` for its JSON as well.
        examples: Messages drawn of each type that changed.
        allow: Keys of findings to accept; ``*`` stands for any text.
        buf: Whether buf itself is asked too; what it says beyond our own reading of its rules
            becomes a finding.
        only: What is wanted, as ``package=NAME``, ``rule=NAME`` or ``path=NAME``; ``*`` stands
            for any text. Of several of one kind, one must fit; of each kind, one.
        ignore: What is not, likewise.
        progress: Is told now and then how many messages have been looked at, and how many there
            are in both directions.

    Raises:
        SchemaError: A schema cannot be read, buf is asked and not installed, or ``only`` or
            ``ignore`` name what is not there.
        ValueError: There is no such category.
    """
    command = find_buf() if buf else None
    selection = Selection.read(only, ignore)
    schemas = (load_schema(old), load_schema(new))
    files = [file for schema in schemas for file in schema.files.file]
    selection.see_that_all_can_fit({file.package for file in files}, {file.name for file in files})
    messages = MessageCheck(schemas, Category(category), examples, progress)
    return _Comparison(messages, command, selection).report().accepting(allow)


@dataclass(frozen=True)
class _Comparison:
    messages: MessageCheck
    buf: str | None
    """The command of buf, if it is asked too."""
    selection: Selection

    def report(self) -> Report:
        found = [
            *message_findings(self.messages, {(v.owner, v.number) for v in self._violations}),
            *self._rpc_findings,
            *rule_findings(self._bare_violations),
            *buf_findings(self._beyond_ours, self._is_buf_wrong),
        ]
        unique: dict[str, Finding] = {}
        for finding in found:
            # A message within others shows the same thing in each of them.
            package, path = self._home(finding.element)
            unique.setdefault(finding.key, replace(finding, package=package, path=path))
        wanted = [finding for finding in unique.values() if self.selection.wants(finding)]
        rows = [*self._message_rows(), *self._rpc_rows()]
        old, new = self._schemas
        return Report(
            old=old.name,
            new=new.name,
            category=self.messages.category,
            parties=Parties(self._schemas).names,
            rows=[row for row in rows if self.selection.wants_row(row)],
            findings=sorted(wanted, key=lambda finding: -finding.severity),
            left_out=len(unique) - len(wanted),
            judged_by=f"buf {buf_version(self.buf)}" if self.buf else _OURS,
        )

    @property
    def _schemas(self) -> tuple[Schema, Schema]:
        return self.messages.schemas

    @cached_property
    def _rpcs(self) -> RpcCheck:
        return RpcCheck(self._schemas, self.messages)

    @cached_property
    def _rpc_findings(self) -> list[Finding]:
        return list(rpc_findings(self._rpcs))

    @cached_property
    def _violations(self) -> list[Violation]:
        return violations(*self._schemas, self.messages.category)

    @property
    def _beyond_ours(self) -> Iterator[BufViolation]:
        """What buf says beyond our own reading of its rules."""
        if self.buf is None:
            return
        ours = Counter((one.rule, one.owner, one.number) for one in self._violations)
        for violation in buf_violations(self.buf, *self._schemas, self.messages.category):
            place = violation.rule, violation.owner, violation.number
            if ours[place]:
                ours[place] -= 1
            else:
                yield violation

    def _is_buf_wrong(self, violation: BufViolation) -> bool:
        """Whether buf says what is not so: a field is required now as it was before."""
        place = violation.owner, violation.number
        is_about = violation.rule == "MESSAGE_SAME_REQUIRED_FIELDS"
        return is_about and is_required_in_both(self._indexes, *place)

    @property
    def _bare_violations(self) -> Iterator[Violation]:
        """Those of which no message tells."""
        for violation in self._violations:
            is_seen = (violation.owner, violation.number) in self.messages.places
            if not is_seen and violation.owner not in self._explained:
                yield violation

    @cached_property
    def _explained(self) -> set[str]:
        """The enums and rpcs of which messages and calls tell more than a rule."""
        enums = {
            field.enum_type.full_name
            for index in self._indexes
            for name, message in index.messages.items()
            for field in fields_of(message)
            if field.enum_type is not None and (name, field.number) in self.messages.places
        }
        return enums | {finding.element for finding in self._rpc_findings}

    def _home(self, element: str) -> tuple[str, str]:
        """Package and path of an element; those of the new schema, if it has it."""
        for index in self._indexes:
            if (file := index.file_of(element)) is not None:
                return file.package, file.name
        return "", ""

    @cached_property
    def _indexes(self) -> tuple[SchemaIndex, SchemaIndex]:
        old, new = self.messages.indexes
        return new, old

    # Rows

    @cached_property
    def _message_types(self) -> Mapping[str, list[MessageType]]:
        """What is compared, by full name: as the old schema has it, the new one, or both."""
        found: dict[str, list[MessageType]] = {}
        for types in self.messages.types:
            for name, message_type in types.items():
                found.setdefault(name, []).append(message_type)
        return found

    @cached_property
    def _holders(self) -> Sequence[tuple[Violation, set[str]]]:
        """What breaks a rule, with the messages that hold what it is about."""
        of = self.messages.holders.of
        return [(one, of([one.owner, one.element])) for one in self._violations]

    def _message_rows(self) -> Iterator[Row]:
        for name, versions in self._message_types.items():
            results = [self.messages.results[direction].get(name) for direction in Direction]
            forth, back = (one.verdict if one else None for one in results)
            way = {step for one in versions for step in one.way}
            rules = [
                violation.rule
                for violation, holders in self._holders
                if name in holders or {violation.owner, violation.element} & way
            ]
            owners = {name, *(step.rpartition(".")[0] for step in way)}
            yield Row(
                name,
                forth,
                back,
                tuple(rules),
                _remark(rules, results),
                *self._home(name),
                is_inherited=bool(rules or any(one and one.within for one in results))
                and not any(one and one.counterexamples for one in results)
                and not any(violation.owner in owners for violation in self._violations),
            )

    def _rpc_rows(self) -> Iterator[Row]:
        for name, verdicts in self._rpcs.verdicts.items():
            rules = [violation.rule for violation in self._violations if violation.owner == name]
            is_bad = any(one is not None and one > Verdict.COMPATIBLE for one in verdicts)
            remark = explanations.failed_by_rules(rules) if rules and not is_bad else ""
            if is_bad and not rules:
                remark = "buf passes it: the WIRE rules do not miss an rpc that is gone"
            yield Row(name, *verdicts, tuple(rules), remark, *self._home(name))


_OURS = "our own reading of buf's rules"


def _remark(rules: list[str], results: Iterable[MessageResult | None]) -> str:
    """Why rules and messages differ about a type, if they do."""
    found = [one for one in results if one is not None]
    severe = [difference for one in found for difference in one.severe]
    if rules and all(one.verdict <= Verdict.COMPATIBLE for one in found):
        return explanations.failed_by_rules(rules)
    if severe and not rules:
        return explanations.passed_by_rules(difference.cause for difference in severe)
    return ""
