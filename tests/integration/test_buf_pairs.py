"""What we say of two schemas and what buf says, element by element, rule by rule."""

from pathlib import Path

import pytest
from support.buf_pairs import EDITION, PAIRS, PROTO2, by_pair, schemas, table
from support.schema_cases import compiled

from toggle_mock.compat import Category, Severity, check
from toggle_mock.compat.buf import buf_violations, find_buf
from toggle_mock.compat.rules import RULES, violations

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"


@pytest.mark.parametrize("category", Category)
def test_ours_and_bufs_are_equal_but_where_it_is_explained(category):
    old, new = schemas()
    ours = by_pair(violations(old, new, category))
    theirs = by_pair(buf_violations(find_buf(), old, new, category))
    differing = {pair.title for i, pair in enumerate(PAIRS) if ours[i] != theirs[i]}
    assert differing == {pair.title for pair in PAIRS if pair.evidence}


@pytest.mark.parametrize("category", Category)
def test_each_pair_breaks_or_keeps_its_rule(category):
    found = by_pair(violations(*schemas(), category))
    for index, pair in enumerate(PAIRS):
        if category in RULES[pair.rule].categories:
            is_broken = any(rule == pair.rule for rule, _, _ in found[index])
            assert is_broken is pair.is_broken, pair.title


EVERYWHERE = {"field", "nested field", "extension", "nested extension", "option"}
OWN = {"field", "nested field"}
# By what the names of rules begin with; the last that fits counts.
PLACES = {
    "FIELD_": EVERYWHERE,
    "FIELD_NO_DELETE": OWN,
    "FIELD_SAME_JSON_NAME": OWN,
    "FIELD_SAME_ONEOF": OWN,
    "MESSAGE_": OWN,
    "RESERVED_MESSAGE": OWN,
    "ENUM_": {"enum", "nested enum"},
    "RESERVED_ENUM": {"enum", "nested enum"},
    "RPC_": {"rpc"},
    "FILE_": {"file"},
}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_broken_and_kept_by_all_that_it_is_about(rule):
    *_, places = (places for begin, places in PLACES.items() if rule.startswith(begin))
    seen = {(pair.where, pair.is_broken) for pair in PAIRS if pair.rule == rule}
    assert seen >= {(where, is_broken) for where in places for is_broken in (True, False)}


def test_the_page_has_the_table():
    assert "\n".join(table()) in PAGE.read_text()
    assert f"{len(PAIRS)} pairs" in PAGE.read_text()


def test_a_field_that_a_feature_requires_is_required_of_messages():
    head = 'edition = "2023"; package t; message M { int32 a = 1'
    new = compiled("new", f"{head} [features.field_presence = LEGACY_REQUIRED]; }}")
    keys = {
        finding.key for finding in check(compiled("old", f"{head}; }}"), new, examples=1).findings
    }
    assert "old-to-new:unreadable:t.M.a" in keys
    texts = [violation.text for violation in violations(compiled("old", f"{head}; }}"), new)]
    assert "a is required now, by a feature, where buf looks at labels alone" in texts


def test_where_buf_is_wrong_the_report_says_why():
    old, new = (
        compiled(side, f"{syntax} package t; message M {{ {field} }}")
        for side, syntax, field in (
            ("old", PROTO2, "required int32 a = 1;"),
            ("new", EDITION, "int32 a = 1 [features.field_presence = LEGACY_REQUIRED];"),
        )
    )
    (finding,) = check(old, new, buf=True).findings
    assert finding.severity is Severity.NOTE
    assert finding.remark.startswith("the field is required in both")


def test_buf_is_reconciled_by_element():
    """More findings of ours about one element hide none of buf's about another."""
    old, new = (
        compiled(side, f"{PROTO2} package t; message M {{ {body} }}")
        for side, body in (
            ("old", "optional int32 a = 1; optional int32 b = 2; optional int32 c = 3;"),
            ("new", "optional sint32 a = 1; optional sint32 b = 2; optional sint32 c = 3;"),
        )
    )
    theirs = buf_violations(find_buf(), old, new, Category.WIRE)
    assert [(one.owner, one.number, one.element) for one in theirs] == [
        ("t.M", number, f"t.M.{name}") for number, name in enumerate("abc", 1)
    ]
    found = check(old, new, examples=1, buf=True).findings
    assert not [one for one in found if one.key.startswith("rule:")]
