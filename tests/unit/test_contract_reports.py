"""What came of a run of a contract suite: what it is to the run, and each report of it."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from support.results import (
    ALL,
    FAILED,
    INCONCLUSIVE,
    KNOWN,
    NO_LONGER,
    NOT_APPLICABLE,
    PASSED,
    STORY,
    WARNING,
    run_of,
)

from toggle_mock.contract.reports.annotations import as_github
from toggle_mock.contract.reports.clean import cleaned, is_secret
from toggle_mock.contract.reports.failure import told
from toggle_mock.contract.reports.junit import as_junit
from toggle_mock.contract.reports.markdown import as_markdown
from toggle_mock.contract.reports.objects import as_json
from toggle_mock.contract.reports.table import as_text
from toggle_mock.contract.standing import Standing, in_words, standing_of
from toggle_mock.contract.verdicts import Moment
from toggle_mock.tokens.tokens import Tokens


def test_each_result_is_something_of_its_own_to_the_run():
    assert [standing_of(one) for one in ALL] == [
        Standing.PASSED,
        Standing.FAILED,
        Standing.WARNING,
        Standing.INCONCLUSIVE,
        Standing.KNOWN_FAILING,
        Standing.NO_LONGER_FAILING,
        Standing.NOT_APPLICABLE,
    ]
    assert run_of().counts == dict.fromkeys(Standing, 1)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([PASSED], 0),
        ([PASSED, KNOWN, NOT_APPLICABLE], 0),
        ([PASSED, WARNING], 0),
        ([KNOWN], 0),
        ([NOT_APPLICABLE], 2),
        ([PASSED, INCONCLUSIVE], 3),
        ([INCONCLUSIVE, WARNING], 3),
        ([PASSED, FAILED, INCONCLUSIVE], 5),
        ([PASSED, NO_LONGER], 5),
    ],
    ids=lambda value: "-".join(map(standing_of, value)) if isinstance(value, list) else None,
)
def test_the_exit_code_is_that_of_the_worst_result(results, code):
    assert run_of(*results).exit_code == code


def test_warnings_fail_a_strict_run():
    assert run_of(PASSED, WARNING, strict=True).exit_code == 4
    assert run_of(PASSED, WARNING, INCONCLUSIVE, strict=True).exit_code == 4
    assert run_of(PASSED, strict=True).exit_code == 0


def test_a_program_that_cannot_be_judged_has_an_exit_code_of_its_own():
    assert run_of(FAILED, is_judged=False).exit_code == 2
    assert "rodent not judged: 1 failed (4.2 s)" in as_text(run_of(FAILED, is_judged=False))


def test_no_result_is_as_none_that_applies():
    run = replace(run_of(), results=[])
    assert run.exit_code == 2
    assert in_words(run) == "no case was run"


# Text


def test_a_failure_tells_all_that_is_needed():
    assert told(FAILED, "verify --case first.broken") == (
        "failed: first.broken (must) - It is broken\n"
        "  seen:   it said <& | `no` and more, 100%\n"
        "  rule:   broken holds\n"
        "  source: the book\n"
        "  cost:   much\n"
        "  what happened, in seconds:\n"
        "      0.000 suite  start <agent>\n"
        "      0.250 Rodent Register #1: it ends with OK\n"
        "  stderr:\n"
        "    first\n"
        "    last words\n"
        "  alone:  verify --case first.broken"
    )


def test_of_what_is_long_the_interesting_part_is_shown():
    story = [Moment(float(at), "suite", f"moment {at}") for at in range(100)]
    output = {"stdout": "".join(f"line {number}\n" for number in range(50)) + "x" * 5_000}
    text = told(replace(FAILED, story=story, output=output), "again")
    assert re.findall(r"moment (\d+)", text) == [*map(str, range(12)), *map(str, range(64, 100))]
    assert "… 52 more …" in text
    assert re.findall(r"line (\d+)", text) == [*map(str, range(31, 50))]
    assert "stdout, its end:" in text
    assert max(map(len, text.splitlines())) < 500


def test_who_passes_at_last_is_told_what_to_do():
    assert "strike it from the list" in told(NO_LONGER, "again")


def test_the_text_has_a_table_by_group_each_failure_and_the_sum():
    text = as_text(run_of(notes=["it leaves processes behind"]))
    head, first, second = text.split("\n\n", 1)[0].splitlines()
    assert re.split(r"  +", head) == ["group", *Standing]
    assert re.split(r"  +", first) == ["The first things", "1", "1", "1"]
    assert re.split(r"  +", second) == ["Others", "1", "1", "1", "1"]
    assert re.findall(r"^([a-z ]+): \w+\.\w+ \(", text, re.MULTILINE) == [
        "failed",
        "warning",
        "inconclusive",
        "no longer failing",
    ]
    assert "not applicable:\n  the program has no tls: second.absent" in text
    assert "note: it leaves processes behind" in text
    assert text.endswith(
        "rodent failed: 1 passed, 1 failed, 1 no longer failing, 1 warning, 1 inconclusive, "
        "1 known failing, 1 not applicable (4.2 s)"
    )


def test_a_run_that_passes_says_so():
    text = as_text(run_of(PASSED, NOT_APPLICABLE))
    assert text.endswith("rodent passed: 1 passed, 1 not applicable (4.2 s)")


# Others


def cases_in(xml: str) -> dict[str, ET.Element]:
    return {case.get("name"): case for case in ET.fromstring(xml).iter("testcase")}


def test_junit_knows_failed_error_skipped_and_passed():
    cases = cases_in(as_junit(run_of()))
    tags = {name: [child.tag for child in case] for name, case in cases.items()}
    assert tags == {
        "first.kept": [],
        "first.broken": ["failure"],
        "first.untidy": ["skipped"],
        "second.unclear": ["error"],
        "second.listed": ["skipped"],
        "second.mended": ["failure"],
        "second.absent": ["skipped"],
    }
    failure = cases["first.broken"][0]
    assert failure.get("message") == "failed: it said <& | `no`\nand more, 100%"
    assert failure.get("type") == "failed"
    assert failure.text == told(FAILED, "verify --case first.broken")
    assert cases["second.absent"][0].get("message") == "not applicable: the program has no tls"
    assert [child.tag for child in cases_in(as_junit(run_of(strict=True)))["first.untidy"]] == [
        "failure"
    ]


def test_the_sums_of_junit_add_up():
    root = ET.fromstring(as_junit(run_of()))
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["rodent.first", "rodent.second"]
    for key, tag in {"tests": "testcase", "failures": "failure", "errors": "error"}.items():
        assert [int(one.get(key)) for one in suites] == [len(list(s.iter(tag))) for s in suites]
    assert [one.get("skipped") for one in suites] == ["1", "2"]
    assert [one.get("time") for one in suites] == ["2.250", "2.000"]


# What the schemas of Jenkins (junit-10.xsd) and of Ant (JUnit.xsd) both allow, and one demands.
ATTRIBUTES = {
    "testsuites": set(),
    "testsuite": {
        *("name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"),
        *("id", "package"),
    },
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}


def test_junit_has_but_what_all_its_readers_know():
    root = ET.fromstring(as_junit(run_of()))
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES.get(element.tag, set()), element.tag
    for suite in root:
        tags = [child.tag for child in suite]
        assert tags == [
            "properties",
            *["testcase"] * (len(tags) - 3),
            "system-out",
            "system-err",
        ]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))


def test_json_has_the_documented_shape():
    data = json.loads(as_json(run_of(notes=["n"], profile="published")))
    assert {key: value for key, value in data.items() if key != "cases"} == {
        "version": 1,
        "subject": "rodent",
        "profile": "published",
        "strict": False,
        "summary": "rodent failed: " + in_words(run_of()) + " (4.2 s)",
        "exit_code": 5,
        "seconds": 4.25,
        "counts": {str(standing): 1 for standing in Standing},
        "notes": ["n"],
    }
    assert data["cases"][1] == {
        "id": "first.broken",
        "group": "first",
        "title": "It is broken",
        "rule": "broken holds",
        "source": "the book",
        "cost": "much",
        "severity": "must",
        "needs": [],
        "standing": "failed",
        "fails_the_run": True,
        "text": FAILED.text,
        "seconds": 1.5,
        "story": [{"at": one.at, "who": one.who, "what": one.what} for one in STORY],
        "output": {"stdout": "", "stderr": "first\nlast words\n"},
        "alone": "verify --case first.broken",
    }
    assert [one["fails_the_run"] for one in data["cases"]] == [
        *(False, True, False, True, False, True, False)
    ]


def test_markdown_is_not_broken_by_what_was_seen():
    text = as_markdown(run_of())
    assert "- seen: it said \\<& \\| \\`no\\` and more, 100%\n" in text
    assert "| The first things | 1 | 1 |  | 1 |  |  |  |\n" in text
    assert text.count("<details>") == text.count("</details>") == 4
    assert "- the program has no tls: `second.absent`" in text
    assert "Known failing: `second.listed`" in text
    ticks = replace(FAILED, output={"stdout": "````"})
    assert "\n`````\n" in as_markdown(run_of(ticks))


def test_github_gets_errors_and_warnings_each_on_a_line():
    lines = as_github(run_of()).splitlines()
    assert [re.match(r"::(\w+) title=([^:]+)", line).groups() for line in lines] == [
        ("error", "failed%3A first.broken - It is broken"),
        ("warning", "warning%3A first.untidy - It is untidy"),
        ("error", "inconclusive%3A second.unclear - It is unclear"),
        ("error", "no longer failing%3A second.mended - It is mended"),
    ]
    assert "::it said <& | `no`%0Aand more, 100%25%0ARule: broken holds%0A" in lines[0]
    assert as_github(run_of(WARNING, strict=True)).startswith("::error ")


# Secrets, and what is no text


def test_no_secret_is_shown():
    token = Tokens().issue()
    leaking = replace(
        FAILED,
        text=f"it printed {token}",
        story=[Moment(0.0, "Rodent", f"authorization: Bearer {token}")],
        output={"stdout": f"token={token}\n", "stderr": "my password is hunter2222"},
    )
    run = run_of(cleaned(leaking, ["hunter2222", "a"]))
    for report in (as_text, as_json, as_junit, as_markdown, as_github):
        text = report(run)
        assert token not in text
        assert token.split(".")[1] not in text
        assert "hunter2222" not in text
        assert "[redacted]" in text


def test_what_is_no_text_is_spelled_out():
    strange = replace(FAILED, text="\x1b[31m\x00", output={"stderr": "a\rb\r\n\ttab\udcff\x9b"})
    clean = cleaned(strange)
    assert clean.text == "\\x1b[31m\\x00"
    assert clean.output["stderr"] == "a\\x0db\n\ttab\\udcff\\x9b"
    assert cases_in(as_junit(run_of(clean)))["first.broken"][0].text


def test_which_variables_are_secret_goes_by_their_names():
    secret = ["API_TOKEN", "db_password", "JWT", "AUTHORIZATION", "PRIVATE_KEY", "SESSION_COOKIE"]
    assert all(map(is_secret, secret))
    assert not any(map(is_secret, ["PATH", "RODENT_LOG", "KEYBOARD", "TIMEOUT"]))
