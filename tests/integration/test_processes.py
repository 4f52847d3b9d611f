"""Other modules, stubs and schemas beside this package, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(code: str, **options) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_top_level_module_named_proto_and_one_named_events_stay_usable(tmp_path):
    for name in ("proto", "events", "base_pb2"):
        (tmp_path / f"{name}.py").write_text(f"NAME = {name!r}\n")
    code = """
import rodent_events, proto, events, base_pb2, sys
assert (proto.NAME, events.NAME, base_pb2.NAME) == ("proto", "events", "base_pb2")
rodent_events.emit(rodent_events.StoragePoolPayload())
assert rodent_events.get_stats()["waiting"] == 1
"""
    run(code, cwd=tmp_path)


@pytest.mark.parametrize("ours_first", [True, False])
def test_the_stubs_of_another_project_from_the_same_proto_files(tmp_path, ours_first):
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}"),
            *(f"--python_out={tmp_path}", "base.proto", "events/event_messages.proto"),
        ],
        check=True,
    )
    imports = ["import rodent_events", "import base_pb2, events.event_messages_pb2 as theirs"]
    code = f"""
{chr(10).join(imports if ours_first else reversed(imports))}
payload = theirs.StoragePoolPayload(pool_name="tank")
assert not isinstance(payload, rodent_events.StoragePoolPayload)
assert rodent_events.emit(payload) is not None
"""
    run(code, cwd=tmp_path)


def test_the_agent_side_needs_none_of_the_extras():
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"click", "rich", "jwt", "psutil", "grpc_health",
                                  "grpc_reflection", "pytest", "toggle_mock"}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import rodent_events
rodent_events.emit(rodent_events.StoragePoolPayload())
"""
    run(code)


def test_events_that_nobody_initialized_for_are_reported_at_the_end():
    code = "import rodent_events; rodent_events.emit(rodent_events.StoragePoolPayload())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "1 events are lost: they were emitted without initialize()" in done.stderr


def test_importing_starts_no_thread_and_touches_no_file(tmp_path):
    code = """
import threading, rodent_events
assert threading.active_count() == 1
"""
    run(code, env={"HOME": str(tmp_path), "PATH": ""})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "raise ValueError('bang')"])
def test_events_survive_the_end_of_the_interpreter(tmp_path, toggle_server, ending):
    code = f"""
import sys, rodent_events
rodent_events.initialize(target={toggle_server.address!r}, jwt={toggle_server.jwt()!r},
                         events_dir={str(tmp_path)!r})
rodent_events.emit(rodent_events.StoragePoolPayload(pool_name="last words"))
{ending}
"""
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, timeout=60)
    (event,) = toggle_server.events
    assert event.payload.pool_name == "last words"
