"""A recorded Toggle answers again: the same to the same events, and nothing to others."""

from grpc import StatusCode

from rodent_events import Event, EventBatch, EventClient


def send(toggle, source: str, batch_id: str) -> str:
    batch = EventBatch(events=[Event(source=source, event_id=batch_id)], batch_id=batch_id)
    with EventClient(target=toggle.address, jwt=toggle.jwt()) as client:
        return client.send_batch(batch).status.name


def test_what_was_refused_is_refused_again(toggle_server, make_toggle_server):
    toggle_server.on_send_events.always(StatusCode.ABORTED, matching="source:pools")
    for source in ("pools", "shares"):
        send(toggle_server, source, "b1")

    again = make_toggle_server(replay=toggle_server.recording)
    assert send(again, "shares", "b2") == "OK"
    assert send(again, "pools", "b3") == "ABORTED"
    assert send(again, "disks", "b4") == "INVALID_ARGUMENT"
    assert "1 of its events are not in it" in again.refusals[0].details
