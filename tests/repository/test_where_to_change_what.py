"""Each row of ARCHITECTURE.md's table, made in a copy: what it names is enough, and is needed.

Where the schema is changed, see test_one_place_per_change.py.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.tree import ROOT, changed_files, copied, make, run

SECTION = (ROOT / "ARCHITECTURE.md").read_text().split("## Where to change what\n")[1]
ROWS = {
    cells[0]: (re.findall("`([^`]+)`", cells[1].partition(";")[0]), cells[2].strip("`"))
    for line in re.findall(r"^\| (.*)\|$", SECTION, re.MULTILINE)[1:]
    for cells in [[cell.strip() for cell in line.split("|")]]
}
SCHEMA = {
    "a payload type, a category, a value of an enum, a field",
    "a published revision",
}


@dataclass(frozen=True)
class Edit:
    """A change of a file: something new before, after or instead of what is there."""

    path: str
    new: str
    before: str | None = None
    after: str | None = None

    def make(self, root: Path) -> None:
        path = root / self.path
        if self.before is None and self.after is None:
            path.write_text(self.new)
            return
        text, place = path.read_text(), self.before or self.after
        assert text.count(place) >= 1, f"{self.path} has no {place!r}"
        both = self.new + place if self.before else place + self.new
        path.write_text(text.replace(place, both, 1))


SPEC = "toggle_mock/faults/spec.py"
DOCS_TESTS = "tests/unit/test_docs.py"

CHANGES = {
    "a kind of fault of calls": (
        [
            Edit(
                "toggle_mock/faults/plans.py",
                '''@dataclass
class EveryNth(Plan):
    """An outcome for every n-th call."""

    every: int
    verdict: Verdict
    remaining: int | None = None
    seen: int = 0

    def next(self, _incoming: Incoming, /) -> Verdict | None:
        """See :meth:`Plan.next`."""
        self.seen += 1
        return None if self.seen % self.every else self.verdict


''',
                before="@dataclass(frozen=True)\nclass SizeLimit(Plan):",
            ),
            Edit(
                SPEC,
                '''class Every(CallFault, frozen=True, kw_only=True):
    """The outcome of every n-th call."""

    kind: ClassVar[str] = "every"
    every: Count
    outcome: Verdict

    def plan(self) -> plans.Plan:
        """See :meth:`CallFault.plan`."""
        return plans.EveryNth(self.every, self.outcome)


''',
                before="class Rates(CallFault,",
            ),
            Edit(SPEC, ", Every", after="(Returns, Always, At, Rates, MessageLimit"),
            Edit(
                "toggle_mock/faults/script.py",
                '''
    def every(self, n: int, then: Verdict, **more: Unpack[Narrowed]) -> ActiveFault:
        """Answer every n-th call so until it is healed."""
        return self._add(Every(method=self._method, every=n, outcome=then, **_which(more)))
''',
                before="\n    def rates(",
            ),
            Edit("toggle_mock/faults/script.py", "    Every,\n", before="    FaultSpec,\n"),
            Edit("toggle_mock/faults/script.py", "Verdict, ", before="verdict_of\n"),
            Edit(
                "docs/faults.md",
                "| `.every(n, outcome)` | Every n-th call; as data, `every` |\n",
                before="| `.rates(",
            ),
            Edit(
                "docs/faults.md", "`every` with `outcome`, ", after="one of `returns`, `always`,\n"
            ),
        ],
        [DOCS_TESTS, "tests/unit/test_fault_specs.py", "tests/unit/test_scenario.py"],
        'assert toggle.on_register.every(2, toggle_mock.fail()).spec.kind == "every"',
    ),
    "a kind of fault of connections": (
        [
            Edit(
                SPEC,
                '''class SlowWrites(ConnectionFault, frozen=True, kw_only=True):
    """The server gives no more bytes a second, on each connection."""

    kind: ClassVar[str] = "slow_writes"
    bytes_per_second: BytesPerSecond

    @property
    def effect(self) -> Effect:
        """See :attr:`ConnectionFault.effect`."""
        return Effect(conditions=Conditions(to_client=self.bytes_per_second))


''',
                before="CALL_FAULTS: Mapping",
            ),
            Edit(SPEC, "        SlowWrites,\n", after="        SlowReads,\n"),
            Edit(
                "toggle_mock/faults/control.py",
                '''
    def slow_writes(self, bytes_per_second: float) -> ActiveFault:
        """The server gives no more bytes a second, on each connection."""
        return self.add(SlowWrites(bytes_per_second=bytes_per_second))
''',
                after="        return self.add(SlowReads(bytes_per_second=bytes_per_second))\n",
            ),
            Edit("toggle_mock/faults/control.py", "    SlowWrites,\n", after="    SlowReads,\n"),
            Edit(
                "docs/faults.md",
                "| `slow_writes(bytes_per_second)` | The server gives no more |\n",
                before="| `slow_reads(",
            ),
        ],
        [DOCS_TESTS, "tests/unit/test_fault_specs.py", "tests/unit/test_scenario.py"],
        'assert toggle.faults.slow_writes(9).spec.kind == "slow_writes"',
    ),
    "an outcome": (
        [
            Edit(
                "toggle_mock/faults/outcomes.py",
                '''def busy() -> Outcome:
    """The caller is asked to come back, as a Toggle does that has too much to do."""
    return Outcome(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy")


''',
                before="def reject(",
            ),
            Edit(
                "toggle_mock/faults/outcome_data.py",
                '''class Busy(OutcomeRecord, frozen=True, kw_only=True):
    """The caller is asked to come back."""

    kind: ClassVar[str] = "busy"
    busy: bool = True

    def made(self) -> Outcome:
        """See :meth:`OutcomeRecord.made`."""
        return busy()

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """See :meth:`OutcomeRecord.of`."""
        return cls(delay=outcome.delay)


''',
                before="class Reject(OutcomeRecord",
            ),
            Edit("toggle_mock/faults/outcome_data.py", "        Busy,\n", before="        Delay,"),
            Edit("toggle_mock/faults/outcome_data.py", "    busy,\n", before="    cut,\n"),
            Edit("toggle_mock/__init__.py", "        busy,\n", before="        cut,\n"),
            Edit("toggle_mock/__init__.py", '    "busy",\n', before='    "cut",\n    "delay",\n'),
            Edit("toggle_mock/__init__.py", '        "busy",\n', before='        "cut",\n'),
            Edit(
                "docs/faults.md",
                "| `busy()` | That it should come back |\n",
                before="| `reject(message)`",
            ),
            Edit("docs/reference.md", "::: toggle_mock.busy\n\n", before="::: toggle_mock.fail\n"),
        ],
        [DOCS_TESTS, "tests/unit/test_fault_specs.py", "tests/unit/test_public_api.py"],
        'assert toggle.on_register.always(toggle_mock.busy()).spec.dump()["always"] == "busy"',
    ),
    "a key of queries": (
        [
            Edit(
                "toggle_mock/matching/keys.py",
                """    Key("method", _of_arrival(lambda event: event.batch.call.method)),
""",
                before='    Key("peer", ',
            ),
            Edit("docs/assertions.md", "`method:SendEvents`, ", before="`peer:ipv4:*`"),
        ],
        [DOCS_TESTS, "tests/unit/test_matching.py"],
        'toggle_mock.where("method:SendEvents")',
    ),
    "a setting of the agent": (
        [
            Edit(
                "rodent_events/config.py",
                """    example_pause: Seconds = 2.5
    \"\"\"Seconds that nothing waits.\"\"\"
""",
                before="\n    def __post_init__",
            ),
            Edit(
                "docs/configuration.md",
                "| `example_pause` | 2.5 | Seconds that nothing waits. |\n",
                before="| `send_timeout`",
            ),
        ],
        [DOCS_TESTS, "tests/unit/test_config.py"],
        "assert rodent_events.EventConfig(example_pause=3).example_pause == 3",
    ),
    "an error": (
        [
            Edit(
                "toggle_mock/errors.py",
                '''class ExampleError(ToggleMockError, ValueError):
    """An example is none."""


''',
                before="class RemoteError(",
            ),
            Edit(
                "toggle_mock/codes.py",
                """    Code(
        "RE-399",
        "toggle_mock.errors.ExampleError",
        "An example is none.",
        "Give one.",
    ),
""",
                before="    # Lines of the log: of the server",
            ),
            Edit(
                "docs/reference.md",
                "::: toggle_mock.ExampleError\n\n",
                before="::: toggle_mock.QueryError\n",
            ),
            Edit(
                "tests/unit/test_http_errors.py",
                "    ExampleError,\n",
                before="    FaultSpecError,\n",
            ),
            Edit(
                "tests/unit/test_http_errors.py",
                "    ExampleError: 400,\n",
                before="    SchemaError: 400,\n",
            ),
            Edit("toggle_mock/__init__.py", "        ExampleError,\n", before="        FaultSpecE"),
            Edit("toggle_mock/__init__.py", '    "ExampleError",\n', before='    "FaultSpecError'),
            Edit(
                "toggle_mock/__init__.py", '        "ExampleError",\n', before='        "FaultSpec'
            ),
        ],
        [
            "tests/unit/test_http_errors.py",
            "tests/unit/test_public_api.py",
            "tests/unit/test_codes.py",
        ],
        "assert issubclass(toggle_mock.ExampleError, toggle_mock.ToggleMockError)",
    ),
    "an endpoint": (
        [
            Edit(
                "toggle_mock/http_api/bodies/examples.py",
                '''"""Examples: what is asked, and what is answered."""

from __future__ import annotations

from toggle_mock.http_api.bodies.base import Answer, Body


class AskExample(Body):
    """An example that is asked for."""

    name: str = "one"


class Example(Answer):
    """An example."""

    name: str
''',
            ),
            Edit(
                "toggle_mock/http_api/handlers/examples.py",
                '''"""Examples."""

from __future__ import annotations

from toggle_mock.http_api.bodies.examples import AskExample, Example
from toggle_mock.http_api.state import Api


def example(_api: Api, body: AskExample) -> Example:
    """An example of this name."""
    return Example(name=body.name)
''',
            ),
            Edit(
                "toggle_mock/http_api/endpoints.py",
                '    _v1("POST", "/examples", examples.example),\n',
                before='    _v1("POST", "/tokens", tokens.issue),\n',
            ),
            Edit("toggle_mock/http_api/endpoints.py", "    examples,\n", before="    faults,\n"),
            Edit(
                "docs/http.md",
                "| `POST /api/v1/examples` | `name` | An example of this name |\n",
                before="| `POST /api/v1/tokens` |",
            ),
            Edit(
                "tests/integration/test_http_contract.py",
                """    ("POST", "/api/v1/examples"): [
        Case(200, "/api/v1/examples", {"name": "two"}),
        Case(400, "/api/v1/examples", {"name": 2}),
    ],
""",
                before='    ("POST", "/api/v1/tokens"): [\n',
            ),
        ],
        [DOCS_TESTS, "tests/unit/test_openapi.py", "tests/integration/test_http_contract.py"],
        "",
    ),
    "a command of `toggle-mock`": (
        [
            Edit(
                "toggle_mock/cli/example.py",
                '''"""``toggle-mock example``: an example."""

from __future__ import annotations

import click


@click.command()
def example() -> None:
    """Print an example."""
    click.echo("an example")
''',
            ),
            Edit("toggle_mock/cli/main.py", '    "example",\n', before='    "replay",\n'),
            Edit(
                "docs/mock.md",
                "| `toggle-mock example` | Prints an example |\n",
                before="| `toggle-mock replay FILE",
            ),
        ],
        [DOCS_TESTS, "tests/integration/test_cli_toggle.py"],
        'assert click.testing.CliRunner().invoke(main, ["example"]).output == "an example\\n"',
    ),
}

USE = """
import click.testing, grpc, rodent_events, toggle_mock
from toggle_mock.cli.main import main
toggle = toggle_mock.ToggleServer(relay=True)
"""


def test_each_row_is_tried():
    assert set(ROWS) == {*CHANGES, *SCHEMA}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("title", CHANGES)
def test_what_a_row_names_is_enough(title, tmp_path):
    root = copied(tmp_path / "copy")
    named, command = ROWS[title]
    edits, tests, proof = CHANGES[title]
    for edit in edits:
        edit.make(root)
    touched = {edit.path for edit in edits}
    assert changed_files(root) == touched
    assert [path for path in touched if not any(belongs(path, one) for one in named)] == []
    if command:
        make(root, *shlex.split(command)[1:])
    modules = [path for path in touched if path.endswith(".py")]
    run(root, ".venv/bin/ruff", "check", "--fix", *modules)
    run(root, ".venv/bin/ruff", "format", *modules)
    run(root, ".venv/bin/mypy", "rodent_events", "toggle_mock")
    run(root, ".venv/bin/python", "tools/schemas.py", "--check")
    run(root, ".venv/bin/python", "-c", USE + proof)
    run(root, ".venv/bin/pytest", "-q", *tests)


def belongs(path: str, named: str) -> bool:
    """Whether a file is one that a row names: by itself, by its folder, or by a placeholder."""
    pattern = re.sub(r"<\w+>", r"[\\w-]+", re.escape(named).replace(r"\<", "<").replace(r"\>", ">"))
    return re.fullmatch(rf"{pattern}(/.*)?", path) is not None
