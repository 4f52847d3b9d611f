"""Retries: what follows a SendEvents that has failed."""

from __future__ import annotations

import time

import grpc

from rodent_events.pb.base_pb2 import EventBatchResponse
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.faults.outcomes import delay, hang, lose_answer, reject

RETRY: Group[RodentRig] = Group("retry", "What follows a SendEvents that has failed")


_SLOW = 1.0
"""Seconds until a batch is answered, where something is to be asked before that."""


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


@RETRY.case(
    "lost-answer",
    "A batch whose answer was lost is followed by the same batch",
    rule="Toggle accepts a batch, and its answer is lost. The next try is the same batch, byte for "
    "byte, so that it is known again.",
    source="the published Rodent on the wire: retries keep the batch id, also after a lost answer",
    cost="Each answer that a network loses is a batch of events that Toggle has twice.",
    needs=("events",),
    waits=("batch", "retry"),
)
def lost_answer(rig: RodentRig) -> None:
    """One answer that is lost."""
    lost = rig.toggle.on_send_events.returns([lose_answer()])
    query = rig.start().provoke()
    delivered.event(rig, query, "start", "batch", "retry")
    rig.reached(not lost.remaining, "no answer was lost")
    second = rig.wait_for_call("SendEvents", 2, timeout=rig.patience("retry"))
    first = rig.calls("SendEvents")[0]
    rig.expect(
        first.requests == second.requests,
        f"the batch was {rig.sent()[0].batch_id}; after its answer was lost, "
        f"{rig.sent()[1].batch_id} was sent",
    )
    delivered.once(rig)


@RETRY.case(
    "not-recut",
    "A retry takes no events in that have come meanwhile",
    rule="Toggle accepts a batch, and holds the answer back while further events are emitted; then "
    "the answer is lost. The batch is sent again as it was, and the others in batches of their "
    "own: no event arrives under two batch ids.",
    source=delivered.PROMISES,
    cost="Toggle knows a batch by its id: the same events in another batch are stored twice.",
    needs=("driver",),
    waits=("batch", "retry", "batch"),
)
def not_recut(rig: RodentRig) -> None:
    """Events that come while a batch is under way whose answer is lost."""
    held = rig.toggle.faults.failing(hang(accepted=True), matching=delivered.POOLS)
    agent = rig.start()
    marks = agent.emit(3)
    delivered.all_of(rig, marks, "start", "batch")
    marks += agent.emit(5)
    held.heal()
    delivered.all_of(rig, marks, "batch", "retry", "batch")


@RETRY.case(
    "rejected",
    "An answer with success=false is no success",
    rule="Toggle answers a batch with success=false. It is sent again, or else its events are not "
    "counted as delivered, and a flush that they are part of is not complete.",
    source="the schema: EventBatchResponse.success, whether the batch was accepted",
    cost="Events that Toggle has refused are gone, and all numbers say that they have arrived.",
    needs=("driver",),
    profiles=("guarantees",),
    waits=("batch", "retry"),
)
def rejected(rig: RodentRig) -> None:
    """One batch that is rejected while it is flushed, and what its driver says of it."""
    rig.toggle.on_send_events.returns([delay(_SLOW, reject("no"))], matching=delivered.POOLS)
    agent = rig.start()
    marks = agent.emit(3)
    asked = time.time()
    complete = agent.flush(_SLOW + rig.contract.times.retry + 1)
    rejected = rig.until(
        lambda: _rejections(rig), rig.patience("start", "batch"), "no batch was sent"
    )
    rig.reached(asked < rejected[0], "it was asked to flush when a batch was rejected already")
    missing = rig.missing(marks)
    rig.expect(
        not (complete and missing),
        f"flush says that it is complete, and {len(missing)} rejected events never arrived",
    )
    counted = agent.stats().get("delivered", 0)
    rig.expect(
        counted <= delivered.count(rig),
        f"it counts {counted} events as delivered, of which Toggle has accepted "
        f"{delivered.count(rig)}",
    )


def _rejections(rig: RodentRig) -> list[float]:
    """When batches were rejected."""
    return [
        message.at
        for call in rig.calls("SendEvents")
        for message in call.messages
        if message.sent and not EventBatchResponse.FromString(message.raw).success
    ]


@RETRY.case(
    "hung-call",
    "A call that is never answered is given up, and tried again",
    rule="A SendEvents that Toggle does not answer ends within the time that is said of a call, "
    "and the same batch is sent again.",
    source="the published Rodent on the wire: a try may take 30 s",
    cost="One Toggle that hangs once, and the node is silent until somebody restarts it.",
    needs=("events",),
    waits=("batch", "send", "retry"),
)
def hung_call(rig: RodentRig) -> None:
    """One call that hangs."""
    hung = rig.toggle.on_send_events.returns([hang()])
    query = rig.start().provoke()
    second = rig.wait_for_call(
        "SendEvents", 2, timeout=rig.patience("start", "batch", "send", "retry")
    )
    rig.reached(not hung.remaining, "no SendEvents was left without an answer")
    first = rig.calls("SendEvents")[0]
    rig.expect(
        first.requests == second.requests, "the second call is another batch than the one that hung"
    )
    delivered.event(rig, query, "batch", "retry")
