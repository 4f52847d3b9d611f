"""The contract suites as tests of pytest: one for each case, which any runner of pytest runs."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest

from toggle_mock.codes import CODES
from toggle_mock.contract.cases import Group, all_cases
from toggle_mock.contract.reports.clean import cleaned
from toggle_mock.contract.reports.failure import told
from toggle_mock.contract.selection import read_known_failing, select
from toggle_mock.contract.settings import (
    RodentContract,
    ToggleContract,
    read_contract,
    replaced,
)
from toggle_mock.contract.standing import Standing, standing_of
from toggle_mock.contract.suites import (
    Subject,
    rodent_groups,
    rodent_subject,
    toggle_groups,
    toggle_subject,
)
from toggle_mock.contract.verdicts import Result, Verdict

C = TypeVar("C", RodentContract, ToggleContract)

Where: TypeAlias = str | Mapping[str, Any]
"""The address of a Toggle, or what ``toggle.yml`` may say, by its keys."""


def rodent_contract(
    config: str | Path | None = None,
    *,
    cases: Collection[str] = (),
    groups: Collection[str] = (),
    slow: bool = False,
    strict: bool = False,
    known_failing: str | Path | None = None,
    **said: Any,
) -> Callable[..., None]:
    """Tests that judge a Rodent, one for each case, with the case's id: ``test_contract = …``.

    A case that does not apply is skipped; a breach fails, as does what is inconclusive.

    Args:
        config: The file ``contract.yml``; relative to the file of the tests, as is what it names.
        cases: Ids of cases, or patterns such as ``retry.*``; all if neither these nor groups.
        groups: Names of groups.
        slow: Whether those run that wait for more than 10 s.
        strict: Whether a breach of what only should be fails too; else it is a PytestWarning.
        known_failing: A file with ids of cases, one a line, that must go on failing.
        said: The keys of ``contract.yml``, which come before those of the file: ``command``,
            ``emit``, ``environment``, ``times`` and so on.

    Returns:
        A test, with a parameter for the cases.

    Raises:
        ContractError: What is said means nothing, or there is no such case.
        OSError: A file cannot be read.
    """
    folder = _folder_of_caller()
    if "command" in said:
        said.setdefault("folder", ".")
    subject = rodent_subject(_contract(RodentContract, config, said, folder))
    judge = _Judge(rodent_groups(), _known(folder, known_failing, rodent_groups()), slow, strict)

    @judge.parametrized(cases, groups)
    def test(contract_case: str, request: pytest.FixtureRequest) -> None:
        judge.judge(subject, "", contract_case, request.node.nodeid)

    return test


def toggle_contract(
    config: str | Path | None = None,
    *,
    to: str | Callable[[], Where] | None = None,
    fixture: str | None = None,
    cases: Collection[str] = (),
    groups: Collection[str] = (),
    slow: bool = False,
    strict: bool = False,
    known_failing: str | Path | None = None,
    **said: Any,
) -> Callable[..., None]:
    """Tests that judge a Toggle, one for each case, as :func:`rodent_contract`.

    Args:
        config: The file ``toggle.yml``.
        to: Its address, or a function that gives it; it may give a mapping with further keys, such
            as ``{"to": …, "jwt": …}``.
        fixture: The name of a fixture that gives the same instead; a ToggleServer does too.
        cases: See there.
        groups: See there.
        slow: See there.
        strict: See there.
        known_failing: See there.
        said: The keys of ``toggle.yml``.

    Returns:
        A test, with a parameter for the cases.

    Raises:
        ContractError: What is said means nothing, or there is no such case.
        OSError: A file cannot be read.
    """
    folder = _folder_of_caller()
    contract = _contract(ToggleContract, config, said, folder)
    judge = _Judge(toggle_groups(), _known(folder, known_failing, toggle_groups()), slow, strict)

    @judge.parametrized(cases, groups)
    def test(contract_case: str, request: pytest.FixtureRequest) -> None:
        found = request.getfixturevalue(fixture) if fixture else to() if callable(to) else to
        there = replaced(contract, _where(found), folder)
        judge.judge(toggle_subject(there), there.to, contract_case, request.node.nodeid)

    return test


def _contract(kind: type[C], config: str | Path | None, said: Mapping[str, Any], folder: Path) -> C:
    read = kind() if config is None else read_contract(kind, folder / config)
    return replaced(read, said, folder)


def _where(found: Any) -> Mapping[str, Any]:
    """What a fixture or a function has said of a Toggle, by keys."""
    if found is None:
        return {}
    if isinstance(found, Mapping):
        return found
    if isinstance(found, str):
        return {"to": found}
    return {"to": found.address, "jwt": found.jwt()}


def _folder_of_caller() -> Path:
    """The folder of the file that has called one of these functions."""
    frame = inspect.currentframe()
    for _ in range(2):
        frame = frame.f_back if frame else None
    return Path(frame.f_globals.get("__file__", ".") if frame else ".").absolute().parent


def _known(folder: Path, path: str | Path | None, groups: Collection[Group[Any]]) -> frozenset[str]:
    return frozenset() if path is None else read_known_failing(folder / path, all_cases(groups))


class _Judge:
    """Runs cases for the tests of one suite."""

    def __init__(
        self, groups: Collection[Group[Any]], known: frozenset[str], slow: bool, strict: bool
    ) -> None:
        self._groups, self._known, self._slow, self._strict = groups, known, slow, strict
        self._cases = {case.id: case for case in all_cases(groups)}
        self._tried: dict[str, Result] = {}

    def parametrized(self, ids: Collection[str], groups: Collection[str]) -> pytest.MarkDecorator:
        """The mark that makes a test of each case that is asked for."""
        chosen = [case.id for case in select(list(self._groups), ids, groups)]
        return pytest.mark.parametrize("contract_case", chosen, ids=chosen)

    def judge(self, subject: Subject, where: str, case_id: str, node_id: str) -> None:
        """Run a case, and end the test as it has ended.

        Args:
            subject: Who is judged.
            where: What tells it from others that the same tests judge.
            case_id: The case.
            node_id: The test.
        """
        case = self._cases[case_id]
        suite = subject.suite([case], slow=self._slow, known=self._known)
        reason = suite.reason_against(case)
        if reason is not None:
            pytest.skip(f"not applicable: {reason}")
        self._try_out(subject, where, node_id)
        result = cleaned(suite.run_case(case), subject.secrets)
        self._end(result, told(result, f"pytest '{node_id}'"))

    def _try_out(self, subject: Subject, where: str, node_id: str) -> None:
        """See, once in a process, that the program can be judged."""
        if where not in self._tried:
            self._tried[where] = cleaned(subject.try_out(), subject.secrets)
        tried = self._tried[where]
        if tried.verdict is not Verdict.PASSED:
            pytest.fail(told(tried, f"pytest '{node_id}'"), pytrace=False)

    def _end(self, result: Result, text: str) -> None:
        match standing_of(result):
            case Standing.PASSED:
                return
            case Standing.WARNING if not self._strict:
                warnings.warn(
                    CODES.text("%s\n  strict: with strict=True this fails", text),
                    pytest.PytestWarning,
                    stacklevel=1,
                )
                return
            case Standing.KNOWN_FAILING:
                pytest.xfail(f"known failing: {result.text}")
        pytest.fail(text, pytrace=False)
