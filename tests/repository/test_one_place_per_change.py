"""Each change of the schema that docs/schema.md describes, made in a copy of the tree.

An edit and the commands of the page must be all that it takes: what is generated shows the change,
and whatever looks at the schema passes.
"""

import ast
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.tree import ROOT, copied, make, run

from toggle_mock.schema import REVISIONS

SECTION = (ROOT / "docs" / "schema.md").read_text().split("## Change the schema\n")[1]
SECTION = SECTION.split("\n## ")[0]
COMMANDS = re.findall(r"^\$ (.*)$", SECTION, re.MULTILINE)
TITLES = re.findall(r"^### (.*)$", SECTION, re.MULTILINE)

EVENTS = "events/event_messages.proto"
NEW_REVISION = "2999-12-31"
COMPARED = "docs/compatibility.md"

# Whatever goes through all that a schema has uses one of these names.
EVERYTHING = {"PLACES", "POOL", "REVISIONS", "LEVELS", "CATEGORIES", "SOURCES", "__all__"}


def dependent_tests(path: Path) -> list[str]:
    """The tests of a file that name something of EVERYTHING, or what the file makes of it."""
    statements = ast.parse(path.read_text()).body
    uses = [({*made_by(one)}, {*named_in(one)}) for one in statements]
    names, size = set(EVERYTHING), 0
    while size < len(names):
        size = len(names)
        names |= {name for made, used in uses if used & names for name in made}
    tests = [one.name for one in statements if isinstance(one, ast.FunctionDef)]
    return [
        f"{path.relative_to(ROOT)}::{name}"
        for name in tests
        if name.startswith("test_") and name in names
    ]


def made_by(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module gives a meaning."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    if isinstance(statement, ast.Assign):
        yield from (one.id for one in statement.targets if isinstance(one, ast.Name))


def named_in(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement uses; a fixture is one by a parameter."""
    for one in ast.walk(statement):
        match one:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name


DEPENDENT = [
    test
    for path in sorted((ROOT / "tests").glob("*/test_*.py"))
    if path != Path(__file__)
    for test in dependent_tests(path)
]


@dataclass(frozen=True)
class Change:
    """A change, and what the commands must have made of it."""

    edit: Callable[[Path], None]
    shown: Mapping[str, str]
    """Texts by the file that has them afterwards."""
    about: tuple[str, ...]
    """What it is about, as the cases of a test are named."""
    unchanged: tuple[str, ...] = (COMPARED,)
    """What takes long to make, and does not follow from it."""


def add(root: Path, block: str, line: str, folder: str = "proto") -> None:
    """Add a line to a block of a schema; ``{}`` in it is a number that no schema has there."""
    taken = [0]
    for path in root.glob(f"proto/**/{EVENTS}"):
        taken += map(int, re.findall(r"= (\d+);", parted(path, block)[1]))
    path = root / folder / EVENTS
    head, body, tail = parted(path, block)
    indent = re.match(" *", tail)[0]
    path.write_text(f"{head}{body}\n{indent}  {line.format(max(taken) + 1)}\n{tail}")


def parted(path: Path, block: str) -> tuple[str, str, str]:
    """A file as it is before the content of a block, the content, and the rest with its brace."""
    before, begin, rest = path.read_text().partition(block + " {\n")
    indent = re.match(" *", block.rpartition("\n")[2])[0]
    body, end, after = rest.partition(f"\n{indent}}}\n")
    return before + begin, body, end[1:] + after


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def add_payload_type(root: Path, folder: str = "proto") -> None:
    oneof = "message StorageEvent {\n  oneof event_type"
    add(root, oneof, "StorageExamplePayload example_event = {};", folder)
    message = """
// A storage node was taken for an example, which is a thing that takes more than one line to say,
// as it happens.
message StorageExamplePayload {
  enum StorageExampleOperation {
    STORAGE_EXAMPLE_OPERATION_UNSPECIFIED = 0;
    STORAGE_EXAMPLE_OPERATION_GIVEN = 1;
  }

  // The pool that it is in.
  // Example: tank
  string pool_name = 1;
  // How many there were, by device.
  // Example: 0, 3
  repeated uint32 errors = 2;
  // Of all, how many.
  // Example: 0.5
  double ratio = 3;
  // A digest of it.
  // Example: abc
  bytes digest = 4;
  // Counted, by name.
  // Example: read: 3, write: 0
  map<string, int64> counts = 5;
  // Where it begins, in bytes.
  // Example: -1
  sfixed64 offset = 6;
  // What became of it.
  // Example: GIVEN
  StorageExampleOperation operation = 7;
}
"""
    append(root / folder / EVENTS, message)


def add_category(root: Path) -> None:
    add(root, "enum EventCategory", "EVENT_CATEGORY_EXAMPLE = {};")
    add(root, "  oneof event_payload", "ExampleEvent example_event = {};")
    messages = """
message ExampleEvent {
  oneof event_type {
    ExampleThingPayload thing_event = 1;
  }
}

message ExampleThingPayload {
  // Its name.
  // Example: thing
  string name = 1;
}
"""
    append(root / "proto" / EVENTS, messages)


def add_values(root: Path) -> None:
    add(root, "enum EventLevel", "EVENT_LEVEL_EXAMPLE = {};")
    add(root, "  enum StoragePoolOperation", "STORAGE_POOL_OPERATION_EXAMPLE = {};")


def add_fields(root: Path) -> None:
    said = "// What it is an example of.\n  // Example: {}\n  {} examples = {{}};"
    add(root, "message StorageDatasetPayload", said.format("a: b", "map<string, string>"))
    add(root, "message UsageQuotaPayload", said.format("a, b", "repeated bytes"))


def add_revision(root: Path) -> None:
    revisions = root / "proto" / "revisions"
    latest = max(path.name for path in revisions.iterdir())
    shutil.copytree(revisions / latest, revisions / NEW_REVISION)
    add_payload_type(root, f"proto/revisions/{NEW_REVISION}")


CHANGES = {
    "A payload type": Change(
        add_payload_type,
        {
            "rodent_events/emitters.py": "A storage node was taken for an example, which is",
            "rodent_events/__init__.py": '"emit_storage_example",',
            "docs/events.md": "| STORAGE | `StorageExamplePayload` | `emit_storage_example` |",
            "docs/payloads.md": "| 1 | `pool_name` | string | The pool that it is in. | `tank` |",
        },
        about=("StorageExamplePayload",),
    ),
    "A category": Change(
        add_category,
        {
            "rodent_events/__init__.py": '"EVENT_CATEGORY_EXAMPLE",',
            "docs/events.md": "| EXAMPLE | `ExampleThingPayload` | `emit_example_thing` |",
        },
        about=("ExampleThingPayload",),
    ),
    "A value of an enum": Change(
        add_values,
        {
            "rodent_events/__init__.py": '"EVENT_LEVEL_EXAMPLE",',
            "rodent_events/pb/events/event_messages_pb2.pyi": "STORAGE_POOL_OPERATION_EXAMPLE",
            "docs/events.md": ", EXAMPLE.",
        },
        about=("StoragePoolPayload",),
    ),
    "A field": Change(
        add_fields,
        {
            "rodent_events/pb/events/event_messages_pb2.pyi": "    examples: ",
            "docs/payloads.md": "map of string to string | What it is an example of. | `a: b` |",
        },
        about=("StorageDatasetPayload", "UsageQuotaPayload"),
    ),
    "A published revision": Change(
        add_revision,
        {COMPARED: f" to {NEW_REVISION}\n\n| message |"},
        about=(NEW_REVISION, REVISIONS[-1]),  # which is the newest no more
        unchanged=(),
    ),
}


@pytest.fixture
def copy(tmp_path):
    """A copy of the tree."""
    return copied(tmp_path / "copy")


def test_the_tests_that_depend_on_the_schema_are_found():
    files = {test.partition("::")[0].rpartition("/")[2] for test in DEPENDENT}
    assert files >= {
        "test_compat_revisions.py",
        "test_distribution.py",
        "test_docs.py",
        "test_emit.py",
        "test_end_to_end.py",
        "test_payload_types.py",
        "test_revisions.py",
        "test_round_trips.py",
        "test_schema.py",
        "test_strategies.py",
    }


def test_the_page_names_each_change():
    assert list(CHANGES) == TITLES
    assert COMMANDS == ["make proto"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("title", CHANGES)
def test_an_edit_and_the_commands_of_the_page_are_all(title, copy):
    change = CHANGES[title]
    change.edit(copy)
    drift = subprocess.run(
        [".venv-proto/bin/python", "tools/generate.py", "--check"], cwd=copy, check=False
    )
    assert drift.returncode == 1
    generate(copy, change)
    for path, text in change.shown.items():
        assert text in (copy / path).read_text(), path
    run(copy, ".venv-proto/bin/python", "tools/generate.py", "--check")
    run(copy, ".venv/bin/ruff", "check", ".")
    run(copy, ".venv/bin/ruff", "format", "--check", ".")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("titles", [[*CHANGES][:-1], [*CHANGES][-1:]], ids=["edits", "a revision"])
def test_what_looks_at_the_schema_passes_afterwards(titles, copy):
    changes = [CHANGES[title] for title in titles]
    for change in changes:
        change.edit(copy)
    generate(copy, *changes)
    chosen = concerned([name for change in changes for name in change.about])
    run(copy, ".venv/bin/pytest", "-q", "-n", "2", "-k", chosen, *DEPENDENT)


def concerned(about: Sequence[str]) -> str:
    """Of each test the cases that are about this; without those of other payloads and revisions.

    They are as they are here, where they are tested anyway.
    """
    return f"{' or '.join(about)} or not (Payload] or {' or '.join(REVISIONS)})"


def generate(root: Path, *changes: Change) -> None:
    """Do what the page says, but for what follows from none of the changes."""
    unchanged = set.intersection(*(set(change.unchanged) for change in changes))
    for command in COMMANDS:
        make(root, *command.split()[1:], *(f"--old-file={path}" for path in unchanged))
