"""The beginning and the end of a Rodent, as Toggle sees them."""

from __future__ import annotations

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.conversation import Conversation, status, talk_once
from toggle_mock.contract.rodent.door import Door
from toggle_mock.contract.rodent.rig import RodentRig

LIFE: Group[RodentRig] = Group("life", "Its beginning and its end")

_WIRE = "the published Rodent on the wire"


@LIFE.case(
    "startup-event",
    "A Rodent reports that it has started",
    rule="An event with a SystemStartupPayload arrives, without anything being asked.",
    source=f"{_WIRE}: after Register it emits startup or registration",
    cost="In the history of a node its crashes and restarts cannot be seen.",
    severity="should",
    needs=("register",),
    waits=("batch",),
)
def startup_event(rig: RodentRig) -> None:
    """By itself."""
    rig.start()
    rig.toggle.wait_for("payload:startup", timeout=rig.patience("start", "batch"))


@LIFE.case(
    "shutdown-event",
    "A Rodent reports that it stops",
    rule="After SIGTERM an event with a SystemShutdownPayload arrives before the program ends.",
    source="rodent_events, docs/delivery.md; the published Rodent emits it, and loses it",
    cost="A node that was stopped on purpose looks like one that is lost, at night.",
    severity="should",
    needs=("register", "connect"),
    profiles=("guarantees",),
    waits=("connect",),
)
def shutdown_event(rig: RodentRig) -> None:
    """SIGTERM, once it is connected."""
    agent = rig.start()
    talk_once(rig)
    agent.terminate()
    rig.toggle.wait_for("payload:shutdown", timeout=rig.patience())


@LIFE.case(
    "stream-end",
    "SIGTERM ends the stream in order",
    rule="After SIGTERM the Rodent ends its stream (END_STREAM, RST_STREAM or GOAWAY of HTTP/2) "
    "before its connection ends, and then itself.",
    source="gRPC: a client that is done cancels or half-closes its calls",
    cost="Toggle takes the node for lost until its keepalive has failed, and sends it commands.",
    severity="should",
    needs=("connect",),
    waits=("connect",),
)
def stream_end(rig: RodentRig) -> None:
    """SIGTERM while the stream is silent."""
    with Door(rig.toggle.address) as door:
        agent = rig.start(TOGGLE_ADDRESS=door.address)
        talk = Conversation(rig)
        talk.ask(status())
        rig.reached(door.open_streams, "its stream of HTTP/2 was not seen")
        agent.terminate()
        rig.until_ended(talk.call)
        rig.expect(not door.open_streams, "its connection has ended without a word")
