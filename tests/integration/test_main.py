"""``python -m rodent_events``, and the text for a bug report."""

import json
import os
import re
import subprocess
import sys

import pytest
from support.delivery import emit, ids

import rodent_events
from rodent_events import EventBatch, EventBus


@pytest.fixture
def folder(settings):
    return settings["events_dir"]


@pytest.fixture
def left(settings, free_port):
    """The ids of events that an agent has left in the folder."""
    with EventBus(target=f"127.0.0.1:{free_port}", **settings, batch_size=10) as bus:
        sent = emit(bus, 25)
        assert not bus.shutdown(0.1)
    return sent


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rodent_events", *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_report_tells_all_but_secrets(settings, folder, free_port):
    token = "very.secret.token"
    settings |= {"jwt": token, "on_drop": print, "enabled_levels": ["WARN", "ERROR"]}
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        emit(bus, 5)
        report = bus.debug_info()
        assert f"target: 127.0.0.1:{free_port}" in report
        assert "jwt: set" in report
        assert "enabled_levels: ERROR, WARN" in report
        assert "filtered: 5" in report
        assert "rodent-events" in report
        assert f"{folder}: 0 files, 0 bytes, in use" in report
        assert "state: ok" in report
        assert "rodent-events-send" in report, "the threads"
    assert token not in report


def test_a_report_of_an_outage_says_since_when_and_why(settings, free_port):
    with EventBus(target=f"127.0.0.1:{free_port}", **settings) as bus:
        emit(bus, 5)
        assert not bus.flush(1)
        report = bus.debug_info()
    assert "state: failing" in report
    assert "last_error: UNAVAILABLE" in report
    assert "remedy: see that Toggle runs" in report
    assert "failing_since: 20" in report


def test_the_global_bus_has_one_too():
    assert "the bus does not run" in rodent_events.debug_info()


def test_without_a_command_it_prints_versions_settings_and_files(folder, left):
    done = run("--events-dir", folder, RODENT_EVENTS_JWT="very.secret.token")
    assert done.returncode == 0, done.stderr
    assert f"grpcio {__import__('grpc').__version__}" in done.stdout
    assert "jwt: set" in done.stdout
    assert "very.secret" not in done.stdout
    assert re.search(rf"  {folder}: [1-9] files, [1-9]\d+ bytes, not in use\n", done.stdout)
    assert (
        done.stdout
        == run("info", RODENT_EVENTS_EVENTS_DIR=str(folder), RODENT_EVENTS_JWT="x.y.z").stdout
    )


def test_a_setting_that_is_wrong_is_told():
    done = run("ls", RODENT_EVENTS_BATCH_SIZE="many")
    assert done.returncode == 1
    assert done.stderr.startswith("python -m rodent_events: ")
    assert "RODENT_EVENTS_BATCH_SIZE" in done.stderr


def test_ls_lists_the_files_of_all_processes(folder, left):
    (folder / "process-1-1").mkdir()
    (folder / "process-1-1" / "0.pb").write_bytes(b"junk")
    done = run("--events-dir", folder, "ls")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert " ".join(lines[0].split()) == "0 events 4 bytes 0.pb truncated field at byte 0"
    assert sum(int(line.split()[0]) for line in lines[1:-1]) == 25
    assert lines[-1].split() == ["25", "events", "wait", "in", str(folder)]
    assert (folder / "process-1-1" / "0.pb").read_bytes() == b"junk"


def test_cat_prints_the_events_oldest_first(folder, left):
    done = run("--events-dir", folder, "cat")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event_id"] for event in events] == left
    assert events[0]["metadata"] == {"n": "0"}


def test_drain_delivers_what_waits(folder, left, scripted_toggle):
    settings = {"RODENT_EVENTS_TARGET": scripted_toggle.address, "RODENT_EVENTS_JWT": "a.b.c"}
    done = run("--events-dir", folder, "drain", **settings)
    assert (done.returncode, done.stdout) == (0, "25 of 25 events were delivered.\n"), done.stderr
    assert ids(scripted_toggle.batches) == left


def test_drain_that_fails_says_why(folder, left, free_port):
    settings = {"RODENT_EVENTS_TARGET": f"127.0.0.1:{free_port}", "RODENT_EVENTS_JWT": "a.b.c"}
    done = run("--events-dir", folder, "drain", "--timeout", 1, **settings)
    assert (done.returncode, done.stdout) == (1, "0 of 25 events were delivered.\n")
    assert "25 events still wait" in done.stderr
    assert "see that Toggle runs" in done.stderr


def test_drain_leaves_a_folder_alone_that_an_agent_uses(settings, folder, scripted_toggle):
    with EventBus(target=scripted_toggle.address, **settings):
        done = run("--events-dir", folder, "drain", RODENT_EVENTS_TARGET="127.0.0.1:1")
    assert done.returncode == 1
    assert f"an agent uses {folder}" in done.stderr


def test_nothing_is_left_of_a_batch_that_was_printed(folder, left):
    before = {path.name: path.read_bytes() for path in folder.glob("*.pb")}
    run("--events-dir", folder, "cat")
    assert {path.name: path.read_bytes() for path in folder.glob("*.pb")} == before
    assert sum(len(EventBatch.FromString(data).events) for data in before.values()) == 25
