"""Drawn payloads of every type and revision on their whole way, and back."""

import tempfile
from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.comparing import canonical

from rodent_events import EventBus
from rodent_events.config import CATEGORIES
from toggle_mock.recording.files import load, save
from toggle_mock.schema import REVISIONS, load_schema
from toggle_mock.strategies import from_message

pytestmark = pytest.mark.slow

ALL_CATEGORIES = [name for name in CATEGORIES.values() if name != "UNSPECIFIED"]
FORMATS = (".ndjson", ".sqlite", ".pb")


def one_of_each(revision: str) -> st.SearchStrategy[tuple[Message, ...]]:
    schema = load_schema(revision)
    return st.tuples(*(from_message(name, schema=schema) for name in schema.payload_types))


@pytest.mark.parametrize("revision", REVISIONS)
@settings(max_examples=5, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_payloads_are_the_same_at_the_end_of_the_whole_way(revision, data, toggle_server):
    toggle_server.clear()
    drawn = data.draw(one_of_each(revision))
    with tempfile.TemporaryDirectory() as folder:
        options = {"events_dir": Path(folder) / "spool", "enabled_categories": ALL_CATEGORIES}
        with EventBus(**options, target="127.0.0.1:1", jwt=toggle_server.jwt()) as bus:
            for payload in drawn:
                bus.emit(payload)
            bus.shutdown(1)  # no Toggle is there: they stay on disk
        with EventBus(**options, target=toggle_server.address, jwt=toggle_server.jwt()) as bus:
            assert bus.flush(30)
            assert bus.get_stats()["recovered"] == len(drawn)

        def seen(recording) -> list[bytes]:
            return [canonical(event.under(revision).payload) for event in recording.events]

        expected = [canonical(payload) for payload in drawn]
        assert seen(toggle_server.recording) == expected
        for suffix in FORMATS:
            path = Path(folder) / f"run{suffix}"
            save(toggle_server.recording, path)
            assert seen(load(path)) == expected, suffix
