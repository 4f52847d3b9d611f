import os
import subprocess
import sys

import pytest
import snapctl
from click.testing import CliRunner


@pytest.fixture
def environment(toggle_server, tmp_path):
    return {
        "TOGGLE": toggle_server.address,
        "TOGGLE_JWT": toggle_server.jwt(),
        "SPOOL": str(tmp_path / "spool"),
    }


@pytest.fixture
def run(environment):
    return lambda *arguments: CliRunner(env=environment).invoke(snapctl.main, arguments)


def test_what_it_did_has_arrived_when_it_ends(run, toggle_server):
    assert run("create", "tank@daily").output == "tank@daily is there\n"
    toggle_server.assert_only("dataset_name:tank snapshot_name:daily", count=1)


def test_a_failure_is_reported_too(run, toggle_server):
    assert run("create", "tank").exit_code == 2
    toggle_server.assert_only("level:ERROR dataset_name:tank metadata.error:no*", count=1)


def test_the_next_command_reports_what_one_could_not(run, toggle_server, monkeypatch):
    with toggle_server.faults.outage(), monkeypatch.context() as patches:
        patches.setattr(snapctl, "PATIENCE", 2.0)
        result = run("create", "tank@lost")
        assert "with the next command" in result.output
        assert result.exit_code == 0
    run("create", "tank@found")
    toggle_server.assert_in_order("snapshot_name:lost", "snapshot_name:found")


def test_as_it_is_installed(environment, toggle_server):
    command = [sys.executable, snapctl.__file__, "create", "tank@daily"]
    subprocess.run(command, env=os.environ | environment, check=True)
    toggle_server.assert_only("snapshot_name:daily", count=1)
