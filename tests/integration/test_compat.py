"""Pairs of schemas with known answers, by both verdicts."""

from collections import Counter

import pytest
from support.schema_cases import CASES, PROTO2, PROTO3, E, M, compiled

from toggle_mock.compat import Category, Severity, check
from toggle_mock.compat.rules import RULES, violations
from toggle_mock.errors import SchemaError

pytestmark = pytest.mark.slow

BY_TITLE = [pytest.param(case, id=case.title) for case in CASES]


def row_of(report, case):
    return next(row for row in report.rows if row.name == case.subject)


def told(verdict) -> str | None:
    return None if verdict is None else str(verdict)


@pytest.mark.parametrize("case", BY_TITLE)
def test_each_case_breaks_the_rules_that_it_is_known_to_break(case):
    for category, expected in zip(Category, (case.wire, case.json), strict=True):
        found = Counter(violation.rule for violation in violations(*case.schemas, category))
        assert found == Counter(case.wire if expected is None else expected), category


@pytest.mark.parametrize("case", BY_TITLE)
def test_each_case_comes_to_mean_what_it_is_known_to_mean(case):
    row = row_of(check(*case.schemas, examples=150), case)
    assert (told(row.old_to_new), told(row.new_to_old)) == (case.to_new, case.to_old)


def test_the_cases_cover_every_rule():
    assert len(CASES) >= 60
    covered = {rule for case in CASES for rule in (*case.wire, *(case.json or ()))}
    assert covered == RULES.keys()


def findings(old: str, new: str, **options):
    return check(compiled("old", old), compiled("new", new), **options).findings


def test_a_value_added_to_a_closed_enum_is_a_note():
    (case,) = (one for one in CASES if one.title.startswith("a closed enum in lists"))
    assert {finding.severity for finding in check(*case.schemas).findings} == {Severity.NOTE}


def test_the_keys_of_a_map_are_told_of_the_map():
    (case,) = (one for one in CASES if one.title.startswith("the keys of a map"))
    assert {finding.element for finding in check(*case.schemas).findings} == {"t.M.n"}


def test_what_is_required_is_named():
    body = "message {} {{ optional int32 b = 2; {} }} "
    old = PROTO2 + body.format("M", "") + body.format("K", "")
    new = (
        PROTO2
        + body.format("M", "required int32 c = 3;")
        + body.format("K", "required int32 c = 3;")
    )
    found = {finding.key: finding for finding in findings(old, new)}
    assert {"old-to-new:unreadable:t.M.c", "old-to-new:unreadable:t.K.c"} <= found.keys()
    explanation = found["old-to-new:unreadable:t.M.c"].explanation
    assert (
        explanation
        == "An old writer need not send c; a new reader rejects the whole message without it."
    )
    assert not found["old-to-new:unreadable:t.M.c"].remark
    assert not any(key.startswith("rule:MESSAGE_SAME_REQUIRED") for key in found)


def test_a_field_that_is_lost_beside_another_is_told_with_that_one():
    old = M("oneof o { int32 a = 1; string b = 2; } int32 c = 3;")
    new = M("oneof o { int32 a = 1; string b = 2; int32 c = 3; }")
    stories = [one.explanation for one in findings(old, new) if one.key.startswith("old-to-new")]
    assert any("sees only c, which was sent too" in explanation for explanation in stories)


def test_another_default_is_taken_for_the_value_that_was_left_unset():
    old, new = (PROTO2 + M(f"optional int32 a = 1 [default = {n}];") for n in (5, 7))
    assert findings(old, new)[0].explanation == (
        "An old writer leaves a unset, which means 5; a new reader takes it for 7, and nothing "
        "tells it otherwise."
    )


def test_well_known_types_do_not_hide_a_misread_field_in_json():
    body = "google.protobuf.Struct s = 1; google.protobuf.Value v = 2; "
    head = PROTO3 + 'import "google/protobuf/struct.proto"; '
    old, new = (head + M(f"{body} {kind} x = 3;") for kind in ("int32", "int64"))
    keys = {finding.key for finding in findings(old, new, category="WIRE_JSON")}
    assert "new-to-old:misread:t.M.x" in keys


def test_messages_that_cannot_be_made_are_a_schema_error():
    body = "required M m = 1; optional {} x = 2;"
    old, new = (PROTO2 + M(body.format(kind)) for kind in ("int32", "int64"))
    with pytest.raises(SchemaError, match=r"t\.M\.m requires itself"):
        findings(old, new)


@pytest.mark.parametrize(
    "name",
    ["HasField", "ListFields", "WhichOneof", "SerializePartialToString", "DESCRIPTOR", "self"],
)
def test_a_field_may_be_called_as_a_method_is(name):
    others = "optional string a = 2; map<int32, M> d = 5; oneof one { int32 b = 3; M c = 4; }"
    old, new = (PROTO2 + M(f"optional {kind} {name} = 1; {others}") for kind in ("int32", "sint32"))
    keys = {finding.key for finding in findings(old, new)}
    assert f"old-to-new:misread:t.M.{name}" in keys


def test_messages_of_one_name_are_told_apart():
    text = 'syntax = "proto3"; package {}; message M {{ int32 x = 1; }}'
    report = check(compiled("old", text.format("a")), compiled("new", text.format("b")))
    assert [report.name_of(row) for row in report.rows] == ["a.M", "b.M"]


def test_what_is_accepted_matches_as_it_is_written():
    old = PROTO2 + M("optional int32 a = 1; optional int32 b = 2;")
    report = check(compiled("old", old), compiled("new", PROTO2 + M("optional int32 a = 1;")))
    (finding,) = report.findings
    assert not report.accepting([finding.key]).findings
    assert not report.accepting(["*:t.M.b"]).findings
    assert report.accepting(["*:t.M.[b]"]).findings == [finding]


def test_what_becomes_of_a_field_is_not_drawn_again_once_it_is_certain():
    kinds = ["string", "int64", "E", "Part", "repeated Part", "map<string, Part>", "bytes"]
    held = "message Part { int32 a = 1; Part next = 2; } " + E
    gone = [f"{kind} g{number} = {number};" for number, kind in enumerate(kinds, 1)]
    before, after = (
        [f"{kind} {side}{number} = {number};" for number, kind in enumerate(kinds, 21)]
        for side in ("old", "new")
    )
    report = check(
        compiled("old", held + M(" ".join(gone + before))),
        compiled("new", held + M(" ".join(after))),
        examples=1_000_000,  # of which each would take its time
    )
    assert {one.key for one in report.findings if one.direction is not None} == {
        *(f"old-to-new:ignored:t.M.g{number}" for number in range(1, 8)),
        *(f"old-to-new:misread:t.M.old{n}->new{n}" for n in range(21, 28)),
        *(f"new-to-old:misread:t.M.new{n}->old{n}" for n in range(21, 28)),
    }
    assert {one.example for one in report.findings if one.element == "t.M.g4"} >= {"g4 { }"}


def test_what_a_required_field_shows_hides_no_other():
    old, new = (
        PROTO2 + M(f"required {kind} r = 1; {other}")
        for kind, other in (("int32", "optional string x = 2; optional M y = 3;"), ("sint32", ""))
    )
    keys = {finding.key for finding in findings(old, new)}
    assert keys >= {f"old-to-new:ignored:t.M.{name}" for name in "xy"}
    assert "old-to-new:misread:t.M.r" in keys


def test_a_field_within_a_message_of_its_own_type_is_told_of_by_itself():
    old, new = (
        M(f"M inner = 1; {kind} x = 2; map<string, M> all = 3;") for kind in ("int32", "sint32")
    )
    new = new.replace("M inner = 1", "M within = 1")
    found = {one.key: one.example for one in findings(old, new)}
    assert found["old-to-new:misread:t.M.inner->within"] == "inner { }"
    assert found["old-to-new:misread:t.M.x"].startswith("x: ")
