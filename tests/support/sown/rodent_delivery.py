"""Faults of a Rodent in how it delivers."""

from __future__ import annotations

from rodent_events import client, ids
from rodent_events.pb.base_pb2 import EventBatch
from support.sown.faults import Fault


def new_batch_ids() -> None:
    """Each try has a batch id of its own."""
    send = client.EventClient._send

    def changed(self, data):
        batch = EventBatch.FromString(data)
        batch.batch_id = ids.new_id()
        return send(self, batch.SerializeToString())

    client.EventClient._send = changed


FAULTS = {
    "new-batch-ids": Fault(new_batch_ids, {"retry.same-bytes": "the first try was"}),
}
