"""The hook that other projects run before a commit: as pre-commit judges it, and as it runs."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / ".pre-commit-hooks.yaml"
PAGE = ROOT / "docs" / "your-protos.md"
PROTO = 'syntax = "proto3"; package shop; message Order { %s }'


def test_pre_commit_takes_the_manifest(tmp_path):
    command = [sys.executable, "-m", "pre_commit", "validate-manifest"]
    assert subprocess.run([*command, MANIFEST], check=False).returncode == 0
    broken = tmp_path / "hooks.yaml"
    broken.write_text(MANIFEST.read_text().replace("entry:", "entri:"))
    assert subprocess.run([*command, broken], check=False, capture_output=True).returncode == 1


def test_pre_commit_takes_the_configuration_on_the_page(tmp_path):
    block = PAGE.read_text().partition("```yaml\nrepos:")[2].partition("```")[0]
    config = tmp_path / "config.yaml"
    config.write_text(f"repos:{block}")
    command = [sys.executable, "-m", "pre_commit", "validate-config", config]
    assert subprocess.run(command, check=False).returncode == 0
    (repo,) = yaml.safe_load(config.read_text())["repos"]
    (hook,) = yaml.safe_load(MANIFEST.read_text())
    assert [one["id"] for one in repo["hooks"]] == [hook["id"]]


@pytest.mark.parametrize(
    ("after", "code"), [("int64 copies = 1; string note = 2;", 0), ("sint64 copies = 1;", 5)]
)
def test_the_hook_compares_what_is_committed_with_what_is_about_to_be(tmp_path, after, code):
    (hook,) = yaml.safe_load(MANIFEST.read_text())
    path = tmp_path / "proto" / "order.proto"
    path.parent.mkdir()
    path.write_text(PROTO % "int64 copies = 1;")
    git = [shutil.which("git"), "-c", "user.name=a", "-c", "user.email=a@example.net"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "as it was"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True)
    path.write_text(PROTO % after)
    program, *arguments = shlex.split(hook["entry"])
    command = [Path(sys.executable).parent / program, *arguments, *hook["args"]]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
