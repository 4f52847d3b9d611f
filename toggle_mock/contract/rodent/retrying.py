"""Retries: what follows a SendEvents that has failed."""

from __future__ import annotations

import grpc

from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.rig import RodentRig

RETRY: Group[RodentRig] = Group("retry", "What follows a SendEvents that has failed")


@RETRY.case(
    "same-bytes",
    "A retry has the id and the bytes of the first try",
    rule="After UNAVAILABLE the same batch is sent again: the same batch_id, byte for byte.",
    source="the published Rodent on the wire: each try has the same batch_id and bytes",
    cost="Toggle cannot tell a retry from new events, and stores what it has had twice.",
    needs=("events",),
    waits=("batch", "retry"),
)
def same_bytes(rig: RodentRig) -> None:
    """One refusal."""
    refusals = rig.toggle.on_send_events.returns([grpc.StatusCode.UNAVAILABLE])
    query = rig.start().provoke()
    rig.toggle.wait_for(query, timeout=rig.patience("batch", "retry"))
    rig.reached(not refusals.remaining, "no SendEvents was refused")
    first, second = rig.calls("SendEvents")[:2]
    rig.expect(
        first.requests == second.requests,
        f"the first try was {rig.sent()[0].batch_id} of {len(first.requests[0])} bytes, the second "
        f"{rig.sent()[1].batch_id} of {len(second.requests[0])}",
    )
