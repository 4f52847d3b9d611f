"""Keepalive: pings on a connection that is silent, and what follows if they are not answered."""

from __future__ import annotations

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.conversation import talk_once
from toggle_mock.contract.rodent.door import Door
from toggle_mock.contract.rodent.rig import RodentRig

KEEPALIVE: Group[RodentRig] = Group("keepalive", "Keepalive")

_WIRE = "the published Rodent on the wire: a ping each 40 s also without calls, 20 s for its answer"

_WATCHED = 3.0
"""Seconds in which pings are counted."""


@KEEPALIVE.case(
    "pings",
    "A silent connection is pinged",
    rule="While nothing goes over the stream, pings of HTTP/2 come, in the contract's keepalive.",
    source=_WIRE,
    cost="A firewall forgets the connection, and nobody notices: commands go nowhere for hours.",
    needs=("connect",),
    waits=("connect", "keepalive", "keepalive"),
)
def pings(rig: RodentRig) -> None:
    """Two of them."""
    with Door(rig.serve(ping_interval=rig.contract.times.keepalive / 4).address) as door:
        rig.start(TOGGLE_ADDRESS=door.address)
        rig.connected()
        begin = door.pings
        rig.until(
            lambda: door.pings >= begin + 2,
            rig.patience("keepalive", "keepalive"),
            "there were not two pings on a silent connection",
        )


@KEEPALIVE.case(
    "not-too-fast",
    "A silent connection is not pinged too often",
    rule=f"In {_WATCHED:g} s of silence come no more than two pings, besides those that twice the "
    "pace of the contract's keepalive allows, and the stream stays open.",
    source="gRPC: a server answers too many pings with GOAWAY too_many_pings; Toggle permits one "
    "each 10 s",
    cost="The stream is torn down again and again, with ENHANCE_YOUR_CALM.",
    needs=("connect",),
    waits=("connect",),
)
def not_too_fast(rig: RodentRig) -> None:
    """Silence for a while."""
    keepalive = rig.contract.times.keepalive
    with Door(rig.serve(ping_interval=min(10.0, keepalive / 4)).address) as door:
        rig.start(TOGGLE_ADDRESS=door.address)
        call = rig.connected().calls[-1]
        most = door.pings + 2 + int(2 * _WATCHED / keepalive)
        rig.never(
            lambda: door.pings > most or call.status is not None,
            _WATCHED,
            f"it pings too often: more than {most} times within {_WATCHED:g} s, or so that Toggle "
            "has ended the connection",
        )


@KEEPALIVE.case(
    "half-open",
    "A connection on which nothing gets through is given up",
    rule="Nothing gets through any more, and nobody is told: the Rodent connects anew within the "
    "contract's keepalive, keepalive_timeout and redial.",
    source=_WIRE,
    cost="After a failover of the network the node seems to be connected, and hears nothing.",
    needs=("connect",),
    waits=("connect", "keepalive", "keepalive_timeout", "redial"),
)
def half_open(rig: RodentRig) -> None:
    """The connections that there are."""
    rig.serve(ping_interval=rig.contract.times.keepalive / 4)
    rig.start()
    talk_once(rig)
    with rig.toggle.faults.half_open():
        before = len(rig.calls("Connect"))
        rig.until(
            lambda: len(rig.calls("Connect")) > before,
            rig.patience("keepalive", "keepalive_timeout", "redial"),
            "there was no new stream on a connection that works",
        )
