"""What is public is listed, loads, is all that the documentation uses, and fails in one way."""

import ast
import importlib
import inspect
import pickle
import re
from pathlib import Path

import pytest
from support.modules import modules_of

import rodent_events
import rodent_events.integrations.asgi
import rodent_events.integrations.celery
import rodent_events.integrations.log
import rodent_events.metrics
import toggle_mock
import toggle_mock.compat
import toggle_mock.container
import toggle_mock.contract
import toggle_mock.contract.explore
import toggle_mock.faults
import toggle_mock.locust
import toggle_mock.strategies

ROOT = Path(__file__).parents[2]
PUBLIC = {
    package.__name__: package.__all__
    for package in (
        rodent_events,
        rodent_events.integrations.asgi,
        rodent_events.integrations.celery,
        rodent_events.integrations.log,
        rodent_events.metrics,
        toggle_mock,
        toggle_mock.compat,
        toggle_mock.container,
        toggle_mock.contract,
        toggle_mock.contract.explore,
        toggle_mock.faults,
        toggle_mock.locust,
        toggle_mock.strategies,
    )
}
# What it has replaces Python's threads as it loads, which test_load.py has other processes do.
APART = "toggle_mock.locust"


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != APART])
def test_all_that_is_listed_loads(name):
    package = importlib.import_module(name)
    assert len(PUBLIC[name]) == len(set(PUBLIC[name]))
    for public in PUBLIC[name]:
        assert getattr(package, public) is not None


@pytest.mark.parametrize("name", ["toggle_mock", "toggle_mock.contract", "toggle_mock.strategies"])
def test_what_is_loaded_late_is_what_type_checkers_see(name):
    package = importlib.import_module(name)
    tree = ast.parse(inspect.getsource(package))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        f"{node.module.removeprefix(f'{name}.')}": tuple(alias.name for alias in node.names)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    for home, names in seen.items():
        module = importlib.import_module(f"{name}.{home}")
        assert all(getattr(package, one) is getattr(module, one) for one in names)
    assert sorted(package.__all__) == sorted(one for names in seen.values() for one in names)


def test_a_name_that_does_not_exist_is_refused():
    with pytest.raises(AttributeError, match=r"toggle_mock.*no attribute 'TogleServer'"):
        _ = toggle_mock.TogleServer


def imports(text: str):
    """The package and the name of each import from one of ours."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                yield node.module, alias.name


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    (page.name, block)
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
]
EXAMPLES = [(path.name, path.read_text()) for path in sorted((ROOT / "examples").glob("*.py"))]


def test_documentation_and_examples_import_what_is_public():
    used = {
        (where, module, name)
        for where, text in [*BLOCKS, *EXAMPLES]
        for module, name in imports(text)
        if module.partition(".")[0] in {"rodent_events", "toggle_mock"}
    }
    assert len(used) >= 20
    assert [one for one in sorted(used) if one[2] not in PUBLIC.get(one[1], ())] == []


def test_documentation_names_what_is_public():
    named = {
        (page.name, *match)
        for page in PAGES
        # The names of the one are gone, or private; those of the other are packages.
        if page.name not in {"migrating.md", "proofs.md"}
        for match in re.findall(
            r"`(rodent_events|toggle_mock(?:\.compat|\.contract|\.faults|\.strategies)?)\.(\w+)",
            page.read_text().partition("| OpenTelemetry |")[0],  # metrics are called likewise
        )
    }
    modules = {"compat", "contract", "faults", "integrations", "locust", "metrics", "pb"}
    modules |= {"strategies"}
    wrong = [one for one in sorted(named) if one[2] not in PUBLIC[one[1]] and one[2] not in modules]
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "root"),
    [
        (rodent_events, rodent_events.RodentEventsError),
        (toggle_mock, toggle_mock.ToggleMockError),
    ],
    ids=["rodent_events", "toggle_mock"],
)
def test_all_errors_have_one_root(package, root):
    found = {
        kind
        for module in modules_of(package)
        for kind in vars(module).values()
        if isinstance(kind, type)
        and issubclass(kind, BaseException)
        and kind.__module__.startswith(package.__name__)
    }
    assert len(found) >= 7
    assert [kind for kind in found if not issubclass(kind, root)] == []


def test_the_errors_of_a_package_are_public():
    for package in (rodent_events, toggle_mock):
        errors = importlib.import_module(f"{package.__name__}.errors")
        kinds = [name for name, kind in vars(errors).items() if name.endswith("Error")]
        assert [name for name in kinds if name not in package.__all__] == []


def test_the_reference_has_what_is_public_and_nothing_else():
    page = (ROOT / "docs" / "reference.md").read_text()
    listed = re.findall(r"^::: (\S+)$", page, re.MULTILINE)
    public = {f"{package}.{name}" for package, names in PUBLIC.items() for name in names}
    of_the_schema = {name for name in public if is_of_the_schema(name)}
    assert len(of_the_schema) >= 80
    assert len(listed) == len(set(listed))
    assert set(listed) == public - of_the_schema


def is_of_the_schema(name: str) -> bool:
    """Whether a name is that of a message, an enum, one of its values, or an emitter."""
    package, _, last = name.rpartition(".")
    if package == APART:
        return False
    kind = getattr(importlib.import_module(package), last)
    generated = isinstance(kind, int) or hasattr(kind, "DESCRIPTOR")
    return generated or last.startswith("emit_")


@pytest.mark.parametrize("name", ["initialize", "emit", "shutdown", "emit_storage_pool"])
def test_a_function_may_be_sent_to_another_process(name):
    function = getattr(rodent_events, name)
    assert pickle.loads(pickle.dumps(function)) == function
