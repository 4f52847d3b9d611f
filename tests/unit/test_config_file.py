"""Files for ``toggle-mock serve --config``, as they are read, and what their JSON Schema says."""

import json
import re
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from toggle_mock.cli.options import config_schema
from toggle_mock.cli.serve import serve
from toggle_mock.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(config_schema(serve))


@pytest.fixture
def read(tmp_path):
    """The options that ``serve`` has of a file with some text."""

    def read(text: str):
        path = tmp_path / "serve.yml"
        path.write_text(text)
        return serve.make_context("serve", ["--config", str(path)]).params

    return read


def test_the_schema_is_one_and_is_the_one_in_the_docs():
    VALIDATOR.check_schema(VALIDATOR.schema)
    assert json.loads((ROOT / "docs" / "config.schema.json").read_text()) == VALIDATOR.schema


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "http: 0\nheartbeat: 0\nrelay: false\nlog: json\nrecord: run.sqlite\nhost: '::1'\n",
        "heartbeat: 2.5",
        (ROOT / "examples" / "serve.yml").read_text(),
    ],
)
def test_what_is_a_config_is_read_and_is_valid(read, text):
    VALIDATOR.validate(yaml.safe_load(text))
    assert read(text)["scenario"] is None


def test_what_a_file_says_is_what_the_options_are(read):
    params = read("http: 0\nrelay: false\nrecord: run.sqlite\n")
    assert params["http"] == 0
    assert params["relay"] is False
    assert params["record"] == Path("run.sqlite")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("quiet: true\n\nhtpp: 5\n", "serve.yml:3: there is no option 'htpp', did you mean http?"),
        ("http: 5\nport: x\n", "serve.yml:2: port: 'x' is not a valid integer range"),
        ("http: 70000\n", "serve.yml:1: http: 70000 is not in the range 0<=x<=65535"),
        ("http: 5\nport:\n", "serve.yml:2: port is None: give one value"),
        ("http: [1]\n", "serve.yml:1: http is [1]: give one value"),
        ("heartbeat: -1\n", "serve.yml:1: heartbeat: -1.0 is not in the range x>=0.0"),
        ("quiet: maybe\n", "serve.yml:1: quiet: 'maybe' is not a valid boolean"),
        ("log: xml\n", "serve.yml:1: log: 'xml' is not one of 'text', 'json'"),
        ("config: other.yml\n", "serve.yml:1: there is no option 'config'"),
        ("5: 5\n", "serve.yml:1: there is no option '5'"),
    ],
)
def test_what_is_no_config_is_told_with_its_line_and_is_not_valid_either(read, text, problem):
    assert not VALIDATOR.is_valid(yaml.safe_load(text))
    with pytest.raises(click.BadParameter) as caught:
        read(text)
    assert problem in caught.value.message


def test_a_file_that_must_be_there_is_missed_at_its_line(read):
    with pytest.raises(click.BadParameter, match=r"serve.yml:2: scenario: File 'no.yml' does not"):
        read("http: 5\nscenario: no.yml\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: {c: 1,\n  c: 2}\n", "file.yml:3: c stands here twice"),
        ("a: 1\nb: [\n", "file.yml:3 is no YAML: expected the node content"),
        ("a: 1\n--- 2\n", "file.yml:2 is no YAML: but found another document"),
        ("a: !!python/name:os.system\n", "file.yml:1 is no YAML: could not determine"),
        ("a: 2026-99-99\n", "file.yml is no YAML: month must be in 1..12"),
        ("a: \x00\n", "file.yml is no YAML: unacceptable character"),
        ("[" * 100_000, "file.yml is no YAML: it is nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(tmp_path, text, problem):
    path = tmp_path / "file.yml"
    path.write_text(text)
    with pytest.raises(LookupError, match=re.escape(problem)):
        read_yaml(path, LookupError)


def test_a_mapping_in_itself_has_lines_too(tmp_path):
    path = tmp_path / "file.yml"
    path.write_text("a: &a\n  b: *a\n  c: 1\n")
    file = read_yaml(path, LookupError)
    assert file.where("a", key="c") == f"{path}:3"
    assert file.where("a", key="d") == file.where("a") == f"{path}:1"
