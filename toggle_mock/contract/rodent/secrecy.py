"""What a Rodent keeps to itself."""

from __future__ import annotations

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.conversation import talk_once
from toggle_mock.contract.rodent.rig import RodentRig

SECRETS: Group[RodentRig] = Group("secrets", "What a Rodent keeps to itself")

_SOURCE = "rodent_events, docs/delivery.md: secrets reach no log; CWE-532"
_COST = "Logs are collected, and whoever reads them can be this Rodent."


def _prints_none(rig: RodentRig) -> None:
    for name, text in rig.output.items():
        rig.expect(not rig.has_secret(text), f"there is a secret on its {name}")


@SECRETS.case(
    "all-is-well",
    "The token is not printed",
    rule="From its start over a command to its end by SIGTERM the token is not on stdout or "
    "stderr, neither whole nor its signature.",
    source=_SOURCE,
    cost=_COST,
    needs=("connect",),
    waits=("connect",),
)
def all_is_well(rig: RodentRig) -> None:
    """A whole life."""
    agent = rig.start()
    talk_once(rig)
    agent.terminate()
    _prints_none(rig)


@SECRETS.case(
    "refused",
    "The token is not printed when it is refused",
    rule="While Register is refused with UNAUTHENTICATED and then PERMISSION_DENIED, and after "
    "that whatever else is called with UNAUTHENTICATED, the token is not on stdout or stderr.",
    source=_SOURCE,
    cost="Just the token that does not work is the one that is looked for in logs, and mailed.",
    needs=("register",),
    waits=("register_again", "register_again"),
)
def refused(rig: RodentRig) -> None:
    """Refusals, and the end."""
    refusals = rig.toggle.on_register.returns(
        [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED]
    )
    rig.toggle.on_connect.always(grpc.StatusCode.UNAUTHENTICATED)
    rig.toggle.on_send_events.always(grpc.StatusCode.UNAUTHENTICATED)
    agent = rig.start()
    rig.wait_for_call(
        "Register", 3, timeout=rig.patience("start", "register_again", "register_again")
    )
    rig.reached(not refusals.remaining, "Register was not refused twice")
    agent.terminate()
    _prints_none(rig)


@SECRETS.case(
    "private-key",
    "A private key that is issued is not printed",
    rule="The key in the answer to Register is not on stdout or stderr.",
    source=_SOURCE,
    cost="Logs are collected, and whoever reads them can be this node to others.",
    needs=("register", "connect"),
    waits=("connect",),
)
def private_key(rig: RodentRig) -> None:
    """A certificate with its key."""
    answer = rig.toggle.authority.registration("n1.example.net")
    rig.secrets += [line for line in answer.private_key.splitlines() if len(line) > 40]
    rig.toggle.on_register.always(answer)
    agent = rig.start()
    talk_once(rig)
    agent.terminate()
    _prints_none(rig)


@SECRETS.case(
    "files",
    "The token is in none of the files that wait for delivery",
    rule="What a Rodent leaves in EVENTS_DIR while Toggle cannot be reached has no token in it.",
    source="the published Rodent: its files are EventBatches, which have none",
    cost="Such files are copied for support, and the node's identity with them.",
    needs=("driver", "disk"),
)
def files(rig: RodentRig) -> None:
    """Events that cannot be sent, then the end."""
    rig.toggle.on_send_events.always(grpc.StatusCode.UNAVAILABLE)
    agent = rig.start()
    agent.emit(3)
    agent.terminate()
    left = [path for path in rig.events_dir.rglob("*") if path.is_file()]
    rig.reached(left, "it has left no file in EVENTS_DIR")
    for path in left:
        rig.expect(not rig.has_secret(path.read_bytes()), f"the token is in {path.name}")
