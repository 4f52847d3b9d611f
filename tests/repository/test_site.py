"""Each version's documentation stands on a branch beside that of earlier ones."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from support.tree import copied

ADDRESS = "https://docs.example/rodent-events/"


def run(*command: str, cwd: Path, **more: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | more, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path):
    """A copy of the tree in which an earlier version has a site."""
    copy = copied(tmp_path)
    run("git", "init", "--quiet", "--initial-branch", "gh-pages", cwd=copy)
    for key in ("user.name", "user.email"):
        run("git", "config", key, "tests@example.org", cwd=copy)
    earlier = [{"version": "0.0", "title": "0.0", "aliases": ["latest"]}]
    (copy / "versions.json").write_text(json.dumps(earlier))
    (copy / "0.0").mkdir()
    (copy / "0.0" / "index.html").write_text("the earlier one")
    run("git", "add", "versions.json", "0.0", cwd=copy)
    run("git", "commit", "--quiet", "--message", "An earlier version", cwd=copy)
    run("git", "checkout", "--quiet", "-b", "main", cwd=copy)
    return copy


def test_the_site_of_a_version_stands_beside_those_of_earlier_ones(copy):
    # What is set up is set up for another folder than this one.
    run("make", "site", "--old-file=.venv/.ready", cwd=copy, SITE_URL=ADDRESS)

    def at(path: str) -> str:
        return run("git", "show", f"gh-pages:{path}", cwd=copy)

    versions = json.loads(at("versions.json"))
    (new,) = [one for one in versions if one["aliases"] == ["latest"]]
    assert [one["version"] for one in versions] == [new["version"], "0.0"]
    assert at("0.0/index.html") == "the earlier one"
    assert "latest/" in at("index.html")
    page = at(f"{new['version']}/delivery/index.html")
    assert f'<meta property="og:image" content="{ADDRESS}latest/social-card.png">' in page
    assert '<meta property="og:title" content="Delivery · rodent-events">' in page
    assert f'<link rel="canonical" href="{ADDRESS}latest/delivery/">' in page
    run("git", "cat-file", "-e", f"gh-pages:{new['version']}/social-card.png", cwd=copy)
