"""Contract suites: judge any Rodent, any Toggle, in any language, as black boxes.

The names are loaded when they are first used: they are for pytest, which the suites do without.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toggle_mock.contract.pytest_tests import rodent_contract, toggle_contract

__all__ = ["rodent_contract", "toggle_contract"]

_HOMES = {"pytest_tests": ("rodent_contract", "toggle_contract")}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"toggle_mock.contract.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
