"""What goes with each call besides its messages, and which calls there are."""

from __future__ import annotations

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.recording.records import RecordedCall

CALLS: Group[RodentRig] = Group("calls", "What goes with each call")

_SOURCE = (
    "the published Rodent on the wire: metadata `authorization: Bearer <jwt>` on every call, and "
    "nothing else"
)
_COST = "Toggle refuses the call with UNAUTHENTICATED: as far as it can tell, nobody has called."
_RULE = (
    "The metadata of {method} has `authorization` exactly once, `Bearer ` and the token that the "
    "Rodent was given."
)


def _has_token(rig: RodentRig, call: RecordedCall) -> None:
    """A call came with the Rodent's token, which Toggle has verified."""
    given = [key for key, _ in call.metadata].count("authorization")
    rig.expect(given == 1, f"{call.method} has {given} authorization among its metadata")
    rig.until(
        lambda: call.status is not None or rig.toggle.rodents.connected,
        rig.patience("answer"),
        f"{call.method} was not answered",
    )
    rig.expect(
        call.status not in {"UNAUTHENTICATED", "PERMISSION_DENIED"},
        f"the token of {call.method} was refused: {call.details}",
    )


@CALLS.case(
    "register-token",
    "Register carries the token",
    rule=_RULE.format(method="Register"),
    source=_SOURCE,
    cost=_COST,
    needs=("register",),
)
def register_token(rig: RodentRig) -> None:
    """The first Register."""
    rig.start()
    _has_token(rig, rig.wait_for_call("Register", timeout=rig.patience("start")))


@CALLS.case(
    "connect-token",
    "Connect carries the token",
    rule=_RULE.format(method="Connect"),
    source=_SOURCE,
    cost=_COST,
    needs=("connect",),
    waits=("connect",),
)
def connect_token(rig: RodentRig) -> None:
    """The first Connect."""
    rig.start()
    _has_token(rig, rig.wait_for_call("Connect", timeout=rig.patience("start", "connect")))


@CALLS.case(
    "events-token",
    "SendEvents carries the token",
    rule=_RULE.format(method="SendEvents"),
    source=_SOURCE,
    cost=_COST,
    needs=("events",),
    waits=("batch",),
)
def events_token(rig: RodentRig) -> None:
    """The first batch."""
    rig.start().provoke()
    _has_token(rig, rig.wait_for_call("SendEvents", timeout=rig.patience("start", "batch")))


@CALLS.case(
    "nothing-secret",
    "The token is nowhere else in a call",
    rule="No other metadata and no message of any call has the token in it.",
    source="the published Rodent on the wire: nothing else is sent; RFC 6750, section 5.3",
    cost="Proxies and logs keep metadata and messages, and whoever reads them can be this Rodent.",
    needs=("events",),
    waits=("batch",),
)
def nothing_secret(rig: RodentRig) -> None:
    """All calls until an event is there."""
    query = rig.start().provoke()
    rig.toggle.wait_for(query, timeout=rig.patience("start", "batch"))
    for call in rig.toggle.calls:
        for key, value in call.metadata:
            rig.expect(
                not rig.has_secret(value), f"{call.method} has the token in its metadata, as {key}"
            )
        for raw in call.requests:
            rig.expect(not rig.has_secret(raw), f"{call.method} has the token in its message")


@CALLS.case(
    "known-methods",
    "No method is called that there is not",
    rule="Besides health checks and reflection, only Register, Connect and SendEvents are called.",
    source="the schema: service rodent.RodentService has three methods",
    cost="Each such call is an error in Toggle's logs and alerts, and does nothing.",
    severity="should",
    needs=("events",),
    waits=("batch",),
)
def known_methods(rig: RodentRig) -> None:
    """All calls until an event is there."""
    query = rig.start().provoke()
    rig.toggle.wait_for(query, timeout=rig.patience("start", "batch"))
    unknown = [one.method for one in rig.toggle.recording.refusals if one.kind == "unknown_method"]
    rig.expect(not unknown, f"it has called {', '.join(sorted(set(unknown)))}")
