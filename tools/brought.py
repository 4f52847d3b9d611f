"""What a requirement brings, of the distributions that are installed here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "rodent-events"
PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]


def brought_by(requirements: Iterable[str]) -> dict[str, Distribution]:
    """All that requirements bring, by name; without this project, whose needs pyproject.toml tells.

    Raises:
        PackageNotFoundError: Something of it is not installed here.
    """
    found: dict[str, Distribution] = {}
    known: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        one = waiting.pop()
        if str(one) in known:
            continue
        known.add(str(one))
        name = canonicalize_name(one.name)
        if name != OURS:
            found[name] = distribution(name)
        waiting += _needs(name, one.extras)
    return found


def _needs(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    if name == OURS:
        optional = PROJECT["optional-dependencies"]
        texts = [*PROJECT["dependencies"], *(one for extra in extras for one in optional[extra])]
        yield from map(Requirement, texts)
        return
    for need in map(Requirement, distribution(name).requires or []):
        if need.marker is None or any(need.marker.evaluate({"extra": e}) for e in ["", *extras]):
            yield need
