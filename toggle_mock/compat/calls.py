"""The rpcs of two schemas, and what becomes of calls from one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from toggle_mock.compat import wording
from toggle_mock.compat.conversation import Change, Trial, changed_rpcs, try_out
from toggle_mock.compat.elements import Elements
from toggle_mock.compat.meanings import VERDICTS
from toggle_mock.compat.report import Direction, Finding, Severity, Verdict
from toggle_mock.compat.roles import Roles, Sides
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

    def findings(self) -> Iterator[Finding]:
        """One for each rpc and direction in which calls go wrong."""
        roles = Roles(self.schemas).names
        for direction, rpcs in self.tried.items():
            for name, tried in rpcs.items():
                if tried.verdict is Verdict.COMPATIBLE:
                    continue
                is_addition = tried.change[1] is None and direction is Direction.NEW_TO_OLD
                yield Finding(
                    key=f"{direction}:rpc:{name}",
                    severity=Severity.NOTE if is_addition else Severity.ERROR,
                    title=f"calls of {name.rpartition('.')[2]} go wrong",
                    story=wording.rpc_story(tried.change, tried.trials, Sides.of(direction, roles)),
                    element=name,
                    direction=direction,
                )

    def _verdict(self, direction: Direction, name: str) -> Verdict:
        tried = self.tried[direction].get(name)
        return tried.verdict if tried else Verdict.IDENTICAL


def _try(client: Schema, server: Schema) -> dict[str, Tried]:
    changed = changed_rpcs(client, server)
    return {name: Tried(changed[name], trials) for name, trials in try_out(changed).items()}
