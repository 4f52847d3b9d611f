"""Whole projects, as users write them, run with the wheel that users install."""

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.distributions import brought_by, linked

from toggle_mock import ToggleServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECTS = Path(__file__).parent / "downstream"

PYTEST = "python -m pytest"

# A proxy that no connection of the project's may go through.
PROXIES = " ".join(f"{kind}_proxy=http://proxy.invalid:1" for kind in ("grpc", "http", "https"))

# How the author of each project runs it, and what the end of its output then says.
COMMANDS = {
    "pytest_fixture_project": (PYTEST, r"5 passed"),
    "unittest_project": ("python -m unittest -v", r"Ran 3 tests in .*\n\nOK\n"),
    "xdist_project": (PYTEST, r"heard of 12 organizations\n=+ 12 passed"),
    "asyncio_project": (PYTEST, r"5 passed"),
    "cli_in_ci": ("bash run.sh", r"services_started=nfs .*\nall holds\n$"),
    "hypothesis_project": (PYTEST, r"9 passed"),
    "frozen_project": (PYTEST, r"51 passed"),
    "django_project": (
        f"sh -c '{PYTEST} && python -m unittest tests.test_unittest'",
        r"11 passed(.*\n)*Ran 4 tests in .*\n\nOK\n",
    ),
    "celery_project": (PYTEST, r"3 passed"),
    "fastapi_project": (PYTEST, r"12 passed"),
    "aiohttp_project": (PYTEST, r"4 passed"),
    "click_project": (PYTEST, r"4 passed"),
    "node_project": (PYTEST, r"3 passed"),
    "monorepo": (f"{PYTEST} packages", r"4 passed"),
    "session_project": (PYTEST, r"15 passed, 2 rerun"),
    "proxied_project": (f"env {PROXIES} {PYTEST}", r"5 passed"),
}

# What of the machine a project needs; .ci/install sees to it.
PROGRAMS = {"cli_in_ci": "curl", "node_project": "node"}


@pytest.fixture(scope="session")
def installed(tmp_path_factory, worker_id):
    """An environment that has the wheel; the processes of a run share it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "downstream"
    shared.mkdir(exist_ok=True)
    environment, ready = shared / "venv", shared / "ready"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            install(build_wheel(shared / "tree"), environment)
            ready.touch()
    return environment


def build_wheel(folder: Path) -> Path:
    """The wheel of this tree; built from a copy, since the build leaves files behind."""
    for package in ("rodent_events", "toggle_mock"):
        shutil.copytree(ROOT / package, folder / package)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", str(folder))
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> None:
    """Install the wheel; what a project depends on is taken from where these tests run."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    pip(f"--python={environment}", "install", "--no-deps", "--no-index", str(wheel))


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


@pytest.fixture
def run(installed, tmp_path):
    """Runs a command in a folder, with the environment of a user who has installed the wheel."""

    def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        packages = tmp_path / "packages"
        packages.mkdir()
        linked(brought_by(asked_for(folder)).values(), packages)
        environment = {
            "PATH": f"{installed / 'bin'}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "TMPDIR": str(tmp_path),
            "PYTHONPATH": str(packages),
        }
        return subprocess.run(
            shlex.split(command),
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run


def asked_for(folder: Path) -> list[str]:
    """The distributions that a project needs for its tests, as its pyproject.toml says."""
    file = folder / "pyproject.toml"
    project = tomllib.loads(file.read_text())["project"] if file.exists() else {}
    optional = project.get("optional-dependencies", {})
    return [*project.get("dependencies", ["rodent-events"]), *optional.get("test", [])]


@pytest.fixture
def checked_out(tmp_path):
    """A copy of a project, where its author works."""
    return lambda name: Path(shutil.copytree(PROJECTS / name, tmp_path / name))


@pytest.mark.parametrize("package", ["rodent_events", "toggle_mock"])
def test_the_projects_import_what_the_wheel_has_installed(run, installed, tmp_path, package):
    done = run(f"python -c 'import {package}; print({package}.__file__)'", tmp_path)
    assert Path(done.stdout.strip()).is_relative_to(installed), done.stdout


REWRITTEN = """
import sys

def test_modules(event_bus, toggle_server, rodent):
    for name, module in sys.modules.copy().items():
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if type(loader).__name__ == "AssertionRewritingHook":
            print("rewritten:", name)
"""


def test_pytest_rewrites_what_is_imported_with_the_plugin_and_no_module_that_a_test_needs(
    run, tmp_path
):
    project = tmp_path / "project"
    project.mkdir()
    wanted = 'name = "it"\nversion = "0"\ndependencies = ["pytest", "rodent-events[testing]"]'
    (project / "pyproject.toml").write_text(f"[project]\n{wanted}\n")
    (project / "test_modules.py").write_text(REWRITTEN)
    done = run(f"{PYTEST} -s", project)
    assert done.returncode == 0, done.stdout
    rewritten = set(re.findall(r"rewritten: (\S+)", done.stdout))
    assert "test_modules" in rewritten
    assert {name for name in rewritten if name.startswith("rodent_events")} == set()
    ours = {name for name in rewritten if name.startswith("toggle_mock.")}
    early = r"toggle_mock\.(extras|assertions|assertions\.snapshots|pytest_\w+)"
    assert [name for name in ours if not re.fullmatch(early, name)] == []


@pytest.mark.parametrize("project", COMMANDS)
def test_a_project_passes_as_its_author_runs_it(run, checked_out, project):
    program = PROGRAMS.get(project, "python")
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    command, ending = COMMANDS[project]
    done = run(command, checked_out(project))
    assert done.returncode == 0, done.stdout
    assert re.search(ending, done.stdout), done.stdout


# What stands in the report of failing_project, in this order.
FAILURE = [
    r"toggle_server\.wait_for\(",
    r"NotReceivedError: waited 0\.1 s for 1 event that matches, received 0",
    r'wanted: StorageTransferPayload\(source: "tank/home@1" progress_percent: 50\)',
    r"arrived: 1 event",
    r"INFO     STORAGE       storage_transfer     source=tank/home@1",
    r"progress_percent: wanted 50, got 512",
    r"test_transfer_report\.py:\d+: NotReceivedError",
    r"-+ recorded by toggle_server -+",
    r"FAILED test_transfer_report\.py::test_progress_is_reported_in_percent",
]


def test_a_project_that_fails_shows_what_came_instead(run, checked_out):
    done = run(PYTEST, checked_out("failing_project"))
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert re.search(".*".join(FAILURE), done.stdout, re.DOTALL), done.stdout


def test_an_agent_that_is_started_once_reports_to_a_server_elsewhere(run, checked_out):
    project = checked_out("session_project")
    with ToggleServer(http_port=0) as elsewhere:
        option = f"--toggle-address=http://{elsewhere.http_address}"
        done = run(f"{PYTEST} {option} tests/test_once_for_all.py", project)
        assert done.returncode == 0, done.stdout
        assert "agent-1" in {call.rid for call in elsewhere.calls}


@pytest.mark.parametrize("project", sorted(path.name for path in PROJECTS.iterdir()))
def test_a_project_is_whole_and_uses_no_private_name(project):
    folder = PROJECTS / project
    assert (folder / "pyproject.toml").exists()
    assert len((folder / "README.md").read_text().splitlines()) == 2
    for path in folder.rglob("*.py"):
        assert not re.search(r"\._[a-z]|import _[a-z]", path.read_text()), path
