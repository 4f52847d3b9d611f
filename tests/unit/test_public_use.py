"""Tests use the product as its users do; where one reaches into what is private, it says why."""

import ast
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

TESTS = Path(__file__).parents[1]

# Which private names a file uses, and why.
REASONS = {
    "containers/test_rodent_container.py": (
        {"_sock"},
        "The connection behind an attached stdin has no public name to be closed by.",
    ),
    "integration/test_full_spool.py": (
        {"_running"},
        "Whom a signal would ask to save: only a signal tells of that, and it ends the process.",
    ),
    "integration/test_door.py": (
        {"_thread"},
        "Its loop is held, so that somebody comes just as it ends.",
    ),
    "integration/test_global_bus.py": (
        {"_report_early_events"},
        "What a bus leaves for the end of the process is taken back.",
    ),
    "integration/test_overlaps.py": (
        {"_shared"},
        "A latency that is left over would show in nothing but time.",
    ),
    "integration/test_small_disk.py": (
        {"_buffer", "_store"},
        "A journal that is open for writing keeps the disk from being remounted.",
    ),
    "integration/test_tls.py": (
        {"_channel"},
        "That a channel is closed shows in nothing but what can be done with it.",
    ),
    "property/test_delivery_model.py": (
        {"_decide", "_parts"},
        "The model plays the worker's part, one step at a time.",
    ),
    "property/test_strategies.py": (
        {"_Builder"},
        "How often a strategy is made shows in nothing but time.",
    ),
    "unit/test_emit.py": (
        {"_templates"},
        "That something stays bounded shows in nothing but memory.",
    ),
    "unit/test_public_use.py": (
        {"_buffer", "_extract"},
        "Examples of what is found.",
    ),
    "unit/test_worker.py": (
        {
            "_inbox",
            "_schedule",
            "_ended",
            "_send_if_due",
            "_flushes",
            "_check_flushes",
            "_go_on",
        },
        "Two things that happen in one order of many, which only the worker's own thread decides.",
    ),
}

# They look private, and are other libraries'.
OTHERS = {"_exit", "_incubating"}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name.isidentifier()


def mentioned(node: ast.AST) -> list[str]:
    """The names by which a node reaches into an object or a module that is not its own."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return []
        case ast.Attribute(attr=name):
            return [name]
        case ast.ImportFrom(module=module, names=names):
            return [*(module or "").split("."), *(alias.name for alias in names)]
        case ast.Call(func=ast.Attribute(attr="setattr" | "object" | "patch"), args=arguments) | (
            ast.Call(func=ast.Name(id="getattr" | "setattr" | "delattr"), args=arguments)
        ):
            texts = [one.value for one in arguments if isinstance(one, ast.Constant)]
            return [name for text in texts if isinstance(text, str) for name in text.split(".")]
        case ast.Constant(value=str(text)) if "import" in text:  # a program within a test
            return list(private_names(text))
        case _:
            return []


def private_names(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(dedent(source))
    except SyntaxError:  # a text that only mentions the word
        return
    for node in ast.walk(tree):
        yield from (name for name in mentioned(node) if is_private(name) and name not in OTHERS)


def test_only_these_tests_use_private_names_and_these_names_alone():
    used = {
        str(path.relative_to(TESTS)): names
        for path in TESTS.rglob("*.py")
        if "sown" not in path.parts  # to sow a fault is to break what is private
        if (names := set(private_names(path.read_text())))
    }
    assert used == {path: names for path, (names, _reason) in REASONS.items()}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("bus._buffer.append(b'')", ["_buffer"]),
        ("self._mine, bus.__dict__, os._exit(0)", []),
        ("from toggle_mock.schema import _extract, load", ["_extract"]),
        ("monkeypatch.setattr('rodent_events.worker._PAUSE', 0)", ["_PAUSE"]),
        ("monkeypatch.setattr(EventClient, '_send', print)", ["_send"]),
        ("mock.patch('a._b'); mock.patch.object(a, '_c')", ["_b", "_c"]),
        ("getattr(bus, '_worker')", ["_worker"]),
        ("pytester.makepyfile('  import a\\n  a.bus._buffer')", ["_buffer"]),
    ],
)
def test_a_private_name_is_found_however_it_is_written(source, names):
    assert sorted(private_names(source)) == names
