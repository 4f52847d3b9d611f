"""Contract suites: judge any Rodent, any Toggle, in any language, as black boxes.

The names are loaded when they are first used: they are for pytest, which the suites do without.
"""

from typing import TYPE_CHECKING

from toggle_mock.extras import loaded

if TYPE_CHECKING:
    from toggle_mock.contract.pytest_tests import rodent_contract, toggle_contract

__all__ = ["rodent_contract", "toggle_contract"]

_HOMES = {"pytest_tests": ("rodent_contract", "toggle_contract")}


def __getattr__(name: str) -> object:
    return loaded(__name__, _HOMES, name)
