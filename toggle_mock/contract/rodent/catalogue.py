"""All cases for a Rodent, by group."""

from __future__ import annotations

from collections.abc import Sequence

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.accounting import ACCOUNT
from toggle_mock.contract.rodent.arriving_whole import CONTENT
from toggle_mock.contract.rodent.backing_off import BACKOFF
from toggle_mock.contract.rodent.batching import BATCHING
from toggle_mock.contract.rodent.calls import CALLS
from toggle_mock.contract.rodent.connecting import CONNECT
from toggle_mock.contract.rodent.crashes import CRASH
from toggle_mock.contract.rodent.keeping_alive import KEEPALIVE
from toggle_mock.contract.rodent.living import LIFE
from toggle_mock.contract.rodent.loads import LOAD
from toggle_mock.contract.rodent.ordering import ORDER
from toggle_mock.contract.rodent.outages import OUTAGE
from toggle_mock.contract.rodent.reconnecting import REDIAL
from toggle_mock.contract.rodent.registering import REGISTER
from toggle_mock.contract.rodent.restarts import RESTART
from toggle_mock.contract.rodent.retrying import RETRY
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.rodent.secrecy import SECRETS
from toggle_mock.contract.rodent.securing import TLS
from toggle_mock.contract.rodent.shaping import FORM
from toggle_mock.contract.rodent.sharing import SHARING
from toggle_mock.contract.rodent.shutting_down import SHUTDOWN
from toggle_mock.contract.rodent.statuses import STATUS
from toggle_mock.contract.rodent.tokens import TOKEN

GROUPS: Sequence[Group[RodentRig]] = (
    CALLS,
    REGISTER,
    CONNECT,
    REDIAL,
    KEEPALIVE,
    TLS,
    SECRETS,
    LIFE,
    FORM,
    CONTENT,
    BATCHING,
    RETRY,
    STATUS,
    BACKOFF,
    TOKEN,
    OUTAGE,
    ORDER,
    CRASH,
    RESTART,
    SHARING,
    SHUTDOWN,
    ACCOUNT,
    LOAD,
)
"""In the order in which reports have them."""
