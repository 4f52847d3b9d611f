"""The documentation says what the code says."""

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from support.payloads import PLACES
from support.snippets import snippet

from rodent_events import EventConfig
from rodent_events.config import CATEGORIES, LEVELS, PROFILES
from rodent_events.retry_policy import RULES, Rule

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)  # a tutorial's have a title besides
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, block in enumerate(PYTHON_BLOCK.findall(page.read_text()))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_each_example_is_a_file_that_runs(block):
    first, _, rest = block.partition("\n")
    named = re.fullmatch(
        r"# ((?:examples|tests/integration/downstream)/[\w/]+\.py)(?:::(\w+))?", first
    )
    assert named, f"an example starts with the name of its file, got {first!r}"
    path, function = named.groups()
    source = (ROOT / path).read_text()
    assert rest == (snippet(source, function) if function else source)


def test_each_recipe_is_shown():
    """A function that no page shows is of no use there."""
    shown = {block.values[0].partition("\n")[0] for block in BLOCKS}
    tests = re.compile(r"^(?:async def (test_\w+)|def (test_\w+)|class (\w+))", re.MULTILINE)
    there = {
        f"# examples/how_to/{file.name}::{found[1] or found[2] or found[3]}"
        for file in (ROOT / "examples" / "how_to").glob("*.py")
        for found in tests.finditer(file.read_text())
    }
    assert len(there) >= 40
    assert there - shown == set()


def test_there_are_examples():
    assert len(BLOCKS) >= 3


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without their code marks."""
    text = (ROOT / "docs" / page).read_text()
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


def test_every_setting_is_documented_with_its_default():
    documented = {row[0]: row[1] for row in rows("configuration.md", "Settings")}
    profile = PROFILES["default"]
    for setting in fields(EventConfig):
        default = setting.default
        if setting.name in profile and setting.name != "enabled_levels":
            default = profile[setting.name]
        shown = documented.pop(setting.name)
        if isinstance(default, bool | int | float | str) and default is not MISSING:
            assert shown.replace("\u00a0", "").replace(",", "") in (
                f"{default:g}" if isinstance(default, float) else str(default).lower()
            ), setting.name
    assert documented == {}


def test_every_profile_is_documented():
    documented = {
        row[0]: [float(cell.replace(",", "")) for cell in row[1:5]]
        for row in rows("configuration.md", "Profiles")
    }
    assert documented == {
        name: [
            float(profile[key])
            for key in ("buffer_size", "flush_threshold", "batch_size", "batch_timeout")
        ]
        for name, profile in PROFILES.items()
    }


def test_every_payload_type_is_documented():
    documented = [row[:4] for row in rows("events.md", "Payload types")]
    assert documented == [
        [place.category_name, place.name, place.emitter, place.source] for place in PLACES
    ]


def test_every_metric_is_documented():
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from rodent_events import EventBus
    from rodent_events.metrics import PrometheusCollector, observe

    stats = EventBus().get_stats
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    observe(provider.get_meter("test"), stats)
    (resource,) = reader.get_metrics_data().resource_metrics
    provider.shutdown()
    theirs = {metric.name for metric in resource.scope_metrics[0].metrics}
    # It is without a point until something is dropped.
    theirs.add("rodent_events.dropped")
    table = rows("events.md", "Metrics")
    assert {row[0] for row in table} == theirs
    shown = {name.strip("` ") for row in table for name in row[1].split(",")} - {"–"}
    assert shown == {
        family.name + "_total" * (family.type == "counter")
        for family in PrometheusCollector(stats).collect()
    }


def test_every_status_is_documented():
    documented = {
        status: Rule[row[1]]
        for row in rows("delivery.md", "Statuses")
        for status in row[0].replace("`", "").split(", ")
    }
    assert documented == {status.name: rule for status, rule in RULES.items()}


@pytest.mark.parametrize(("title", "names"), [("Levels", LEVELS), ("Categories", CATEGORIES)])
def test_every_level_and_every_category_is_named(title, names):
    text = (ROOT / "docs" / "events.md").read_text()
    listed = re.search(rf"^- {title}: (.*)\.$", text, re.MULTILINE)[1].split(", ")
    assert listed == [name for name in names.values() if name != "UNSPECIFIED"]


@pytest.mark.parametrize(
    ("page", "language", "example"),
    [
        ("faults.md", "yaml", "scenario.yml"),
        ("mock.md", "yaml", "serve.yml"),
        ("contract.md", "yaml", "contract.yml"),
        ("http.md", "sh", "with_curl.sh"),
        ("go.md", "go", "../go/example/agent_test.go"),
        ("ci.md", "yaml", "../ci/github/example.yml"),
        ("how-to/run.md", "ini", "how_to/agent.service"),
        ("how-to/run.md", "dockerfile", "how_to/agent.Dockerfile"),
        ("how-to/run.md", "yaml", "how_to/agent.yaml"),
    ],
)
def test_other_examples_are_files_too(page, language, example):
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    named = f"# examples/{example}\n"  # where it is not the first block of its language
    (block,) = [one for one in blocks if one.startswith(named)] or blocks[:1]
    assert block.removeprefix(named) == (ROOT / "examples" / example).read_text()


def test_the_files_of_the_bookshop_are_on_its_page():
    text = (ROOT / "docs" / "your-protos.md").read_text()
    titled = re.findall(r'```\w+ title="(bookshop/[^"]+)"\n(.*?)```', text, re.DOTALL)
    files = {path for path in (ROOT / "examples" / "bookshop").rglob("*") if path.is_file()}
    assert {ROOT / "examples" / name for name, _ in titled} == files
    for name, shown in titled:
        assert shown == (ROOT / "examples" / name).read_text()


def test_each_file_of_settings_on_a_page_is_one(tmp_path):
    blocks = [
        (page.name, block)
        for page in PAGES
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        if re.search(r"^events:", block, re.MULTILINE)
    ]
    assert len(blocks) >= 5
    for page, block in blocks:
        file = tmp_path / page
        file.write_text(block)
        assert EventConfig.load(file)


def test_each_variable_of_a_setting_on_a_page_is_one():
    settings = {f"RODENT_EVENTS_{setting.name.upper()}" for setting in fields(EventConfig)}
    places = [*PAGES, *(ROOT / "examples" / "how_to").glob("agent.*")]
    named = {
        name
        for page in places
        for name in re.findall(r"RODENT_EVENTS_[A-Z_]+[A-Z]", page.read_text())
    }
    assert len(named) >= 8
    assert named - settings == {"RODENT_EVENTS_CONFIG"}


@pytest.mark.parametrize(
    ("heading", "next_heading", "contract"),
    [
        ("### Of a Rodent\n", "### Of a Toggle\n", "RodentContract"),
        ("### Of a Toggle\n", "## Times\n", "ToggleContract"),
    ],
)
def test_all_that_can_be_said_of_a_judged_program_is_documented(heading, next_heading, contract):
    from toggle_mock.contract import settings

    text = (ROOT / "docs" / "contract.md").read_text()
    table = text.split(heading)[1].split(next_heading)[0]
    keys = re.findall(r"^\| `(\w+)` ", table, re.MULTILINE)
    assert keys == list(getattr(settings, contract).__struct_fields__)


def test_all_features_and_times_of_judged_programs_are_documented():
    from toggle_mock.contract import settings

    text = (ROOT / "docs" / "contract-cases.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)` ", text, re.MULTILINE))
    assert listed == {
        *settings.RODENT_FEATURES,
        *settings.TOGGLE_FEATURES,
        *settings.RodentTimes.__struct_fields__,
        *settings.ToggleTimes.__struct_fields__,
    }


def test_every_verdict_on_a_case_is_documented():
    from toggle_mock.contract.standing import Standing

    assert [row[0] for row in rows("contract.md", "Verdicts")] == list(map(str, Standing))


def test_every_option_of_verify_is_documented():
    from toggle_mock.cli.options import option_name
    from toggle_mock.cli.verify import verify

    text = (ROOT / "docs" / "contract.md").read_text()
    names = [
        option_name(option)
        for command in verify.commands.values()
        for option in command.params
        if option.param_type_name == "option"
    ]
    assert len(names) >= 30
    keys = {name: f"`{name.replace('-', '_')}`" for name in names}
    assert [name for name in names if f"--{name}" not in text and keys[name] not in text] == []


def test_every_option_of_the_mock_is_documented():
    import inspect

    from toggle_mock import ToggleServer

    documented = {
        name.strip("` ") for row in rows("mock.md", "Options") for name in row[0].split(",")
    }
    parameters = inspect.signature(ToggleServer.__init__).parameters
    assert documented == set(parameters) - {"self"}


def test_every_fixture_is_documented():
    from toggle_mock import pytest_plugin

    text = (ROOT / "docs" / "mock.md").read_text()
    fixtures = [
        name
        for name, value in vars(pytest_plugin).items()
        if type(value).__name__ == "FixtureFunctionDefinition" and not name.startswith("_")
    ]
    assert len(fixtures) >= 9
    assert [name for name in fixtures if f"`{name}" not in text] == []


def test_every_assertion_is_documented():
    from toggle_mock import Assertions

    methods = {name for name in vars(Assertions) if name.startswith(("wait", "assert"))}
    assert len(methods) >= 7
    assert called("assertions.md", "What must be there") == methods


def test_every_kind_of_refusal_is_documented():
    from toggle_mock.recording.refusals import KINDS

    cells = [row[0] for row in rows("assertions.md", "What is turned away")]
    assert {name for cell in cells for name in re.findall(r"\w+", cell)} == set(KINDS)


def test_all_that_is_there_of_a_recording_is_documented():
    from toggle_mock import RecordingView

    names = {name for name in vars(RecordingView) if not name.startswith("_")}
    cells = " ".join(row[0] for row in rows("assertions.md", "What is there"))
    documented = set(re.findall(r"\w+", cells.replace("(matcher)", "")))
    assert documented == names - {"mine", "checked"}  # which serve the HTTP API


def test_every_key_of_queries_is_documented():
    from toggle_mock.matching.keys import KEYS

    terms = [row[0] for row in rows("assertions.md", "Queries")]
    documented = {key for term in terms for key in re.findall(r"\b([a-z_]+)[.:]", term)}
    assert KEYS.keys() <= documented


def test_every_fault_and_outcome_is_documented():
    from toggle_mock.faults.outcome_data import OUTCOMES
    from toggle_mock.faults.spec import CALL_FAULTS, CONNECTION_FAULTS

    assert called("faults.md", "Of calls") == {*CALL_FAULTS, *OUTCOMES}
    assert called("faults.md", "Of the connection") == set(CONNECTION_FAULTS)
    text = (ROOT / "docs" / "faults.md").read_text().split("## As data", 1)[1]
    assert [name for name in CALL_FAULTS if f"`{name}`" not in text] == []


def called(page: str, heading: str) -> set[str]:
    """The functions and methods in the first column of the tables below a heading."""
    first = [row[0] for row in rows(page, heading)]
    return {name for cell in first for name in re.findall(r"(\w+)\(", cell)}


def test_every_endpoint_is_documented():
    from toggle_mock.http_api.endpoints import ENDPOINTS

    def takes(endpoint) -> list[str]:
        in_url = endpoint.parameters.__struct_fields__
        in_body = getattr(endpoint.body, "__struct_fields__", ())
        return [*in_body, *(name for name in in_url if name not in endpoint.names_in_path)]

    documented = [
        [
            row[0],
            {name for name in row[1].replace("`", "").split(", ") if name[:1].islower()},
            row[2],
        ]
        for row in rows("http.md", "Endpoints")
    ]
    assert documented == [
        [f"{endpoint.method} {endpoint.path}", set(takes(endpoint)), endpoint.summary.rstrip(".")]
        for endpoint in ENDPOINTS
    ]


def test_every_status_of_an_error_is_documented():
    from toggle_mock.http_api.endpoints import ENDPOINTS
    from toggle_mock.http_api.openapi import document

    answers = {
        int(code)
        for methods in document(ENDPOINTS)["paths"].values()
        for operation in methods.values()
        for code, answer in operation["responses"].items()
        if "$ref" in answer
    }
    assert {int(row[0]) for row in rows("http.md", "Errors")} == answers


def test_the_modules_that_moved_are_where_the_page_says():
    moved = [[cell.strip("`") for cell in row] for row in rows("migrating.md", "Modules")]
    assert len(moved) >= 50
    modules = {name: (ROOT / name.replace(".", "/")) for pair in moved for name in pair}
    files = {name for name, path in modules.items() if path.with_suffix(".py").exists()}
    packages = {name for name, path in modules.items() if (path / "__init__.py").exists()}
    assert [new for _, new in moved if new not in files | packages] == []
    assert [old for old, _ in moved if old in files] == []


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_files_that_a_page_names_are_there(page):
    text = (ROOT / page).read_text()
    named = {
        path
        for path in re.findall(r"[\w./-]+/[\w.-]+\.(?:py|md|toml|proto|json)\b", text)
        if not path.startswith(("http", "build/"))
    }
    roots = [ROOT, ROOT / "toggle_mock", ROOT / "rodent_events"]
    assert [one for one in named if not any((root / one).exists() for root in roots)] == []


def test_the_tests_that_a_page_names_are_there():
    for page in PAGES:
        for path, name in set(re.findall(r"([\w/]+\.py)::(test_\w+)", page.read_text())):
            folders = (ROOT / "tests", ROOT / "examples")
            found = [one.read_text() for folder in folders for one in folder.rglob(Path(path).name)]
            assert any(f"def {name}(" in text for text in found), f"{page.name}: {path}::{name}"
