"""docs/schema-upgrade.md, followed with a revision that nobody has published."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.tree import ROOT, changed_files, copied, run

sys.path.append(str(ROOT / "tools"))

from add_revision import add

PAGE = (ROOT / "docs" / "schema-upgrade.md").read_text()
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
NEWEST = max(path.name for path in (ROOT / "proto" / "revisions").iterdir())
DATE = "2026-01-15"
EVENTS = "events/event_messages.proto"

FIELD = """
  // Pools that it was split from.
  // Example: tank
  repeated string split_from = 90;
"""
PAYLOAD = """
// A sensor of the enclosure was read.
message StorageSensorPayload {
  // Degrees Celsius.
  // Example: 41
  int32 celsius = 1;
}
"""

USE = """
from rodent_events import EventBus
from toggle_mock import ToggleServer, load_schema
from toggle_mock.compat import check

date, folder = DATE, FOLDER
schema = load_schema(date)
pool, sensor = (
    schema.message_class(f"rodent.events.{name}")
    for name in ("StoragePoolPayload", "StorageSensorPayload")
)
with ToggleServer(schema=date) as toggle:
    with EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=folder) as bus:
        bus.emit(pool(pool_name="tank", split_from=["old"]))
        bus.emit(sensor(celsius=41))
    (one,) = toggle.wait_for("payload:pool split_from:old")
    assert list(one.payload.split_from) == ["old"]
    (other,) = toggle.wait_for("payload:storage_sensor celsius:>40")
    assert other.payload_type == "StorageSensorPayload"
report = check(NEWEST, date)
rows = {row.short_name: row for row in report.rows}
assert str(rows["StoragePoolPayload"].new_to_old) != "identical", rows["StoragePoolPayload"]
"""


@pytest.fixture
def published(tmp_path):
    """The newest revision, with a field and a payload type more."""
    folder = tmp_path / "published"
    shutil.copytree(ROOT / "proto" / "revisions" / NEWEST, folder)
    path = folder / EVENTS
    text = path.read_text()
    for place, new in (
        ("message StoragePoolPayload {\n", FIELD),
        (
            "message StorageEvent {\n  oneof event_type {\n",
            "    StorageSensorPayload sensor_event = 90;\n",
        ),
    ):
        assert text.count(place) == 1, place
        text = text.replace(place, place + new)
    path.write_text(text + PAYLOAD)
    return folder


@pytest.mark.timeout(300)
def test_a_new_revision_is_taken_up_by_one_command(tmp_path, published):
    copy = copied(tmp_path / "copy")
    shutil.copytree(published, copy / "published")
    assert f"make revision FROM=published DATE={DATE}" in COMMANDS
    run(
        copy,
        "make",
        "revision",
        "FROM=published",
        f"DATE={DATE}",
        "--old-file=.venv/.ready",
        "--old-file=.venv-proto/.ready",
    )
    shutil.rmtree(copy / "published")

    changed = {name for name in changed_files(copy) if not name.startswith(".")}
    assert changed == {
        f"proto/revisions/{DATE}/base.proto",
        f"proto/revisions/{DATE}/{EVENTS}",
        f"toggle_mock/revisions/{DATE}.binpb",
        f"toggle_mock/revisions/{DATE}/base.proto",
        f"toggle_mock/revisions/{DATE}/{EVENTS}",
        "docs/compatibility.md",
        "docs/payloads.md",
    }
    assert f"### {NEWEST} to {DATE}\n" in (copy / "docs/compatibility.md").read_text()
    payloads = (copy / "docs/payloads.md").read_text()
    assert "StorageSensorPayload" in payloads
    assert "split_from" in payloads
    run(copy, ".venv-proto/bin/python", "tools/generate.py", "--check")
    run(copy, ".venv/bin/python", "tools/schemas.py", "--check")
    run(copy, ".venv/bin/toggle-mock", "schema", "show", DATE)
    use = USE.replace("DATE", repr(DATE), 1).replace("FOLDER", repr(str(tmp_path / "events")), 1)
    run(copy, ".venv/bin/python", "-c", use.replace("NEWEST", repr(NEWEST), 1))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("command", [command for command in COMMANDS if "toggle-mock" in command])
def test_the_page_compares_it_before(published, command):
    program, *arguments = command.split()
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=published.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StorageSensorPayload" in done.stdout, done.stderr
    assert done.returncode == 0  # what is only new is a note


@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("soon", "DATE is 'soon', not a date such as 2026-01-15"),
        ("20260115", "DATE is 20260115: the newest revision is"),
        (NEWEST, f"the newest revision is {NEWEST}, a new one is later"),
        ("2020-01-01", f"the newest revision is {NEWEST}, a new one is later"),
    ],
)
def test_a_wrong_date_changes_nothing(tmp_path, published, day, told):
    revisions = tmp_path / "revisions"
    (revisions / NEWEST).mkdir(parents=True)
    with pytest.raises(ValueError, match=re.escape(told)):
        add(published, day, revisions)
    assert [path.name for path in revisions.iterdir()] == [NEWEST]


def test_wrong_files_change_nothing(tmp_path, published):
    revisions = tmp_path / "revisions"
    (revisions / NEWEST).mkdir(parents=True)
    with (published / EVENTS).open("a") as file:
        file.write("message {")
    with pytest.raises(ValueError, match=r"^FROM is .*event_messages.proto"):
        add(published, DATE, revisions)
    (published / "base.proto").unlink()
    with pytest.raises(ValueError, match=r"has no base.proto"):
        add(published, DATE, revisions)
    assert [path.name for path in revisions.iterdir()] == [NEWEST]
