"""Which cases are run, and which are known to fail."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from toggle_mock.contract.cases import Case, Group, all_cases
from toggle_mock.errors import ContractError
from toggle_mock.wording import did_you_mean

R = TypeVar("R")


def select(
    groups: Sequence[Group[R]], ids: Collection[str] = (), names: Collection[str] = ()
) -> list[Case[R]]:
    """The cases that are asked for, in their order; all without a wish.

    Args:
        groups: Those that there are.
        ids: Ids of cases, or patterns such as ``retry.*``.
        names: Names of groups, whose cases are added.

    Raises:
        ContractError: There is no such case or group; the text has the nearest.
    """
    cases = list(all_cases(groups))
    known = [case.id for case in cases]
    for pattern in ids:
        if not any(fnmatchcase(one, pattern) for one in known):
            raise _unknown("case", pattern, known)
    for name in names:
        if name not in (there := [group.name for group in groups]):
            raise _unknown("group", name, there)
    if not ids and not names:
        return cases
    return [
        case
        for case in cases
        if case.group in names or any(fnmatchcase(case.id, pattern) for pattern in ids)
    ]


def read_known_failing(path: Path, cases: Iterable[Case[R]]) -> frozenset[str]:
    """The ids in a list of cases that are known to fail: one a line, ``#`` before a comment.

    Args:
        path: The file.
        cases: All that there are.

    Raises:
        ContractError: There is no such case; the text has the line, and the nearest.
        OSError: It cannot be read.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ContractError(f"{path} is no list of cases: {error}") from None
    known = [case.id for case in cases]
    listed = set()
    for number, line in enumerate(lines, 1):
        case_id = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        if case_id and case_id not in known:
            raise _unknown("case", case_id, known, f"{path}:{number}: ")
        listed.add(case_id)
    return frozenset(listed - {""})


def _unknown(what: str, given: str, known: Collection[str], where: str = "") -> ContractError:
    near = did_you_mean([given], known)
    return ContractError(f"{where}there is no {what} {given}{near or '; --list shows them'}")
