"""Register: the first call of a Rodent, and what it does until it has succeeded."""

from __future__ import annotations

import grpc

from rodent_events import clock
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.conversation import talk_once
from toggle_mock.contract.rodent.door import Door
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import OutcomeLike, delay, reject

REGISTER: Group[RodentRig] = Group("register", "Register")

_AGAIN = "the published Rodent on the wire: again after 60 s, for ever"
_STAYS_OUT = (
    "A Rodent that starts while Toggle is being updated stays out until somebody restarts it."
)
_UNTIL_HEALED = 600.0
"""Seconds that a call is held at the longest; it is let go before."""

_LEAST_PAUSE = 0.25
"""Seconds between a refused Register and the next, also of a Rodent with scaled pauses."""


@REGISTER.case(
    "before-connect",
    "Register has succeeded before Connect is called",
    rule="No Connect arrives before a Register was answered with success. Seen with a Toggle that "
    "answers at once.",
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
        any(one.status == "OK" and one.number < connect.number for one in register),
        f"Connect is call {connect.number}, and before it no Register has succeeded",
    )


def _tries_until_taken(rig: RodentRig, *refusals: OutcomeLike) -> None:
    """Register is refused twice, tried a third time, and Connect follows."""
    refusing = rig.toggle.on_register.returns(refusals)
    rig.start()
    rig.wait_for_call(
        "Register", 3, timeout=rig.patience("start", "register_again", "register_again")
    )
    rig.reached(not refusing.remaining, "Register was not refused twice")
    rig.connected()


@REGISTER.case(
    "again",
    "A refused Register is tried again until it succeeds",
    rule="After UNAVAILABLE and after success=false, Register is called again, and then Connect.",
    source=_AGAIN,
    cost=_STAYS_OUT,
    needs=("register", "connect"),
    waits=("register_again", "register_again", "connect"),
)
def again(rig: RodentRig) -> None:
    """Two refusals, of both kinds."""
    _tries_until_taken(rig, grpc.StatusCode.UNAVAILABLE, reject("not yet"))


@REGISTER.case(
    "after-unauthenticated",
    "A Register whose token was refused is tried again",
    rule="After UNAUTHENTICATED and after PERMISSION_DENIED, Register is called again, and once it "
    "succeeds, Connect.",
    source="the published Rodent on the wire: any status, again after 60 s, for ever",
    cost="A Rodent whose token is entered at Toggle a minute late needs somebody to restart it.",
    needs=("register", "connect"),
    waits=("register_again", "register_again", "connect"),
)
def after_unauthenticated(rig: RodentRig) -> None:
    """Two refusals of its token."""
    _tries_until_taken(rig, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


@REGISTER.case(
    "not-hot",
    "Between two tries of Register is a pause",
    rule="Of a Register that is always refused with UNAVAILABLE, no more than four tries come in a "
    "second; seen with three of them.",
    source=f"{_AGAIN}; gRPC: clients back off",
    cost="A thousand Rodents that register without a pause keep a Toggle down that comes back.",
    needs=("register",),
    waits=("register_again", "register_again"),
)
def not_hot(rig: RodentRig) -> None:
    """Three refusals."""
    rig.toggle.on_register.always(grpc.StatusCode.UNAVAILABLE)
    rig.start()
    third = rig.wait_for_call(
        "Register", 3, timeout=rig.patience("start", "register_again", "register_again")
    )
    took = third.arrived - rig.calls("Register")[0].arrived
    rig.expect(
        took >= 2 * _LEAST_PAUSE, f"three tries of Register came within {took * 1000:.0f} ms"
    )


@REGISTER.case(
    "certificate",
    "A certificate in the answer to Register is no failure",
    rule="After an answer with domain, certificate, private key and expires_on, Connect is called, "
    "as after one without; commands are answered.",
    source="the schema: RegisterResponse; the published Rodent on the wire: one in a private "
    "network ignores it",
    cost="A new node that is issued a certificate never connects.",
    needs=("register", "connect"),
    waits=("connect",),
)
def certificate(rig: RodentRig) -> None:
    """One for a domain."""
    toggle = rig.toggle
    issued = toggle.on_register.always(toggle.authority.registration("n1.example.net"))
    with issued:
        rig.start()
        talk_once(rig)


@REGISTER.case(
    "late-answer",
    "A Register that is answered late is waited for",
    rule="While Register is not answered, there is no Connect. Once it is, Connect follows; the "
    "Rodent may also have given up, and register again.",
    source="the published Rodent on the wire: Register has no deadline, Connect follows a success",
    cost="A Toggle that is slow to register a thousand Rodents has streams of ones it does not "
    "know, or loses those that have given up.",
    needs=("register", "connect"),
    waits=("connect", "register_again", "connect"),
)
def late_answer(rig: RodentRig) -> None:
    """Held, and let go."""
    with rig.toggle.on_register.always(delay(_UNTIL_HEALED)):
        rig.start()
        rig.wait_for_call("Register", timeout=rig.patience("start"))
        # As long as a Connect takes that does not wait for the answer.
        rig.never(
            lambda: rig.calls("Connect"),
            max(1.0, 1.5 * rig.contract.times.connect),
            "it has called Connect while Register was not answered",
        )
        rig.reached(not rig.calls("Register", "OK"), "Register was answered")
    rig.until(
        lambda: rig.toggle.rodents.connected,
        rig.patience("register_again", "connect"),
        "Register was answered, and there was no Connect",
    )


@REGISTER.case(
    "toggle-absent",
    "Toggle need not be there when a Rodent starts",
    rule="A Rodent whose first dial leads nowhere goes on running, registers once Toggle is there, "
    "and connects.",
    source=_AGAIN,
    cost="After a power failure nodes are up before Toggle is, and stay out.",
    needs=("register", "connect"),
    waits=("register_again", "connect"),
)
def toggle_absent(rig: RodentRig) -> None:
    """Dials that are reset, then Toggle."""
    with Door(rig.toggle.address) as door:
        door.shut()
        rig.start(TOGGLE_ADDRESS=door.address)
        rig.until(lambda: door.dials, rig.patience("start"), "it has not dialed")
        door.open()
        rig.until(
            lambda: rig.toggle.rodents.connected,
            rig.patience("start", "register_again", "connect"),
            "Toggle is there, and there was no Connect",
        )


@REGISTER.case(
    "early-events",
    "Events from before Register has succeeded are not lost",
    rule="Ten events that are emitted after Register was refused arrive once it succeeds, if they "
    "have not arrived before.",
    source="rodent_events, docs/delivery.md: an event that was accepted is delivered",
    cost="What happens while a node boots, disks that are missing above all, is never seen.",
    needs=("register", "driver"),
    profiles=("guarantees",),
    waits=("register_again", "register_again", "batch"),
)
def early_events(rig: RodentRig) -> None:
    """Ten events, then a Register that succeeds."""
    refusing = rig.toggle.on_register.always(grpc.StatusCode.UNAVAILABLE)
    agent = rig.start()
    # Who calls again has seen the first refusal.
    rig.wait_for_call("Register", 2, timeout=rig.patience("start", "register_again"))
    marks = agent.emit(10)
    refusing.heal()
    begin = clock.monotonic()
    rig.wait_for_call("Register", status="OK", timeout=rig.patience("register_again"))
    left = rig.patience("register_again", "batch") - (clock.monotonic() - begin)
    rig.wait_for_marks(marks, left)
