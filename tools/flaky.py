"""Run tests again and again, in random order, on a busy machine; report what failed even once.

    python tools/flaky.py [--runs N] [--python EXECUTABLE]... [--into FOLDER] [-- PYTEST'S OWN...]

Beside the tests two processes keep the processor busy, and one writes to disk. Each run has a seed,
with which it can be had again; its report and its output stay in the folder. The exit code is 1 if
any test failed in any run.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

# Seconds that one run may take.
_LONGEST_RUN = 3600.0

# Lines of a failure that are shown; the run's output has all of them.
_LINES_SHOWN = 12

# Bytes that the load writes to disk at a time.
_WRITTEN = 4 << 20


# Load


def _compute(_folder: Path) -> None:
    sum(range(100_000))


def _write(folder: Path) -> None:
    with (folder / "load").open("wb") as file:
        file.write(os.urandom(_WRITTEN))
        os.fsync(file.fileno())


def _while_parent_lives(parent: int, work: Callable[[Path], None], folder: Path) -> None:
    while os.getppid() == parent:
        work(folder)


@contextmanager
def load(folder: Path) -> Iterator[None]:
    """Keep the machine busy; what does so ends with the block, or with this process."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir=folder) as written:
        processes = [
            context.Process(
                target=_while_parent_lives, args=(os.getpid(), work, Path(written)), daemon=True
            )
            for work in (_compute, _compute, _write)
        ]
        try:
            for process in processes:
                process.start()
            yield
        finally:
            for process in processes:
                process.kill()
                process.join()


# Runs


@dataclass(frozen=True)
class Failure:
    """A test that failed, with what pytest says of it."""

    test: str
    text: str


@dataclass(frozen=True)
class Run:
    """One run of the tests."""

    python: str
    seed: int
    count: int
    seconds: float
    failures: list[Failure]


def failures_in(report: str) -> tuple[int, list[Failure]]:
    """The number of tests in a report of JUnit's format, and those that failed."""
    cases = list(ET.fromstring(report).iter("testcase"))  # noqa: S314 - our own pytest wrote it
    return len(cases), [
        Failure(f"{case.get('classname')}::{case.get('name')}", problem.text or "")
        for case in cases
        for problem in case
        if problem.tag in {"failure", "error"}
    ]


def run(python: str, seed: int, into: Path, arguments: Sequence[str]) -> Run:
    """Run the tests once, in the order that the seed gives."""
    report, output = Path(f"{into}.xml"), Path(f"{into}.txt")
    report.unlink(missing_ok=True)
    order = ["-p", "pytest_randomly", f"--randomly-seed={seed}", f"--hypothesis-seed={seed}"]
    start = time.monotonic()
    with output.open("wb") as file:
        done = subprocess.run(
            [python, "-m", "pytest", *order, f"--junitxml={report}", *arguments],
            stdout=file,
            stderr=file,
            timeout=_LONGEST_RUN,
            check=False,
        )
    seconds = time.monotonic() - start
    if done.returncode in {0, 1} and report.exists():
        count, failures = failures_in(report.read_text())
    else:
        count, failures = 0, [Failure("pytest itself", output.read_text()[-2000:])]
    return Run(python, seed, count, seconds, failures)


def repeat(
    runs: int,
    pythons: Sequence[str],
    into: Path,
    arguments: Sequence[str],
    longest: float = math.inf,
) -> list[Run]:
    """Run the tests so many times with each Python, beside a load.

    No run begins after ``longest`` seconds, but for the first.
    """
    into.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + longest
    done: list[Run] = []
    with load(into):
        for number in range(1, runs + 1):
            if done and time.monotonic() >= end:
                break
            for python in pythons:
                seed = random.getrandbits(32)
                place = into / f"{version(python)}-{number:02}"
                done.append(run(python, seed, place, arguments))
                print(line(done[-1], number), flush=True)
    return done


# Report


def version(python: str) -> str:
    """As ``3.12.1``."""
    code = "import platform; print(platform.python_version())"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def line(run: Run, number: int) -> str:
    """One run in a line."""
    return (
        f"{number:3}: Python {version(run.python)}, seed {run.seed}: {run.count} tests in "
        f"{run.seconds:.0f} s, {len(run.failures)} failed"
    )


def report(runs: Sequence[Run]) -> str:
    """What failed even once, each test with its Pythons and seeds, and the start of its failure."""
    failed: dict[str, list[tuple[Run, Failure]]] = {}
    for each in runs:
        for failure in each.failures:
            failed.setdefault(failure.test, []).append((each, failure))
    lines = []
    for test, cases in sorted(failed.items()):
        lines.append(f"\n{test} failed in {len(cases)} of {len(runs)} runs:")
        lines += [f"  Python {version(each.python)}, seed {each.seed}" for each, _ in cases]
        lines += [f"    {text}" for text in cases[0][1].text.splitlines()[-_LINES_SHOWN:]]
    clean = sum(not each.failures for each in runs)
    lines.append(f"\n{clean} of {len(runs)} runs were clean; {len(failed)} tests failed even once")
    return "\n".join(lines)


def main() -> int:
    """Run, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="with each Python")
    parser.add_argument("--python", action="append", help="with pytest; again for another one")
    parser.add_argument("--longest", type=float, default=math.inf, help="no run begins later: s")
    parser.add_argument("--into", type=Path, default=Path("build/flaky"))
    parser.add_argument("arguments", nargs="*", help="for pytest: tests, options")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the load ends with it
    pythons = options.python or [sys.executable]
    runs = repeat(
        options.runs, pythons, options.into.absolute(), options.arguments, options.longest
    )
    print(report(runs))
    return 1 if any(each.failures for each in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
