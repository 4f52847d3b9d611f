"""All cases for a Rodent, by group."""

from __future__ import annotations

from collections.abc import Sequence

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.registering import REGISTER
from toggle_mock.contract.rodent.retrying import RETRY
from toggle_mock.contract.rodent.rig import RodentRig

GROUPS: Sequence[Group[RodentRig]] = (REGISTER, RETRY)
"""In the order in which reports have them."""
