"""Plays the CI services whose recipes are in ci/: their scripts run as they stand."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).parents[2]
CI = ROOT / "ci"

_EXPRESSION = re.compile(r"\$\{\{ (inputs|runner)\.(\w+) \}\}")
_WITH_BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


def environment() -> dict[str, str]:
    """That of a job, with this project's programs on its PATH, and nothing said to the mock."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("TOGGLE")},
        "PATH": path,
    }


@dataclass
class GitHubJob:
    """A job of GitHub Actions: its files, and what its steps have put into them.

    Args:
        folder: The runner's, for temporary files.
    """

    folder: Path
    output: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("ENV", "OUTPUT", "PATH", "STEP_SUMMARY"):
            (self.folder / name).touch()

    def pairs(self, name: str) -> dict[str, str]:
        """What is in one of the files: names with values."""
        lines = (self.folder / name).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def summary(self) -> str:
        """The summary of the job."""
        return (self.folder / "STEP_SUMMARY").read_text()

    def use(self, action: str, **given: str) -> int:
        """Run the scripts of an action, and give the first exit code that is not 0."""
        folder = CI / action
        about = yaml.safe_load((folder / "action.yml").read_text())
        inputs = {name: given.get(name, one["default"]) for name, one in about["inputs"].items()}
        for step in about["runs"]["steps"]:
            condition = step.get("if", "always()")
            assert condition in ("always()", "inputs.package != ''")
            wanted = condition == "always()" or inputs["package"]
            code = self._run(step, inputs, folder) if wanted and "run" in step else 0
            if code:
                return code
        return 0

    def _run(self, step: dict, inputs: dict[str, str], folder: Path) -> int:
        def value(found: re.Match) -> str:
            kind, name = found.groups()
            return str(self.folder) if kind == "runner" else self._filled(inputs[name])

        assert (step["shell"], "${{" in step["run"]) == ("bash", False)
        files = {
            f"GITHUB_{path.name}": str(path) for path in self.folder.iterdir() if path.is_file()
        }
        own = {name: _EXPRESSION.sub(value, text) for name, text in step["env"].items()}
        done = subprocess.run(
            [*_WITH_BASH, "-c", step["run"]],
            env=environment()
            | self.pairs("ENV")
            | files
            | {"GITHUB_ACTION_PATH": str(folder)}
            | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.output += [*done.stdout.splitlines(), *done.stderr.splitlines()]
        return done.returncode

    def _filled(self, text: str) -> str:
        return text.replace("${{ runner.temp }}", str(self.folder))


def gitlab_scripts() -> tuple[dict[str, str], str, str]:
    """What the template of GitLab has: variables, the script before, and the one after."""
    job = yaml.safe_load((CI / "gitlab" / "toggle-mock.yml").read_text())[".toggle-mock"]
    return job["variables"], "\n".join(job["before_script"]), "\n".join(job["after_script"])


def in_bash(script: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess:
    """Run a script as a runner does."""
    return subprocess.run(
        [*_WITH_BASH, "-c", script],
        cwd=folder,
        env=environment() | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def end(pid: int) -> None:
    """End a mock that a recipe has left running, as the end of a job does."""
    if psutil.pid_exists(pid):
        process = psutil.Process(pid)
        process.terminate()
        process.wait(30)
