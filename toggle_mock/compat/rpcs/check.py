"""The rpcs of two schemas, and what becomes of calls from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.descriptor import Descriptor

from toggle_mock.compat.messages.check import VERDICTS, Meanings, Seen
from toggle_mock.compat.messages.types import Subject
from toggle_mock.compat.report import Direction, Verdict
from toggle_mock.compat.rpcs.trials import Change, Trial, changed_rpcs, try_out
from toggle_mock.compat.schemas.index import Elements
from toggle_mock.schema import Schema


@dataclass(frozen=True)
class Tried:
    """An rpc that changed, as it was tried in one direction."""

    change: Change
    trials: Sequence[Trial]

    @property
    def verdict(self) -> Verdict:
        """The worst of the trials."""
        effects = [trial.effect for trial in self.trials if trial.effect is not None]
        return max((VERDICTS[effect] for effect in effects), default=Verdict.COMPATIBLE)


@dataclass(frozen=True)
class Calls:
    """Calls between two schemas."""

    schemas: tuple[Schema, Schema]
    meanings: Meanings

    @cached_property
    def carried(self) -> Mapping[Direction, Mapping[str, list[Seen]]]:
        """What becomes of requests and answers whose types have other names, by whose client calls.

        Types of one name are looked at wherever they are used.
        """
        old, new = (Elements(schema).rpcs for schema in self.schemas)
        found: dict[Direction, dict[str, list[Seen]]] = {one: {} for one in Direction}
        forth, back = Direction.OLD_TO_NEW, Direction.NEW_TO_OLD
        for name in sorted(old.keys() & new.keys()):
            before, after = old[name], new[name]
            for call, sent, read, way in (
                (forth, before.input_type, after.input_type, forth),
                (back, after.input_type, before.input_type, back),
                # An answer goes against the call.
                (back, before.output_type, after.output_type, forth),
                (forth, after.output_type, before.output_type, back),
            ):
                if sent.full_name != read.full_name:
                    found[call].setdefault(name, []).append(self._carry(name, sent, read, way))
        return found

    def _carry(self, name: str, sent: Descriptor, read: Descriptor, direction: Direction) -> Seen:
        subject = Subject(name, sent)
        return self.meanings.look_at(subject, direction, read, None)

    @cached_property
    def tried(self) -> Mapping[Direction, Mapping[str, Tried]]:
        """The rpcs that changed, by direction and full name."""
        old, new = self.schemas
        return {
            Direction.OLD_TO_NEW: _try(old, new),
            Direction.NEW_TO_OLD: _try(new, old),
        }

    @cached_property
    def verdicts(self) -> Mapping[str, tuple[Verdict | None, Verdict | None]]:
        """By full name, in both directions; None if the caller does not have the rpc."""
        have = [Elements(schema).rpcs for schema in self.schemas]
        names = dict.fromkeys(name for rpcs in have for name in rpcs)
        return {
            name: (
                self._verdict(Direction.OLD_TO_NEW, name) if name in have[0] else None,
                self._verdict(Direction.NEW_TO_OLD, name) if name in have[1] else None,
            )
            for name in names
        }

    def _verdict(self, direction: Direction, name: str) -> Verdict:
        tried = self.tried[direction].get(name)
        verdicts = [seen.verdict for seen in self.carried[direction].get(name, ())]
        return max([tried.verdict if tried else Verdict.IDENTICAL, *verdicts])


def _try(client: Schema, server: Schema) -> dict[str, Tried]:
    changed = changed_rpcs(client, server)
    return {name: Tried(changed[name], trials) for name, trials in try_out(changed).items()}
