"""Lint the recipes of ci/: against the schemas of who reads them, and their scripts.

python tools/lint_recipes.py     with the Python of an environment that has ci/requirements.txt
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
KUBERNETES = "1.37"

SCHEMAS = {
    "github-actions": ["ci/github/action.yml", "ci/github/report/action.yml"],
    "gitlab-ci": ["ci/gitlab/toggle-mock.yml"],
    "compose-spec": ["ci/compose/compose.yaml"],
}
WORKFLOWS = [
    "ci/github/example.yml",
    *(f".github/workflows/{name}.yml" for name in ("ci", "nightly", "release")),
]
MANIFESTS = [
    "ci/kubernetes/deployment.yaml",
    "ci/kubernetes/service.yaml",
    "examples/how_to/agent.yaml",
]
SCRIPTS = ["ci/github/start.sh"]


def gitlab_script(path: Path) -> str:
    """What a job of GitLab runs before and after its script."""
    (job,) = yaml.safe_load(path.read_text()).values()
    return "\n".join([*job["before_script"], *job["after_script"]])


def action_scripts(path: Path) -> Iterator[str]:
    """What the steps of an action run."""
    for step in yaml.safe_load(path.read_text())["runs"]["steps"]:
        if "run" in step:
            yield step["run"]


def commands(folder: Path, go: str) -> Iterator[list[str]]:
    """The linters, each with what it is to lint."""
    for schema, paths in SCHEMAS.items():
        yield [f"{BIN}/check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths]
    yield [f"{BIN}/kubernetes-validate", "--strict", "--kubernetes-version", KUBERNETES, *MANIFESTS]
    inline = [gitlab_script(ROOT / path) for path in SCHEMAS["gitlab-ci"]]
    inline += [
        script for path in SCHEMAS["github-actions"] for script in action_scripts(ROOT / path)
    ]
    for number, script in enumerate(inline):
        (folder / f"{number}.sh").write_text(f"#!/bin/bash\n{script}\n")
    yield [f"{BIN}/shellcheck", *SCRIPTS, *(str(path) for path in sorted(folder.iterdir()))]
    yield [go, "run", ACTIONLINT, "-shellcheck", f"{BIN}/shellcheck", *WORKFLOWS]


def main() -> int:
    found = subprocess.run([ROOT / "tools/find_go"], capture_output=True, text=True, check=True)
    with tempfile.TemporaryDirectory() as folder:
        codes = [
            subprocess.run(command, cwd=ROOT, env=os.environ, check=False).returncode
            for command in commands(Path(folder), found.stdout.strip())
        ]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
