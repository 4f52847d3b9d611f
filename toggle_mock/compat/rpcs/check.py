"""All rpcs of two schemas in both directions, and what becomes of their calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from google.protobuf.descriptor import Descriptor

from toggle_mock.compat.messages.check import VERDICTS, MessageCheck, MessageResult
from toggle_mock.compat.messages.types import MessageType
from toggle_mock.compat.report import Direction, Verdict
from toggle_mock.compat.rpcs.trials import Change, Trial, changed_rpcs, try_out
from toggle_mock.compat.schemas.index import SchemaIndex
from toggle_mock.schema import Schema


@dataclass(frozen=True)
class RpcResult:
    """An rpc that changed, as it was tried in one direction."""

    change: Change
    trials: Sequence[Trial]

    @property
    def verdict(self) -> Verdict:
        """The worst of the trials."""
        effects = [trial.effect for trial in self.trials if trial.effect is not None]
        return max((VERDICTS[effect] for effect in effects), default=Verdict.COMPATIBLE)


@dataclass(frozen=True)
class RpcCheck:
    """What becomes of calls between two schemas."""

    schemas: tuple[Schema, Schema]
    messages: MessageCheck

    @cached_property
    def carried(self) -> Mapping[Direction, Mapping[str, list[MessageResult]]]:
        """What becomes of requests and answers whose types have other names, by whose client calls.

        Types of one name are looked at wherever they are used.
        """
        old, new = (SchemaIndex(schema).rpcs for schema in self.schemas)
        found: dict[Direction, dict[str, list[MessageResult]]] = {one: {} for one in Direction}
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

    def _carry(
        self, name: str, sent: Descriptor, read: Descriptor, direction: Direction
    ) -> MessageResult:
        return self.messages.result_of(MessageType(name, sent), direction, read, None)

    @cached_property
    def results(self) -> Mapping[Direction, Mapping[str, RpcResult]]:
        """The rpcs that changed, by direction and full name."""
        old, new = self.schemas
        return {
            Direction.OLD_TO_NEW: _try(old, new),
            Direction.NEW_TO_OLD: _try(new, old),
        }

    @cached_property
    def verdicts(self) -> Mapping[str, tuple[Verdict | None, Verdict | None]]:
        """By full name, in both directions; None if the caller does not have the rpc."""
        have = [SchemaIndex(schema).rpcs for schema in self.schemas]
        names = dict.fromkeys(name for rpcs in have for name in rpcs)
        return {
            name: (
                self._verdict(Direction.OLD_TO_NEW, name) if name in have[0] else None,
                self._verdict(Direction.NEW_TO_OLD, name) if name in have[1] else None,
            )
            for name in names
        }

    def _verdict(self, direction: Direction, name: str) -> Verdict:
        changed = self.results[direction].get(name)
        carried = [one.verdict for one in self.carried[direction].get(name, ())]
        return max([changed.verdict if changed else Verdict.IDENTICAL, *carried])


def _try(client: Schema, server: Schema) -> dict[str, RpcResult]:
    changed = changed_rpcs(client, server)
    return {name: RpcResult(changed[name], trials) for name, trials in try_out(changed).items()}
