"""The roles that docs/postgres.md gives: a writer records, a reader reads, and neither more."""

import re
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner

from rodent_events import EventBatch, EventClient
from toggle_mock import SimulatedRodent, ToggleServer, load
from toggle_mock.cli.main import main
from toggle_mock.errors import StorageError

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "postgres.md"


@pytest.fixture(scope="module")
def database(postgres):
    """The name of a database with tables, and users of each role."""
    url = postgres.new_database()
    name = url.rpartition("/")[2]
    assert CliRunner().invoke(main, ["recordings", "migrate", "--store", url]).exit_code == 0
    (roles,) = re.findall(r"```sql\n(CREATE ROLE .*?)```", PAGE.read_text(), re.DOTALL)
    postgres.ask(roles, name)
    for role in ("writer", "reader"):
        postgres.ask(f"CREATE ROLE {role} LOGIN PASSWORD 's3cret-{role}'", name)
        postgres.ask(f"GRANT recordings_{role} TO {role}", name)
    return name


def url(postgres, database: str, role: str, run: str) -> str:
    return f"{postgres.url(database, role, f's3cret-{role}')}?run={run}"


def test_a_writer_records_and_reads(postgres, database):
    written = url(postgres, database, "writer", "one")
    with (
        ToggleServer(record=written) as toggle,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        client.send_batch(EventBatch(batch_id="gone", events=[{"event_id": "gone"}]))
        toggle.clear()
        client.send_batch(EventBatch(batch_id="b", events=[{"event_id": "e"}]))
    for role in ("writer", "reader"):
        recording = load(url(postgres, database, role, "one"))
        assert [event.event_id for event in recording.events] == ["e"]


def test_a_writer_shares_a_run(postgres, database):
    shared = url(postgres, database, "writer", "shared")
    with (
        ToggleServer(record=shared, record_shared=True) as toggle,
        ToggleServer(record=shared, record_shared=True) as other,
        EventClient(target=toggle.address, jwt=toggle.jwt()) as client,
    ):
        client.send_batch(EventBatch(batch_id="b", events=[{"event_id": "e"}]))
        assert [event.event_id for event in other.events] == ["e"]
        with other.session(sub="org-1") as session:
            fault = session.on_send_events.returns([grpc.StatusCode.ABORTED] * 2)
            assert client.send_batch(EventBatch(batch_id="c")).status.name == "ABORTED"
            assert fault.remaining == 1
        assert toggle.faults.in_force == []
        with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=0.001):
            assert other.rodents["r1"].command("system.status", timeout=60).success
    asked = "SELECT count(*) FROM toggle_mock.writers"
    assert postgres.ask(asked, database) == [(0,)]


def test_a_reader_does_not_record(postgres, database):
    with pytest.raises(StorageError, match=r"permission denied for .*: see docs/postgres\.md"):
        ToggleServer(record=url(postgres, database, "reader", "two")).start()


@pytest.mark.parametrize("role", ["writer", "reader"])
def test_neither_deletes_runs(postgres, database, role):
    store = url(postgres, database, role, "").partition("?")[0]
    done = CliRunner().invoke(main, ["recordings", "prune", "--keep", "0", "--store", store])
    assert done.exit_code == 1
    assert "permission denied for function forget_runs: see docs/postgres.md" in done.output


def test_who_may_not_make_the_tables_is_told(postgres, database):
    other = postgres.new_database().rpartition("/")[2]
    with pytest.raises(StorageError, match=r"permission denied for database .*: see docs/postgres"):
        ToggleServer(record=url(postgres, other, "writer", "one")).start()
