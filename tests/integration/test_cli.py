"""The command line, as processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import TOGGLE_MOCK

from rodent_events import EventBus, StorageTransferPayload

pytestmark = pytest.mark.slow


def emit_one(address: str, folder: Path, payload: StorageTransferPayload) -> None:
    token = subprocess.run([TOGGLE_MOCK, "token"], capture_output=True, text=True, check=True)
    with EventBus(target=address, jwt=token.stdout, events_dir=folder) as bus:
        bus.emit(payload, metadata={"transfer_id": "t1"})
        assert bus.flush()


def test_serve_prints_the_address_and_each_event(serve, tmp_path):
    process = serve()
    first = process.stdout.readline()
    assert first.startswith("Toggle mock at 127.0.0.1:")
    emit_one(first.split()[-1], tmp_path, StorageTransferPayload(source="tank/a", operation=1))
    line = process.stdout.readline()
    assert "INFO     STORAGE       storage_transfer" in line
    assert "source=tank/a operation=STARTED  [transfer_id=t1]  rodent-1" in line


def test_serve_prints_one_json_object_a_line_if_asked_to(serve, tmp_path):
    process = serve("--json")
    address = json.loads(process.stdout.readline())["listening"]
    emit_one(address, tmp_path, StorageTransferPayload(source="tank/a", size_bytes=2**60))
    received = json.loads(process.stdout.readline())
    assert received["rid"] == "rodent-1"
    event = received["event"]
    assert event["storage_event"]["transfer_event"] == {
        "source": "tank/a",
        "destination": "",
        "size_bytes": str(2**60),
        "transferred_bytes": "0",
        "progress_percent": 0,
        "operation": "STORAGE_TRANSFER_OPERATION_UNSPECIFIED",
    }
    assert event["metadata"] == {"transfer_id": "t1"}


def test_nothing_recorded_reaches_the_terminal_raw(serve, tmp_path):
    process = serve()
    address = process.stdout.readline().split()[-1]
    emit_one(address, tmp_path, StorageTransferPayload(source="\x1b[2J\n\rboo\u202e"))
    line = process.stdout.readline()
    assert "\\x1b[2J\\n\\rboo\\u202e" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_well_on_a_signal(serve, number):
    process = serve()
    process.stdout.readline()
    process.send_signal(number)
    assert process.wait(20) == 0


def test_serve_on_a_chosen_port_and_on_one_that_is_taken(serve, free_port):
    first = serve("--port", str(free_port))
    assert first.stdout.readline().endswith(f":{free_port}\n")
    second = subprocess.run(
        [TOGGLE_MOCK, "serve", "--port", str(free_port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"Error: cannot listen on 127.0.0.1:{free_port}: Address already in use" in second.stderr


def test_demo_once_records_each_event_once_and_ends(monkeypatch, free_port):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")  # which it passes by
    demo = subprocess.run(
        [TOGGLE_MOCK, "demo", "--once"], capture_output=True, text=True, check=False, timeout=60
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "were recorded, each once." in demo.stdout
    for part in ("system_startup", "network_interface", "service_status", "as JSON", "delivered"):
        assert part in demo.stdout
    assert "interface_name=lo" in demo.stdout


def test_demo_ends_on_an_interrupt_with_all_recorded(tmp_path):
    demo = subprocess.Popen(
        [TOGGLE_MOCK, "demo", "--interval", "0.1"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    seen = ""
    while "usage_resource" not in seen:
        seen += demo.stdout.readline()
    os.killpg(demo.pid, signal.SIGINT)
    rest, _ = demo.communicate(timeout=30)
    assert demo.returncode == 0, seen + rest
    assert "were recorded, each once." in rest


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_ends_its_agent_when_only_itself_is_told_to_end(number):
    demo = subprocess.Popen(
        [TOGGLE_MOCK, "demo", "--interval", "0.1"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "RODENT_EVENTS_ENABLED_LEVELS": "ERROR"},
    )
    while "usage_resource" not in demo.stdout.readline():
        pass
    demo.send_signal(number)
    rest, _ = demo.communicate(timeout=30)  # ends only when the agent has closed its output too
    assert demo.returncode == 0, rest


def test_demo_ends_by_a_signal_that_does_not_interrupt_its_main_thread():
    """As when it comes just before that thread begins to wait, or another thread gets it."""
    demo = subprocess.Popen(
        [TOGGLE_MOCK, "demo", "--interval", "0.1"], stdout=subprocess.PIPE, text=True
    )
    while "usage_resource" not in demo.stdout.readline():
        pass
    threads = [int(thread.name) for thread in Path(f"/proc/{demo.pid}/task").iterdir()]
    os.kill(next(thread for thread in threads if thread != demo.pid), signal.SIGTERM)
    try:
        rest, _ = demo.communicate(timeout=30)
    finally:
        demo.terminate()
        demo.communicate()
    assert demo.returncode == 0, rest


@pytest.fixture
def folder(tmp_path, free_port):
    """A folder where an agent has left 250 events."""
    with EventBus(target=f"127.0.0.1:{free_port}", jwt="a.b.c", events_dir=tmp_path) as bus:
        for number in range(250):
            bus.emit(StorageTransferPayload(source=f"tank/{number}"), metadata={"n": str(number)})
        bus.shutdown(0.5)
    return tmp_path


def spool(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [TOGGLE_MOCK, "spool", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_spool_ls_and_verify_tell_what_waits_and_change_nothing(folder):
    before = sorted((path.name, path.read_bytes()) for path in folder.iterdir())
    listed = spool("ls", folder)
    assert listed.stdout.splitlines()[-1] == f"     250 events wait in {folder}"
    assert spool("verify", folder).stdout == "All files are sound.\n"
    assert sorted((path.name, path.read_bytes()) for path in folder.iterdir()) == before


def test_spool_verify_finds_damage(folder):
    path = max(folder.glob("*.pb"), key=lambda path: path.stat().st_size)
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    verified = spool("verify", folder)
    assert verified.returncode == 1
    assert f"{path.name}: wrong checksum at byte 0" in verified.stdout
    assert "damaged: wrong checksum at byte 0" in spool("ls", folder).stdout


def test_spool_shows_odd_names_safely_and_goes_on(folder):
    (folder / "\x1b[31m0.pb").mkdir()
    listed = spool("ls", folder)
    assert "\\x1b[31m0.pb cannot be read" in listed.stderr
    assert "\x1b" not in listed.stderr + listed.stdout
    assert "250 events wait" in listed.stdout


def test_spool_cat_prints_each_event_in_order(folder):
    lines = spool("cat", folder).stdout.splitlines()
    assert len(lines) == 250
    assert "storage_transfer     source=tank/0  [n=0]" in lines[0]
    objects = [json.loads(line) for line in spool("cat", "--json", folder).stdout.splitlines()]
    sources = [o["event"]["storage_event"]["transfer_event"]["source"] for o in objects]
    assert sources == [f"tank/{number}" for number in range(250)]


def test_spool_replay_delivers_what_waits_in_order(folder, toggle_server, tmp_path_factory):
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text(toggle_server.jwt())
    replayed = spool("replay", folder, "--to", toggle_server.address, "--jwt-file", token)
    assert (replayed.returncode, replayed.stdout) == (0, "250 of 250 events were delivered.\n")
    assert [event.payload.source for event in toggle_server.events] == [
        f"tank/{number}" for number in range(250)
    ]


def test_spool_replay_that_fails_says_what_still_waits(folder, free_port, tmp_path_factory):
    token = tmp_path_factory.mktemp("token") / "token"
    token.write_text("a.b.c")
    arguments = ("--to", f"127.0.0.1:{free_port}", "--jwt-file", token, "--timeout", "0.2")
    replayed = spool("replay", folder, *arguments)
    assert replayed.returncode == 1
    assert "Error: 250 events still wait, 0 are quarantined" in replayed.stderr
    assert "jwt is not set" in spool("replay", folder, "--to", "127.0.0.1:1").stderr


def test_the_package_runs_as_a_module():
    run = [sys.executable, "-m", "toggle_mock", "--version"]
    shown = subprocess.run(run, capture_output=True, text=True, check=True)
    assert "toggle-mock, version" in shown.stdout


def test_help_names_the_commands():
    helped = subprocess.run([TOGGLE_MOCK, "--help"], capture_output=True, text=True, check=True)
    for command in ("serve", "demo", "token"):
        assert f"  {command}" in helped.stdout
