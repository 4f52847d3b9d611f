"""Change every function in every small way, one at a time, and see whether a test notices.

    python tools/mutation.py [MODULE...] [--since REF] [--sample N] [--seed S] [--least PERCENT]

mutmut makes the mutants, in ``mutants/``, finds which tests reach which function, and runs them;
this says which mutants are tried, with which tests, and what came of it. A verdict holds until the
function or one of those tests changes. Mutants that no test can tell from the code are listed, with
reasons, in ``tools/equivalent_mutants.toml``.

gRPC has threads, which a fork does not take along: mutmut forks from a server that has imported the
tests and run none, before gRPC starts any.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from pathlib import Path

from mutant_facts import (
    Equivalents,
    Mutant,
    Verdict,
    changed_lines,
    counts_by,
    difference,
    digest,
    sample,
    share,
    table,
)
from mutmut.__main__ import create_mutants, run_stats_collection
from mutmut.mutation.data import MutantLineSpans, SourceFileMutationData
from mutmut.mutation.file_mutation import compute_function_hashes
from mutmut.state import state
from mutmut.stats import load_stats
from mutmut.utils.file_utils import (
    copy_also_copy_files,
    copy_src_dir,
    setup_source_paths,
    walk_mutatable_files,
)
from mutmut.utils.format_utils import (
    mangled_name_from_mutant_name,
    orig_function_and_class_names_from_key,
)
from mutmut.workers.isolation import MutantRunner, get_mutant_runner

ROOT = Path(__file__).parents[1]
EQUIVALENT = ROOT / "tools" / "equivalent_mutants.toml"
MUTANTS = ROOT / "mutants"
LEDGER = MUTANTS / "verdicts.json"
WORKERS = 2

# A test that takes longer than this, in seconds, would have each mutant it reaches take as long.
SLOWEST_TEST = 5.0

# What a file of tests takes whose durations are not known, in seconds.
SLOWEST_FILE = 120.0

# What runs in processes that tests start is not seen to be reached, so that is said here.
_SIGTERM = "tests/integration/test_lifecycle.py::test_sigterm_brings_all_to_disk"
IN_PROCESSES = {
    "rodent_events.signals": [f"{_SIGTERM}_and_ends_the_process_by_the_signal"],
    "toggle_mock.__main__": ["tests/integration/test_cli.py"],
    "toggle_mock.cli": ["tests/integration/test_cli.py", "tests/integration/test_cli_toggle.py"],
    "toggle_mock.cli.schema": ["tests/integration/test_schema_cli.py"],
    "toggle_mock.pytest_plugin": ["tests/integration/test_plugin.py"],
    "toggle_mock.schema": ["tests/integration/test_schema_cli.py"],
}

# How mutmut's workers end. What could not be run counts as unnoticed, so that it is looked at.
VERDICTS = {
    0: Verdict.SURVIVED,
    4: Verdict.SURVIVED,  # pytest's own: not the right arguments
    5: Verdict.SURVIVED,  # pytest's own: no test was found
    255: Verdict.SURVIVED,  # mutmut's own: an exception outside of any test
    33: Verdict.UNTESTED,
    -24: Verdict.TIMEOUT,  # SIGXCPU
    -9: Verdict.TIMEOUT,  # SIGKILL, if SIGXCPU was not enough
}


def generate() -> None:
    """Copy the project into ``mutants/``, each function beside all its mutants."""
    MUTANTS.mkdir(exist_ok=True)
    shutil.rmtree(MUTANTS / "tests", ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        copy_src_dir()
        copy_also_copy_files()
        create_mutants(WORKERS)
    setup_source_paths()
    os.environ["PYTHONPATH"] = str(MUTANTS)  # of processes that a test starts


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of a file of the project."""
    data = SourceFileMutationData(path=path)
    data.load()
    spans = MutantLineSpans.load(path)
    if spans is None:
        return
    lines = (MUTANTS / path).read_text().splitlines()
    texts = {
        name: lines[span.start - 1 : span.end] for name, span in spans.span_by_function_name.items()
    }
    definitions = definition_lines(path.read_text())
    for name in data.exit_code_by_key:
        module, _, generated = name.rpartition(".")
        original = texts[mangled_name_from_mutant_name(generated) + "__mutmut_orig"]
        below, was, becomes = difference(original, texts[generated])
        plain, inside = orig_function_and_class_names_from_key(name)
        function = f"{inside}.{plain}" if inside else plain
        line = definitions[function] + below
        yield Mutant(name, module, function, str(path), line, was, becomes)


def definition_lines(source: str) -> dict[str, int]:
    """Where each function and each method of a class is defined."""
    lines: dict[str, int] = {}
    for node in ast.parse(source).body:
        inside, body = (
            (f"{node.name}.", node.body) if isinstance(node, ast.ClassDef) else ("", [node])
        )
        for one in body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                lines[inside + one.name] = one.lineno
    return lines


class Ledger:
    """The verdicts so far; each holds as long as what it was reached by is the same."""

    def __init__(self) -> None:
        known = json.loads(LEDGER.read_text()) if LEDGER.exists() else {}
        self._tests: dict[str, str] = known.get("tests", {})
        self._suites: dict[str, dict[str, str]] = known.get("suites", {})
        self._verdicts: dict[str, list[str]] = known.get("verdicts", {})
        self._hashes: dict[str, dict[str, str]] = {}

    def test_hash(self, test: str) -> str:
        """Of the source of a test; of its file, if that is not where its function is."""
        file, *inside = test.partition("[")[0].split("::")
        if file not in self._hashes:
            source = (MUTANTS / file).read_text()
            self._hashes[file] = {"": digest(source), **compute_function_hashes(source)}
        name = f"xǁ{inside[0]}ǁ{inside[-1]}" if len(inside) > 1 else f"x_{''.join(inside)}"
        return self._hashes[file].get(name, self._hashes[file][""])

    def changed_tests(self) -> set[str]:
        """Which of the tests that mutmut knows are not what they were."""
        now = {test: self.test_hash(test) for test in state().duration_by_test}
        changed = {test for test, found in now.items() if self._tests.get(test, found) != found}
        self._tests = now
        return changed

    def get(self, mutant: Mutant, tests: Sequence[str]) -> Verdict | None:
        """The verdict, if it still holds: what is noticed stays so though there are more tests."""
        function, suite, verdict = self._verdicts.get(mutant.name, ("", "", ""))
        if function != self._function_hash(mutant):
            return None
        now, then = self._suite(tests), self._suites[suite]
        noticed = verdict in {Verdict.KILLED, Verdict.TIMEOUT}
        return (
            Verdict(verdict) if now == then or (noticed and then.items() <= now.items()) else None
        )

    def put(self, mutant: Mutant, tests: Sequence[str], verdict: Verdict) -> None:
        """Note a verdict, and write all of them."""
        suite = self._suite(tests)
        name = digest(repr(sorted(suite.items())))
        self._suites[name] = suite
        self._verdicts[mutant.name] = [self._function_hash(mutant), name, verdict]
        self.save()

    def save(self) -> None:
        """Write it all to the file."""
        known = {"tests": self._tests, "suites": self._suites, "verdicts": self._verdicts}
        LEDGER.write_text(json.dumps(known, indent=1))

    def _suite(self, tests: Sequence[str]) -> dict[str, str]:
        return {test: self.test_hash(test) for test in tests}

    def _function_hash(self, mutant: Mutant) -> str:
        function = state().current_function_hashes.get(mangled_name_from_mutant_name(mutant.name))
        return digest(repr((function, mutant.change)))


def find_reaching_tests(runner: MutantRunner, ledger: Ledger) -> None:
    """Run the tests that are new or have changed, and note which functions each reaches."""
    if not load_stats():
        run_stats_collection(runner)
        ledger.changed_tests()
    else:
        with contextlib.redirect_stdout(io.StringIO()):
            present = runner.list_all_tests()
        present.clear_out_obsolete_test_names()
        if again := ledger.changed_tests() | present.new_tests():
            run_stats_collection(runner, tests=again)
            ledger.changed_tests()
    ledger.save()


class Tests:
    """The tests of each function: first those that reach little else, until the time is used up.

    Args:
        budget: Seconds, for each function.
    """

    def __init__(self, budget: float) -> None:
        reaching = state().tests_by_mangled_function_name
        width = Counter(test for tests in reaching.values() for test in tests)
        self._chosen: dict[str, list[str]] = {}
        for function, tests in reaching.items():
            chosen, left = self._chosen.setdefault(function, []), budget
            for test in sorted(tests, key=lambda test: (width[test], test)):
                seconds = self._seconds(test)
                if seconds < SLOWEST_TEST and (left := left - seconds) > 0:
                    chosen.append(test)

    def of(self, mutant: Mutant) -> list[str]:
        """The tests to judge a mutant by."""
        elsewhere = [
            test
            for module, tests in IN_PROCESSES.items()
            if f"{mutant.module}.".startswith(f"{module}.")
            for test in tests
        ]
        return self._chosen.get(mangled_name_from_mutant_name(mutant.name), []) + elsewhere

    def duration(self, mutant: Mutant) -> float:
        """How many seconds they take without a mutant."""
        return sum(map(self._seconds, self.of(mutant)))

    @staticmethod
    def _seconds(test: str) -> float:
        return state().duration_by_test.get(test, SLOWEST_FILE)


def run(runner: MutantRunner, mutants: Sequence[Mutant], tests: Tests, ledger: Ledger) -> None:
    """Try mutants, two at a time."""
    by_name = {mutant.name: mutant for mutant in mutants}
    done = 0

    def take() -> None:
        nonlocal done
        result = runner.wait_for_result()
        mutant, done = by_name[result.mutant_name], done + 1
        verdict = VERDICTS.get(result.exit_code, Verdict.KILLED)
        ledger.put(mutant, tests.of(mutant), verdict)
        if verdict is not Verdict.KILLED:
            print(f"\n{verdict} ({done} of {len(mutants)}): {mutant}", flush=True)

    runner.startup()
    try:
        for mutant in mutants:
            while not runner.has_capacity():
                take()
            expected = tests.duration(mutant)
            # mutmut ends a worker after half of this by the clock.
            runner.submit(mutant.name, tests.of(mutant), ceil(2 * (20 + 3 * expected)), expected)
        while runner.pending_count():
            take()
    finally:
        runner.shutdown()


def chosen_mutants(everything: Iterable[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """Those of the modules, lines and sample that were asked for."""
    prefixes = tuple(options.modules)
    mutants = [
        mutant
        for mutant in everything
        if not prefixes or any(f"{mutant.module}.".startswith(f"{one}.") for one in prefixes)
    ]
    if options.since:
        command = ["git", "diff", "--unified=0", "--no-ext-diff", options.since, "--", "*.py"]
        diff = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        changed = changed_lines(diff)
        mutants = [one for one in mutants if one.line in changed.get(one.path, ())]
    return sample(mutants, options.sample, options.seed) if options.sample else mutants


def report(judged: dict[Mutant, Verdict]) -> str:
    """The tables by package and by module, and what was not noticed."""
    packages = counts_by((mutant.package for mutant in judged), judged.values())
    modules = counts_by((mutant.module for mutant in judged), judged.values())
    unnoticed = "\n\n".join(
        f"{verdict}: {mutant}"
        for mutant, verdict in judged.items()
        if verdict in {Verdict.SURVIVED, Verdict.UNTESTED}
    )
    parts = [table("package", packages), table("module", modules)]
    if unnoticed:
        parts.append(f"```diff\n{unnoticed}\n```\n")
    return "\n".join(parts)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="packages or modules; all if none is named")
    parser.add_argument("--since", metavar="REF", help="only lines that differ from this revision")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many of each module")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds of tests for a mutant")
    parser.add_argument("--least", type=float, default=0.0, help="per cent due in each package")
    parser.add_argument("--markdown", type=Path, help="write the report to this file too")
    return parser.parse_args()


def main() -> int:
    options = parse_arguments()
    os.chdir(ROOT)
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    generate()
    everything = [mutant for path in walk_mutatable_files() for mutant in mutants_of(path)]
    equivalents = Equivalents.parse(EQUIVALENT.read_text())
    if stale := equivalents.stale(everything):
        sys.exit(f"{EQUIVALENT.name} lists what is no mutant any more, in {', '.join(stale)}")
    mutants = chosen_mutants(everything, options)
    print(f"{len(mutants)} of {len(everything)} mutants, seed {options.seed}", flush=True)
    runner, ledger = get_mutant_runner(WORKERS), Ledger()
    find_reaching_tests(runner, ledger)
    tests = Tests(options.budget)

    def verdict(mutant: Mutant) -> Verdict | None:
        return Verdict.EQUIVALENT if mutant in equivalents else ledger.get(mutant, tests.of(mutant))

    started, untried = time.monotonic(), [one for one in mutants if verdict(one) is None]
    run(runner, untried, tests, ledger)
    minutes = (time.monotonic() - started) / 60
    print(f"\n{len(untried)} mutants tried in {minutes:.1f} minutes\n", flush=True)
    judged = {mutant: found for mutant in mutants if (found := verdict(mutant)) is not None}
    text = report(judged)
    print(text)
    if options.markdown:
        options.markdown.write_text(text)
    packages = counts_by((mutant.package for mutant in judged), judged.values())
    shares = [share(counts) for counts in packages.values()]
    return int(any(one is not None and one < options.least for one in shares))


if __name__ == "__main__":
    sys.exit(main())
