"""Extensions in the check: what they come to mean, as bytes and as JSON, and where they are."""

import pytest
from support.schema_cases import PROTO2, compiled

from toggle_mock.compat import Severity, check
from toggle_mock.compat.schemas.listing import listing
from toggle_mock.compat.schemas.locations import locations

HEAD = PROTO2 + "message M { optional string host = 1; extensions 100 to 199; } "
OPTIONS = PROTO2 + 'import "google/protobuf/descriptor.proto"; '
NESTED = PROTO2 + "message M { extensions 100 to 199; } message S { extend M { $ } } "
PLACES = {
    "M.[t.a]": HEAD + "extend M { optional string z = 199; $ }",
    "M.[t.S.a]": NESTED,
    "FieldOptions.[t.a]": OPTIONS + "extend google.protobuf.FieldOptions { $ }",
}


def compare(before: str, after: str, place: str = "M.[t.a]", **options):
    sides = {"old": before, "new": after}
    schemas = [
        compiled(name, PLACES[place].replace("$", field.replace("#", "101")))
        for name, field in sides.items()
    ]
    return check(*schemas, examples=40, **options)


def about(report) -> dict[str, Severity]:
    """Severities by what each finding's key says behind the direction."""
    return {one.key: one.severity for one in report.findings if not one.key.startswith("rule:")}


@pytest.mark.parametrize("place", PLACES)
def test_a_misread_extension_is_shown_by_an_example_wherever_it_is_defined(place):
    numbers = {"FieldOptions.[t.a]": "50101"}
    before, after = (
        f"optional {kind} a = {numbers.get(place, '101')};" for kind in ("uint32", "sint32")
    )
    report = compare(before, after, place)
    (finding,) = (one for one in report.findings if one.key.startswith("old-to-new:misread"))
    assert finding.title == f"{place} is read as another value"
    assert finding.element == place.partition("[")[2].rstrip("]")
    assert finding.example.startswith(f"[{finding.element}]: ")
    assert "FIELD_WIRE_COMPATIBLE_TYPE" in {rule for row in report.rows for rule in row.rules}


@pytest.mark.parametrize(
    ("before", "after", "bytes_", "json"),
    [
        ("optional int32 a = #;", "optional int32 a = #;", set(), set()),
        # What it is called is all that changes: other names in the code, and in JSON.
        (
            "optional string a = #;",
            "optional string b = #;",
            {"old-to-new:misread:t.M.[t.a]->[t.b]", "new-to-old:misread:t.M.[t.b]->[t.a]"},
            set(),
        ),
        ("optional string a = #;", "", {"old-to-new:ignored:t.M.[t.a]"}, set()),
        ("", "optional string a = #;", {"new-to-old:ignored:t.M.[t.a]"}, set()),
        (
            "optional string a = #;",
            "repeated string a = #;",
            {"new-to-old:misread:t.M.[t.a]"},
            {"old-to-new:unreadable:t.M.[t.a]", "new-to-old:unreadable:t.M.[t.a]"},
        ),
        (
            "optional int32 a = # [default = 5];",
            "optional int32 a = # [default = 7];",
            {"old-to-new:misread:t.M.[t.a]", "new-to-old:misread:t.M.[t.a]"},
            set(),
        ),
        (
            "optional bytes a = #;",
            "optional string a = #;",
            {"old-to-new:misread:t.M.[t.a]"},
            {"new-to-old:unreadable:t.M.[t.a]"},
        ),
    ],
    ids=["same", "renamed", "deleted", "added", "cardinality", "default", "type"],
)
def test_what_changes_of_an_extension_is_told_as_of_any_field(before, after, bytes_, json):
    assert about(compare(before, after)).keys() == bytes_
    found = about(compare(before, after, category="WIRE_JSON")).keys()
    assert found >= json
    assert bool(found) == bool(bytes_ | json)


def test_a_deleted_extension_is_a_warning_and_an_added_one_a_note():
    assert about(compare("optional string a = #;", "")) == {
        "old-to-new:ignored:t.M.[t.a]": Severity.WARNING
    }
    assert about(compare("", "optional string a = #;")) == {
        "new-to-old:ignored:t.M.[t.a]": Severity.NOTE
    }


def test_an_extension_that_becomes_a_field_is_told():
    old = compiled("old", HEAD + "extend M { optional int32 a = 101; }")
    new = compiled(
        "new", PROTO2 + "message M { optional string host = 1; optional int32 a = 101; }"
    )
    assert "old-to-new:misread:t.M.[t.a]->a" in about(check(old, new, examples=20))


def test_what_a_message_in_an_extension_requires_is_told():
    text = HEAD + "message R { optional int32 x = 1; $ } extend M { optional R a = 101; }"
    old = compiled("old", text.replace("$", ""))
    new = compiled("new", text.replace("$", "required int32 q = 2;"))
    report = check(old, new, examples=20)
    assert "old-to-new:unreadable:t.R.q" in about(report)
    assert {str(row.old_to_new) for row in report.rows} == {"unreadable"}


def test_extensions_are_listed_with_the_message_and_found_in_their_file():
    schema = compiled("it", HEAD + "\nextend M { optional int32 a = 101; }")
    assert "101 [t.a] optional int32" in listing(schema)["message t.M"]
    place = locations(schema)["t.a"]
    assert (place.line, place.column) == (4, 12)


# What is the same, and what is not JSON's fault


CLASHING = PROTO2 + "message M { $ optional string disk_id = 1; optional $$ diskId = 2; }"
LEGACY = "option deprecated_legacy_json_field_conflicts = true;"


@pytest.mark.parametrize("option", ["", LEGACY])
def test_names_that_clash_in_json_are_no_finding_of_a_schema_and_itself(option):
    schema = compiled("it", CLASHING.replace("$$", "string").replace("$", option))
    report = check(schema, schema, category="WIRE_JSON", buf=True)
    assert not report.findings
    assert [str(row.old_to_new) for row in report.rows] == ["identical"]


@pytest.mark.parametrize("option", ["", LEGACY])
def test_where_names_clash_in_json_bytes_are_looked_at_all_the_same(option):
    old, new = (
        compiled(kind, CLASHING.replace("$$", kind).replace("$", option))
        for kind in ("int32", "sint32")
    )
    report = check(old, new, category="WIRE_JSON", examples=20)
    found = {one.key: one for one in report.findings}
    assert "old-to-new:misread:t.M.diskId" in found
    told = found["json:shared-name:t.M.diskId"]
    assert told.severity is Severity.WARNING
    assert told.explanation.startswith(
        "Its fields disk_id and diskId are all called diskId in JSON"
    )
    # Where JSON is not asked for, it is no matter.
    keys = {one.key for one in check(old, new, examples=20).findings}
    assert keys == {"old-to-new:misread:t.M.diskId", "new-to-old:misread:t.M.diskId"}


def rule_texts(old: str, new: str) -> list[str]:
    from toggle_mock.compat.rules import violations

    return [one.text for one in violations(compiled("old", old), compiled("new", new), "WIRE_JSON")]


def test_an_enums_value_with_several_names_never_becomes_itself():
    enum = "enum E {{ option allow_alias = true; NONE = 0; {} }}"
    old = enum.format("UP = 1; RUNNING = 1;")
    assert not rule_texts(old, enum.format("RUNNING = 1; UP = 1;"))
    assert rule_texts(old, enum.format("UP = 1; ON = 1;")) == [
        "RUNNING is no longer a name of number 1: UP, ON"
    ]
    assert rule_texts(old, enum.format("ON = 1; OFF = 1;")) == [
        "UP, RUNNING of number 1 became ON, OFF"
    ]


@pytest.mark.parametrize(
    ("before", "after", "texts"),
    [
        ("1 to 100", "1 to 50, 51 to 90", ["91 to 100, of 1 to 100: no longer reserved"]),
        ("1 to 100", "50 to 100, 1 to 49", []),
        ("1 to 9, 20", "3 to 5", ["1 to 2, 6 to 9, of 1 to 9: no longer reserved",
                                  "20: no longer reserved"]),
        ("5", "1 to 10", []),
    ],
)  # fmt: skip
def test_of_reserved_numbers_those_are_told_that_are_missing(before, after, texts):
    old, new = (f"message M {{ reserved {ranges}; }}" for ranges in (before, after))
    assert rule_texts(old, new) == texts


def test_each_range_that_is_freed_is_a_finding_of_its_own():
    old, new = "message M { reserved 1, 3, 5; }", "message M { reserved 3; }"
    found = check(compiled("old", old), compiled("new", new)).findings
    assert [one.key for one in found] == [
        "rule:RESERVED_MESSAGE_NO_DELETE:t.M:1",
        "rule:RESERVED_MESSAGE_NO_DELETE:t.M:5",
    ]


def test_an_example_of_a_list_extension_is_never_an_empty_list():
    body = "extend M { repeated E a = 101; } enum E { ZERO = 0; ONE = 1; "
    old, new = (
        compiled(side, f"{HEAD} {body} {values} }}")
        for side, values in (("old", ""), ("new", "TWO = 2;"))
    )
    (finding,) = [one for one in check(old, new).findings if ":ignored:" in one.key]
    assert finding.key == "new-to-old:ignored:t.M.[t.a]"
    assert finding.example == "[t.a]: TWO"
    assert finding.example_of == "t.M"
