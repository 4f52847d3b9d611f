"""Lint the recipes of ci/ and what is for clusters: against the schemas of who reads them.

Their scripts are linted too. What is for `kubectl apply --kustomize` is linted as that makes it.

python tools/lint_recipes.py     with the Python of an environment that has ci/requirements.txt
"""

from __future__ import annotations

import os
import shutil
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
MANIFESTS = ["examples/how_to/agent.yaml"]
KUSTOMIZATIONS = ["ci/kubernetes", "examples/kubernetes/load"]
SECRETS = {
    "ci/kubernetes/jwt.key": "secret",
    "examples/kubernetes/load/postgres.env": "PGPASSWORD=secret",
}
"""Files that a user makes, which are nobody's secrets here."""
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


def kustomized(folder: Path) -> Iterator[str]:
    """The files with what kustomize makes, in a folder where all is copied to."""
    for name in {path.split("/")[0] for path in KUSTOMIZATIONS}:
        shutil.copytree(ROOT / name, folder / name)
    for name, text in SECRETS.items():
        (folder / name).write_text(text)
    for name in KUSTOMIZATIONS:
        made = folder / f"{name.replace('/', '-')}.yaml"
        command = [shutil.which("kubectl") or "kubectl", "kustomize", str(folder / name)]
        with made.open("w") as file:
            subprocess.run(command, stdout=file, check=True)
        yield str(made)


def commands(folder: Path, go: str) -> Iterator[list[str]]:
    """The linters, each with what it is to lint."""
    for schema, paths in SCHEMAS.items():
        yield [f"{BIN}/check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths]
    manifests = [*MANIFESTS, *kustomized(folder / "kustomized")]
    yield [f"{BIN}/kubernetes-validate", "--strict", "--kubernetes-version", KUBERNETES, *manifests]
    inline = [gitlab_script(ROOT / path) for path in SCHEMAS["gitlab-ci"]]
    inline += [
        script for path in SCHEMAS["github-actions"] for script in action_scripts(ROOT / path)
    ]
    for number, script in enumerate(inline):
        (folder / f"{number}.sh").write_text(f"#!/bin/bash\n{script}\n")
    yield [f"{BIN}/shellcheck", *SCRIPTS, *(str(path) for path in sorted(folder.glob("*.sh")))]
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
