"""Register: the first call of a Rodent, and what it does until it has succeeded."""

from __future__ import annotations

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import reject

REGISTER: Group[RodentRig] = Group("register", "Register")


@REGISTER.case(
    "before-connect",
    "Register has succeeded before Connect is called",
    rule="The first call is Register; no Connect arrives before a Register was answered with "
    "success. Seen with a Toggle that answers at once.",
    source="the published Rodent on the wire: Connect follows about 3 s after Register",
    cost="A Toggle that does not know the Rodent yet refuses its stream: commands are lost.",
    needs=("register", "connect"),
    waits=("connect",),
)
def before_connect(rig: RodentRig) -> None:
    """Register, then Connect."""
    rig.start()
    rig.connected()
    connect, register = rig.calls("Connect")[0], rig.calls("Register")
    rig.expect(register, "it has called Connect, and never Register")
    rig.expect(
        register[0].number < connect.number and register[0].status == "OK",
        f"Connect is call {connect.number}, Register call {register[0].number}",
    )


@REGISTER.case(
    "again",
    "A refused Register is tried again until it succeeds",
    rule="After UNAVAILABLE and after success=false, Register is called again, and then Connect.",
    source="the published Rodent on the wire: again after 60 s, for ever",
    cost="A Rodent that starts while Toggle is being updated stays out until somebody restarts it.",
    needs=("register", "connect"),
    waits=("register_again", "register_again", "connect"),
)
def again(rig: RodentRig) -> None:
    """Two refusals, of both kinds."""
    refusals = rig.toggle.on_register.returns([grpc.StatusCode.UNAVAILABLE, reject("not yet")])
    rig.start()
    rig.wait_for_call(
        "Register", 3, timeout=rig.patience("start", "register_again", "register_again")
    )
    rig.reached(not refusals.remaining, "Register was not refused twice")
    rig.connected()
