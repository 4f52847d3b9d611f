"""A mock in front of a Toggle records both sides, and fails between them."""

from rodent_events import EventClient
from toggle_mock import lose_answer


def test_a_lost_answer(toggle_server, make_toggle_server):
    toggle = toggle_server  # a real one elsewhere
    between = make_toggle_server(forward_to=toggle.address)
    between.on_send_events.returns([lose_answer()])
    with EventClient(target=between.address, jwt=toggle.jwt()) as client:
        outcomes = [client.send_batch(b"\x1a\x02b1").status.name for _ in range(2)]
    assert outcomes == ["UNAVAILABLE", "OK"]
    assert len(toggle.calls) == 2
    assert between.calls[1].responses == toggle.calls[1].responses
