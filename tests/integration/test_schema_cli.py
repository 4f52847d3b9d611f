"""``toggle-mock schema``, as a user and as a pipeline run it."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.schema_cases import PROTO3, compiled

from toggle_mock.cli.main import main
from toggle_mock.compat import Category, IncompatibleError, Severity, assert_compatible, check
from toggle_mock.errors import SchemaError
from toggle_mock.schema import load_schema

pytestmark = pytest.mark.slow

PUBLISHED = Path(__file__).parents[2] / "proto" / "revisions" / "2025-09-17" / "base.proto"


def run(*arguments):
    return CliRunner().invoke(main, ["schema", *map(str, arguments)])


@pytest.fixture
def schemas(tmp_path):
    """Two folders, of which the second has a field renamed, one added, and one removed."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, body in (
        (old, "string source = 1; int32 size = 2;"),
        (new, "string transfer_id = 1;\n  int32 rate = 3;"),
    ):
        (folder / "a").mkdir(parents=True)
        (folder / "a" / "t.proto").write_text(f"{PROTO3}message M {{\n  {body}\n}}\n")
    return old, new


RENAMED = "old-to-new:misread:t.M.source->transfer_id"


def test_a_report_says_what_a_reader_comes_to_believe():
    done = run("check", "2025-09-17", "2025-12-09")
    assert done.exit_code == 5
    lines = done.output.splitlines()
    assert lines[0].startswith("2025-09-17 (old) against 2025-12-09 (new); rules checked by ")
    assert lines[2].startswith("Errors, rodent.events: misread (")
    (columns,) = (line for line in lines if line.startswith("message "))
    assert columns.endswith("old Rodent, new Toggle  new Rodent, old Toggle  buf WIRE")
    assert lines.index(columns) > max(n for n, line in enumerate(lines) if line.startswith("Notes"))
    at = lines.index("  SystemStartupPayload.services_started is read as organization_id")
    assert lines[at + 1].startswith("    An old Rodent sends services_started = [")
    assert "; a new Toggle believes organization_id = " in lines[at + 1]
    assert "  StorageTransferPayload is ignored" in lines
    assert lines[-1] == "4 errors, 12 warnings, 7 notes"


@pytest.mark.parametrize(
    ("old", "new", "arguments", "code"),
    [
        ("a string is one", "a string is one", (), 0),
        ("a string is one", "one more", (), 0),
        ("a string is one", "one more", ("--fail-on", "note"), 3),
        ("one more", "a string is one", (), 4),
        ("one more", "a string is one", ("--fail-on", "error"), 0),
        ("a string is one", "renamed", (), 5),
    ],
)
def test_the_exit_code_tells_how_grave_the_gravest_finding_is(tmp_path, old, new, arguments, code):
    bodies = {
        "a string is one": "string a = 1;",
        "one more": "string a = 1; string b = 2;",
        "renamed": "string b = 1;",
    }
    paths = []
    for side, body in (("old", bodies[old]), ("new", bodies[new])):
        path = tmp_path / f"{side}.proto"
        path.write_text(f"{PROTO3}message M {{ {body} }}")
        paths.append(path)
    assert run("check", *paths, *arguments).exit_code == code


def test_the_report_as_json_has_rows_and_findings_with_their_places(schemas):
    found = json.loads(run("check", *schemas, "--format", "json").output)
    assert found["severity"] == "error"
    assert found["rows"][0]["old_to_new"] == "misread"
    same = json.loads(run("check", schemas[0], schemas[0], "--format", "json").output)
    assert same["rows"][0]["new_to_old"] == "identical"
    (renamed,) = (one for one in found["findings"] if one["key"] == RENAMED)
    assert renamed["location"]["line"] == 3
    assert renamed["remark"].startswith("buf passes it")


def test_annotations_stand_on_the_lines_of_the_new_files(schemas):
    lines = run("check", *schemas, "--format", "github").output.splitlines()
    path = schemas[1] / "a" / "t.proto"
    assert any(
        line.startswith("::error title=M.source is read as transfer_id")
        and f"file={path},line=3,col=1::" in line
        for line in lines
    )
    assert any(line.startswith("::notice title=M.rate is ignored") for line in lines)
    assert any(f",file={path},line=5,col=3::" in line for line in lines)


def test_the_report_as_sarif_has_a_rule_for_each_result(schemas, tmp_path):
    accepted = tmp_path / "accepted.txt"
    accepted.write_text(f"{RENAMED}\n")
    found = run("check", *schemas, "--format", "sarif", "--baseline", accepted)
    document = json.loads(found.output)
    (one_run,) = document["runs"]
    assert document["version"] == "2.1.0"
    rules = [rule["id"] for rule in one_run["tool"]["driver"]["rules"]]
    assert {result["ruleId"] for result in one_run["results"]} == set(rules)
    by_key = {one["partialFingerprints"]["key/v1"]: one for one in one_run["results"]}
    assert by_key[RENAMED]["level"] == "error"
    assert by_key[RENAMED]["suppressions"] == [{"kind": "external"}]
    assert "suppressions" not in by_key["new-to-old:misread:t.M.transfer_id->source"]
    place = by_key[RENAMED]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"].endswith("new/a/t.proto")
    assert place["region"] == {"startLine": 3, "startColumn": 1}


def test_markdown_shows_values_as_they_are(schemas):
    text = run("check", *schemas, "--format", "markdown").output
    assert "| M | misread | misread | 1 broken |" in text
    assert "**M.source is read as transfer\\_id**" in text


def test_output_goes_to_a_file_and_the_sum_to_the_terminal(schemas, tmp_path):
    path = tmp_path / "report.md"
    done = run("check", *schemas, "--format", "markdown", "--output", path)
    assert done.output == "2 errors, 1 warning, 1 note\n"
    assert path.read_text().startswith("# Schema ")


def test_a_baseline_accepts_what_it_names_and_nothing_else(schemas, tmp_path):
    path = tmp_path / "accepted.txt"
    assert run("check", *schemas, "--write-baseline", path).exit_code == 0
    assert "# M.source is read as transfer_id\n" + RENAMED in path.read_text()
    done = run("check", *schemas, "--baseline", path, "--fail-on", "note")
    assert done.exit_code == 0
    assert done.output.endswith("0 errors, 0 warnings, 0 notes, 4 accepted\n")

    path.write_text(path.read_text().replace(RENAMED, "old-to-new:misread:t.M.gone"))
    done = run("check", *schemas, "--baseline", path)
    assert done.exit_code == 5
    assert "Accepted, but no longer found: old-to-new:misread:t.M.gone" in done.output


def test_a_schema_is_read_from_a_commit_of_a_repository(schemas, tmp_path, monkeypatch):
    def git(*arguments):
        name = ["-c", "user.name=a", "-c", "user.email=a@example.net"]
        subprocess.run(["git", *name, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "one")
    monkeypatch.chdir(tmp_path)
    schema = load_schema("git:main:old")
    assert schema.name == "git:main:old"
    assert [field.name for field in schema.descriptor("t.M").fields] == ["source", "size"]
    assert load_schema("git:main:old/a/t.proto").descriptor("t.M").fields[0].name == "source"
    found = run("check", "git:main:old", "new", "--format", "github").output
    assert ",file=new/a/t.proto,line=3,col=1::" in found


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("git:main", "names no commit and path: write git:REF:PATH"),
        ("git:--output=x:proto", "names no commit and path"),
        ("git:no-such-branch:proto", "git has no such thing"),
        ("2025-01-01", "is no schema: give a revision"),
    ],
)
def test_sources_that_are_none_are_told(source, problem):
    with pytest.raises(SchemaError, match=problem):
        load_schema(source)
    done = run("check", source, "2025-12-09")
    assert done.exit_code == 1
    assert problem in done.output


def test_a_file_that_cannot_be_compiled_is_told_with_its_line(tmp_path):
    (tmp_path / "bad.proto").write_text("message {")
    done = run("check", tmp_path / "bad.proto", "2025-12-09")
    assert done.exit_code == 1
    assert "bad.proto:1:" in done.output


def test_diff_shows_what_came_and_went():
    lines = run("diff", "2025-09-17", "2025-10-03").output.splitlines()
    assert "  message rodent.events.DataTransferTransferPayload" in lines
    assert "-     1 source string" in lines
    assert "+     1 transfer_id string" in lines
    assert "- message rodent.events.StorageTransferPayload" in lines
    assert run("diff", "2025-09-17", PUBLISHED).output == ""


def test_what_is_reserved_is_shown_as_it_is_written(tmp_path):
    path = tmp_path / "t.proto"
    path.write_text(
        f'{PROTO3}message M {{ reserved 2, 5 to 7; reserved "b"; }}'
        "enum E { A = 0; reserved 2, 5 to 7; }"
    )
    lines = run("show", path).output.splitlines()
    numbers = ["  reserved 2", "  reserved 5 to 7"]
    assert lines == ["message t.M", *numbers, "  reserved b", "enum t.E", "  0 A", *numbers]


def test_show_prints_a_message_or_all_of_a_schema():
    lines = run("show", "2025-12-09", "DataTransferTransfer").output.splitlines()
    assert lines[:2] == [
        "message rodent.events.DataTransferTransferPayload",
        "  1 transfer_id string",
    ]
    assert run("show", "2025-12-09", "Nope").exit_code == 1
    assert "rpc rodent.RodentService.Connect" in run("show", "2025-12-09").output


# Of a large report, what matters


@pytest.fixture
def large(tmp_path):
    """Two folders of two packages: a field is gone that fifty messages hold, and one is renamed."""
    holders = " ".join(f"message H{n} {{ a.M m = 1; }}" for n in range(50))
    sides = tmp_path / "old", tmp_path / "new"
    for side, (gone, name) in zip(sides, (("int32 x = 2;", "p"), ("", "q")), strict=True):
        (side / "in").mkdir(parents=True)
        head = 'syntax = "proto3"; package'
        (side / "in" / "a.proto").write_text(f"{head} a; message M {{ int32 y = 1; {gone} }}")
        (side / "b.proto").write_text(
            f'{head} b.c; import "in/a.proto"; message N {{ string {name} = 1; }} {holders}'
        )
    return sides


GONE = "old-to-new:ignored:a.M.x"
RENAMED_IN_B = {"old-to-new:misread:b.c.N.p->q", "new-to-old:misread:b.c.N.q->p"}


def test_findings_come_first_by_severity_package_and_cause(large):
    lines = run("check", *large, "--examples", 1).output.splitlines()
    heads = [line for line in lines if line.startswith(("Errors", "Warnings", "message"))]
    assert heads[:2] == ["Errors, b.c: misread (2)", "Warnings, a: ignored (1)"]
    assert heads[2].startswith("message")


def test_what_is_gone_is_told_once_whatever_holds_it_and_what_is_the_same_is_counted(large):
    lines = run("check", *large, "--examples", 1).output.splitlines()
    assert sum(line.strip() == GONE for line in lines) == 1
    assert "50 hold such messages, and nothing else." in lines
    table = lines[next(n for n, line in enumerate(lines) if line.startswith("message ")) :]
    assert {line.split()[0] for line in table[1:3]} == {"M", "N"}
    assert table[3].startswith("50 hold")
    same = run("check", large[0], large[0]).output.splitlines()
    assert same[2:] == [
        "52 of 52 messages and rpcs are identical.",
        "",
        "0 errors, 0 warnings, 0 notes",
    ]


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        (["--only", "package=a"], {GONE}),
        (["--ignore", "package=b.*"], {GONE}),
        (["--only", "path=in/*"], {GONE}),
        (["--only", "rule=misread"], RENAMED_IN_B),
        (["--ignore", "rule=ignored"], RENAMED_IN_B),
        (["--only", "rule=ignored", "--only", "package=b.c"], set()),
        (["--only", "package=a", "--only", "package=b.c", "--ignore", "path=b.proto"], {GONE}),
    ],
)
def test_findings_are_selected_by_package_rule_and_path(large, arguments, keys):
    options = ("--examples", 1, "--format", "json")
    found = json.loads(run("check", *large, *options, *arguments).output)
    assert {one["key"] for one in found["findings"]} == keys
    assert found["left_out"] == 3 - len(keys)


def test_that_something_was_not_asked_for_is_said(large):
    done = run("check", *large, "--examples", 1, "--only", "package=a")
    assert done.output.endswith("0 errors, 1 warning, 0 notes, 2 not asked for\n")
    assert done.exit_code == 4


@pytest.mark.parametrize(
    ("option", "problem"),
    [
        ("package=b.d", "package=b.d: there is no such package; the nearest is b.c"),
        ("path=in/b.proto", "there is no such path; the nearest is "),
        ("rule=misred", "there is no such rule; the nearest is misread"),
        ("pakage=a", "did you mean package=a? write package=NAME, rule=NAME or path=NAME"),
        ("a.M", "'a.M' selects nothing: write package=NAME"),
        ("package=", "selects nothing"),
    ],
)
def test_a_selection_of_what_is_not_there_is_no_success(large, option, problem):
    for name in ("--only", "--ignore"):
        done = run("check", *large, name, option)
        assert done.exit_code == 1
        assert problem in done.output


# The helper of tests


def test_the_helper_passes_what_is_compatible():
    report = assert_compatible("2025-10-03", "2025-10-10")
    assert report.severity is Severity.NOTE


def test_the_helper_says_what_is_not():
    with pytest.raises(IncompatibleError, match="source is read as transfer_info_json") as caught:
        assert_compatible("2025-10-10", "2025-12-09")
    assert caught.value.report.severity is Severity.ERROR


def test_the_helper_accepts_what_a_pattern_names_and_nothing_else():
    allow = ["*:rodent.events.DataTransferTransferPayload.*"]
    report = assert_compatible("2025-10-10", "2025-12-09", allow=allow)
    assert len(report.accepted) == 23
    with pytest.raises(IncompatibleError):
        assert_compatible("2025-10-10", "2025-12-09", allow=[f"old-to-new{allow[0]}"])


def in_json(name: str) -> str:
    return f'[json_name = "{name}"]'


def test_messages_are_carried_as_json_too_if_asked():
    schemas = [
        compiled(
            name,
            f'message M {{ string a = 1 [json_name = "{a}"]; string b = 2 [json_name = "{b}"]; }}',
        )
        for name, a, b in (("old", "x", "y"), ("new", "y", "x"))
    ]
    assert not check(*schemas).findings
    keys = {finding.key for finding in check(*schemas, category="WIRE_JSON").findings}
    assert "old-to-new:misread:t.M.a->b" in keys


def test_a_category_that_is_none_is_told():
    with pytest.raises(ValueError, match="'FILE' is not a valid Category"):
        check("2025-10-03", "2025-10-10", category="FILE")


# buf


@pytest.fixture
def no_buf(monkeypatch, tmp_path):
    """Neither beside Python nor on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))


def test_a_report_does_not_depend_on_what_is_installed(request):
    report = check("2025-09-17", "2025-10-03")
    assert report.judged_by == "our own reading of buf's rules"
    request.getfixturevalue("no_buf")
    assert check("2025-09-17", "2025-10-03") == report


def test_buf_is_asked_where_it_is_wanted():
    assert check("2025-10-03", "2025-10-10", buf=True).judged_by.startswith("buf 1.")
    assert assert_compatible("2025-10-03", "2025-10-10", buf=True).judged_by.startswith("buf 1.")
    done = run("check", "2025-10-03", "2025-10-10", "--buf")
    assert "; rules checked by buf 1." in done.output.splitlines()[0]


def test_where_buf_is_wanted_and_not_installed_the_remedy_is_told(no_buf):
    with pytest.raises(SchemaError, match="buf is not installed: pip install buf-bin"):
        check("2025-10-03", "2025-10-10", buf=True)
    done = run("check", "2025-10-03", "2025-10-10", "--buf")
    assert done.exit_code == 1
    assert "buf is not installed" in done.output


def test_the_command_offers_what_there_is():
    from toggle_mock.cli.schema import check as command
    from toggle_mock.compat.formats import FORMATS

    offered = {one.name: one.type.choices for one in command.params if hasattr(one.type, "choices")}
    assert list(offered["category"]) == list(Category)
    assert list(offered["style"]) == list(FORMATS)
    assert list(offered["fail_on"]) == [str(severity) for severity in Severity]
