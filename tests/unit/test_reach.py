"""The check that properties reach what they assert."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reach import reached, reaches


def held(**shares):
    """A property with these shares."""

    @reaches(**shares)
    @settings(max_examples=50, database=None)
    @given(st.integers(0, 9))
    def digits(digit):
        if digit == 5:
            reached("five")
        if digit < 8:
            reached("below_eight")

    return digits


def test_a_share_that_is_reached_is_well():
    held(five=0.01, below_eight=0.3)()


def test_a_share_that_is_not_reached_is_a_failure():
    with pytest.raises(pytest.fail.Exception, match="'five', which is less than 90%"):
        held(below_eight=0.3, five=0.9)()


def test_a_point_that_is_never_reached_is_a_failure():
    with pytest.raises(pytest.fail.Exception, match=r"^0 of "):
        held(six=0.9)()


def test_what_chance_alone_can_do_is_no_failure():
    held(six=0.1)()  # of ten examples, three of which would reach it


def test_what_fails_still_fails():
    @settings(max_examples=10, database=None)
    @given(st.integers())
    def wrong(number):
        reached("all")
        assert number < 0

    with pytest.raises(AssertionError):
        reaches(all=0.5)(wrong)()


def test_runs_are_counted_one_by_one():
    digits = held(below_eight=0.3)
    for _ in range(3):
        digits()


def test_the_page_has_every_property_that_says_what_it_reaches():
    tests = Path(__file__).parents[1]
    page = (tests.parent / "docs" / "proofs.md").read_text()
    held = [
        f"{path.name}::{name}"
        for path in [*tests.glob("property/test_*.py"), *tests.glob("integration/test_*.py")]
        for name in re.findall(
            r"^@reaches\((?:.|\n)*?^def (test_\w+)", path.read_text(), re.MULTILINE
        )
    ]
    assert len(held) >= 18
    assert [name for name in held if f"`{name}`" not in page] == []
