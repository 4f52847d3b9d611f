"""What ``make world`` measures of each set, and the table of it in docs/compatibility.md.

python tests/support/world/measuring.py [--every N] [WORD …]

With words, only sets with one of them in their names are measured, and the page stays as it is;
with ``--every N``, one type in N is drawn, and the table says so.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.world.drawing import drawn_types, failures, warm_up
from support.world.fetching import FOLDER, SchemaSet, sets
from toggle_mock.compat import Severity, check
from toggle_mock.compat.formats import as_json
from toggle_mock.schema import Schema

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "compatibility.md"
MARKS = "<!-- world: made by make world -->", "<!-- end of world -->"
_ONE = "--one"


@dataclass
class Measured:
    """What was found out about a set."""

    name: str
    package: str
    releases: str
    types: int
    """Those of the newer release."""
    drawn: int
    """Those of which messages were drawn."""
    failed: list[tuple[str, str]]
    """Those that could not be drawn, or did not come back, with what went wrong."""
    drawing: float
    """Seconds of processor time that this took."""
    compared: int
    """Messages and rpcs of the two releases."""
    checking: float
    """Seconds of processor time that this took, with loading both."""
    alike: float
    """Those of checking the newer release against itself."""
    megabytes: int
    """The most memory that the check took."""
    errors: int
    warnings: int
    notes: int
    replayed: int
    """Findings with an example, each of which protobuf was asked about."""
    unconfirmed: list[str]
    """Keys of those that it did not confirm."""


def measure(one: SchemaSet, every: int) -> Measured:
    """Compare the releases of a set, and draw its types."""
    old, new = one.files(one.old), one.files(one.new)
    began = time.process_time()
    schemas = Schema("old", old), Schema("new", new)
    report = check(*schemas)
    checking = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    began = time.process_time()
    assert not check(Schema("new", new), Schema("new again", new)).findings
    alike = time.process_time() - began
    replayed = _replayed(one, as_json(report, lambda _: None))
    warm_up()
    every_type = drawn_types(schemas[1])
    types = dict(list(every_type.items())[::every])
    began = time.process_time()
    failed = list(failures(types))
    drawing = time.process_time() - began
    counts = {grade: sum(f.severity is grade for f in report.findings) for grade in Severity}
    return Measured(
        one.name,
        one.package,
        f"{one.old.version} and {one.new.version}",
        len(every_type),
        len(types),
        failed,
        drawing,
        len(report.rows),
        checking,
        alike,
        memory,
        counts[Severity.ERROR],
        counts[Severity.WARNING],
        counts[Severity.NOTE],
        len(replayed["replayed"]),
        sorted(set(replayed["replayed"]) - set(replayed["confirmed"])),
    )


def _replayed(one: SchemaSet, report: str) -> dict[str, list[str]]:
    """What protobuf alone says of the findings, in a process that knows nothing of this project."""
    paths = [one.kept(release) for release in (one.old, one.new)]
    program = Path(__file__).parent / "replay.py"
    command = [sys.executable, "-I", str(program), *map(str, paths)]
    done = subprocess.run(command, input=report, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


COLUMNS = (
    ("set", lambda m: f"{m.name} (`{m.package}` {m.releases})"),
    ("types drawn", lambda m: f"{m.drawn:,} of {m.types:,}"),
    ("fail", lambda m: f"{len(m.failed)}"),
    ("compared", lambda m: f"{m.compared:,}"),
    ("errors", lambda m: f"{m.errors}"),
    ("warnings", lambda m: f"{m.warnings}"),
    ("notes", lambda m: f"{m.notes}"),
    ("confirmed", lambda m: f"{m.replayed - len(m.unconfirmed)} of {m.replayed}"),
    ("seconds", lambda m: f"{m.checking:.1f}"),
    ("with itself", lambda m: f"{m.alike:.1f}"),
    ("MB", lambda m: f"{m.megabytes}"),
)


def table(measured: list[Measured]) -> str:
    """All of it as a table."""
    rows = [[cell(one) for _, cell in COLUMNS] for one in measured]
    lines = [[title for title, _ in COLUMNS], ["---"] * len(COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(text: str) -> None:
    """Put the table between its marks on the page."""
    begin, end = map(re.escape, MARKS)
    page = PAGE.read_text("utf-8")
    new = f"{MARKS[0]}\n\n{text}\n\n{MARKS[1]}"
    PAGE.write_text(re.sub(f"{begin}.*{end}", lambda _: new, page, flags=re.DOTALL), "utf-8")


def main() -> None:
    """Measure each set in a process of its own, so that memory is its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("words", nargs="*")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument(_ONE, action="store_true")
    given = parser.parse_args()
    if given.one:
        (one,) = [one for one in sets() if one.name == given.words[0]]
        print(json.dumps(asdict(measure(one, given.every))))
        return
    found = []
    for one in sets():
        if given.words and not any(word in one.name for word in given.words):
            continue
        command = [sys.executable, __file__, _ONE, "--every", str(given.every), one.name]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found.append(Measured(**json.loads(done.stdout)))
        print(table(found).splitlines()[-1], flush=True)
        for name, problem in found[-1].failed:
            print(f"  {name} {problem.splitlines()[0]}")
        for key in found[-1].unconfirmed:
            print(f"  not confirmed: {key}")
    (FOLDER / "measured.json").write_text(json.dumps([asdict(one) for one in found], indent=2))
    if not given.words:
        write(table(found))
    if any(one.failed or one.unconfirmed for one in found):
        sys.exit("not as promised: see above")


if __name__ == "__main__":
    main()
