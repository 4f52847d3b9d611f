"""Which mutants are drawn, where they are, and how their fates are counted."""

import sys
from collections import Counter
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
sys.path.append(str(TOOLS))

from mutant_facts import (  # noqa: E402
    Equivalents,
    Mutant,
    Verdict,
    changed_lines,
    counts_by,
    difference,
    sample,
    share,
    table,
)


def mutant(module: str = "rodent_events.bus", number: int = 1, becomes: str = "") -> Mutant:
    name = f"{module}.x_f__mutmut_{number}"
    path = module.replace(".", "/") + ".py"
    return Mutant(name, module, "f", path, number, f"return {number}", becomes or "return None")


def generated(name: str, *body: str) -> list[str]:
    return ["", "# above", f"def {name}(a):", *(f"    {line}" for line in body)]


def test_a_difference_is_what_changed_and_how_far_below_def():
    original = generated("x_f__mutmut_orig", "a = 1", "b = 2", "return a")
    mutated = generated("x_f__mutmut_12", "a = 1", "b = 3", "return a")
    assert difference(original, mutated) == (2, "b = 2", "b = 3")


def test_a_difference_over_several_lines():
    original = generated("x_f__mutmut_orig", "g(", "    1,", "    2,", ")")
    mutated = generated("x_f__mutmut_1", "g(", "    1,", ")")
    assert difference(original, mutated) == (3, "2,", "")


@pytest.mark.parametrize(
    ("mangled", "plain"),
    [
        ("x_f", "f"),
        ("x__f", "_f"),
        ("x___repr__", "__repr__"),
        ("xǁBusǁemit", "emit"),
        ("xǁ_Busǁ__init__", "__init__"),
    ],
)
def test_a_default_that_changed_is_shown_under_the_functions_own_name(mangled, plain):
    original = [f"def {mangled}__mutmut_orig(a=1):", "    return a"]
    mutated = [f"def {mangled}__mutmut_3(a=2):", "    return a"]
    assert difference(original, mutated) == (0, f"def {plain}(a=1):", f"def {plain}(a=2):")


MANY = [mutant(f"toggle_mock.{module}", n) for module in "abc" for n in range(20)]


def test_a_sample_has_as_many_of_each_module():
    assert Counter(one.module for one in sample(MANY, 5, seed=1)) == {
        "toggle_mock.a": 5,
        "toggle_mock.b": 5,
        "toggle_mock.c": 5,
    }


def test_a_module_with_fewer_mutants_is_taken_whole():
    assert set(sample(MANY, 50, seed=1)) == set(MANY)


def test_a_seed_draws_the_same_each_time_whatever_the_order_and_another_one_others():
    assert set(sample(MANY, 5, seed=1)) == set(sample(MANY[::-1], 5, seed=1))
    assert set(sample(MANY, 5, seed=1)) != set(sample(MANY, 5, seed=2))


def test_a_new_mutant_takes_the_place_of_one_at_the_most():
    before = set(sample(MANY, 5, seed=1))
    after = set(sample([*MANY, mutant("toggle_mock.a", 99)], 5, seed=1))
    assert len(before - after) <= 1


DIFF = """\
diff --git a/toggle_mock/a.py b/toggle_mock/a.py
--- a/toggle_mock/a.py
+++ b/toggle_mock/a.py
@@ -3 +3 @@ def f():
-    return 1
+    return 2
@@ -10,0 +11,3 @@ def g():
+    one
+    two
+    three
@@ -20,2 +23,0 @@ def h():
-    four
-    five
diff --git a/toggle_mock/b.py b/toggle_mock/b.py
--- a/toggle_mock/b.py
+++ b/toggle_mock/b.py
@@ -1,2 +1,2 @@
-x
-y
+z
+w
"""


def test_the_lines_that_a_revision_changed():
    assert changed_lines(DIFF) == {"toggle_mock/a.py": {3, 11, 12, 13}, "toggle_mock/b.py": {1, 2}}


EQUIVALENT = """
[[mutant]]
in = "rodent_events.bus.f"
was = "return 1"
becomes = "return None"
why = "Nobody asks."
"""


def test_an_equivalent_mutant_is_known_by_what_it_changes_not_by_its_number():
    equivalents = Equivalents.parse(EQUIVALENT)
    assert mutant() in equivalents
    assert mutant(number=2) not in equivalents
    assert mutant(becomes="return 2") not in equivalents
    assert mutant("rodent_events.worker") not in equivalents


def test_what_is_listed_but_no_mutant_any_more_is_stale():
    equivalents = Equivalents.parse(EQUIVALENT)
    assert equivalents.stale([mutant()]) == []
    assert equivalents.stale([mutant(number=2)]) == ["rodent_events.bus.f"]


def test_every_mutant_that_is_listed_as_equivalent_says_why():
    listed = Equivalents.parse((TOOLS / "equivalent_mutants.toml").read_text())
    assert all(listed.reasons.values())


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, None),
        ({Verdict.EQUIVALENT: 3}, None),
        ({Verdict.KILLED: 3, Verdict.SURVIVED: 1}, 75),
        ({Verdict.KILLED: 1, Verdict.TIMEOUT: 1, Verdict.UNTESTED: 2}, 50),
        ({Verdict.KILLED: 1, Verdict.EQUIVALENT: 9}, 100),
    ],
)
def test_a_hang_is_noticed_what_no_test_reaches_is_not_an_equivalent_mutant_is_neither(
    counts, expected
):
    assert share(counts) == expected


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("rodent_events.bus", "rodent_events"),
        ("rodent_events.disk.spool", "rodent_events"),
        ("toggle_mock.faults.book", "toggle_mock.faults"),
        ("toggle_mock.http_api.handlers.calls", "toggle_mock.http_api"),
        ("toggle_mock.schema", "toggle_mock"),
    ],
)
def test_the_package_that_a_module_counts_in(module, package):
    assert mutant(module).package == package


def test_a_table_has_a_row_for_each_and_one_for_all():
    verdicts = [Verdict.KILLED, Verdict.SURVIVED, Verdict.EQUIVALENT]
    assert table("package", counts_by(["b", "a", "c"], verdicts)) == (
        "| package | killed | timeout | survived | no test | equivalent | share |\n"
        "|---|---:|---:|---:|---:|---:|---:|\n"
        "| `a` | 0 | 0 | 1 | 0 | 0 | 0 % |\n"
        "| `b` | 1 | 0 | 0 | 0 | 0 | 100 % |\n"
        "| `c` | 0 | 0 | 0 | 0 | 1 | – |\n"
        "| all | 1 | 0 | 1 | 0 | 1 | 50 % |\n"
    )


def test_a_mutant_is_shown_as_a_difference_under_its_place():
    assert str(mutant()) == "rodent_events/bus.py:1 f\n- return 1\n+ return None"
