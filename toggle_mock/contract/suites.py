"""A Rodent or a Toggle that is to be judged: what is said of it, its cases, and their rig."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import structs

from toggle_mock.contract.cases import Case, Group
from toggle_mock.contract.reports.clean import is_secret
from toggle_mock.contract.rodent.preflight import PREFLIGHT as RODENT_PREFLIGHT
from toggle_mock.contract.runner import Suite
from toggle_mock.contract.settings import RodentContract, ToggleContract
from toggle_mock.contract.story import Story
from toggle_mock.contract.toggle.preflight import PREFLIGHT as TOGGLE_PREFLIGHT
from toggle_mock.contract.verdicts import Result
from toggle_mock.errors import ContractError


@dataclass(frozen=True)
class Subject:
    """A program that is to be judged."""

    name: str
    """``rodent`` or ``toggle``."""
    groups: Sequence[Group[Any]]
    rig: Callable[[str, Path, Story], AbstractContextManager[Any]]
    abilities: frozenset[str]
    times: Mapping[str, float]
    preflight: Case[Any]
    """Whether it can be judged at all."""
    profile: str | None = None
    secrets: frozenset[str] = frozenset()
    """What is not shown, wherever it is printed."""

    def suite(
        self,
        cases: Collection[Case[Any]],
        *,
        slow: bool = False,
        known: frozenset[str] = frozenset(),
        folder: Path | None = None,
    ) -> Suite[Any]:
        """What runs cases for it; the arguments are those of Suite."""
        return Suite(cases, self.rig, self.abilities, self.times, self.profile, slow, known, folder)

    def try_out(self, folder: Path | None = None) -> Result:
        """Find out whether it can be judged: the result has passed then."""
        (result,) = self.suite([self.preflight], folder=folder).run(1)
        return result

    @property
    def titles(self) -> dict[str, str]:
        """Of groups, by their names."""
        return {group.name: group.title for group in self.groups}


def rodent_groups() -> Sequence[Group[Any]]:
    """All cases for a Rodent."""
    groups: Sequence[Group[Any]] = import_module("toggle_mock.contract.rodent.catalogue").GROUPS
    return groups


def toggle_groups() -> Sequence[Group[Any]]:
    """All cases for a Toggle."""
    groups: Sequence[Group[Any]] = import_module("toggle_mock.contract.toggle.catalogue").GROUPS
    return groups


def rodent_subject(contract: RodentContract) -> Subject:
    """A Rodent.

    Raises:
        ContractError: What is said of it does not suffice.
    """
    if not contract.command:
        raise ContractError(
            "there is no command that starts the Rodent: give it after --, or as command in a file"
        )
    if contract.emit == "stimuli" and not contract.stimuli:
        raise ContractError("emit is stimuli, and there are none: give a list of them in a file")
    template = contract.config_template
    if template is not None and not os.access(template, os.R_OK):
        raise ContractError(f"config_template is {template}, which cannot be read")
    values = contract.environment.items()
    rig = import_module("toggle_mock.contract.rodent.rig").RodentRig
    return Subject(
        "rodent",
        rodent_groups(),
        lambda case_id, folder, story: rig(contract, case_id, folder, story),
        contract.abilities,
        structs.asdict(contract.times),
        RODENT_PREFLIGHT,
        contract.profile,
        frozenset(value for name, value in values if is_secret(name)),
    )


def toggle_subject(contract: ToggleContract) -> Subject:
    """A Toggle.

    Raises:
        ContractError: What is said of it does not suffice.
    """
    if not contract.to:
        raise ContractError("there is no address of the Toggle: give --to, or to in a file")
    rig = import_module("toggle_mock.contract.toggle.rig").ToggleRig
    return Subject(
        "toggle",
        toggle_groups(),
        lambda case_id, folder, story: rig(contract, case_id, folder, story),
        contract.abilities,
        structs.asdict(contract.times),
        TOGGLE_PREFLIGHT,
        secrets=frozenset(filter(None, [contract.jwt])),
    )
