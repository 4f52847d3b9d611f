"""All cases for a Toggle, by group."""

from __future__ import annotations

from collections.abc import Sequence

from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.admitting import TOKENS
from toggle_mock.contract.toggle.connecting import CONNECT
from toggle_mock.contract.toggle.registering import REGISTER
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.contract.toggle.sending import SEND_EVENTS
from toggle_mock.contract.toggle.serving import SERVICES
from toggle_mock.contract.toggle.storing import STORED
from toggle_mock.contract.toggle.transport import CONNECTION

GROUPS: Sequence[Group[ToggleRig]] = (
    TOKENS,
    REGISTER,
    CONNECT,
    SEND_EVENTS,
    STORED,
    CONNECTION,
    SERVICES,
)
"""In the order in which reports have them."""
