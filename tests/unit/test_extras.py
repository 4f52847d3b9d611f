"""What the extras bring."""

import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.distributions import OURS, PROJECT, brought_by

from toggle_mock.extras import BROUGHT

ROOT = Path(__file__).parents[2]
EXTRAS = {
    extra: [one for one in map(Requirement, needs) if one.name != OURS]
    for extra, needs in PROJECT["optional-dependencies"].items()
    if extra != "dev"
}


@pytest.mark.parametrize("extra", BROUGHT)
def test_the_modules_of_an_extra_are_those_that_it_brings(extra):
    wanted = {canonicalize_name(one.name) for one in EXTRAS[extra]}
    homes = packages_distributions()
    # Others are in google beside protobuf, and Python's metadata knows no module of that depth.
    homes["google.rpc"] = ["googleapis-common-protos"]
    assert {canonicalize_name(homes[module][0]) for module in BROUGHT[extra]} == wanted


def test_the_page_says_what_each_extra_brings():
    page = (ROOT / "docs" / "install.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([^;]*?)(?:; .*)? \|$", page, re.MULTILINE)
    told = {extra: set(what.split(", ")) for extra, what in rows if extra != "all"}
    assert told == {extra: {one.name for one in needs} for extra, needs in EXTRAS.items() if needs}


def test_a_first_test_needs_few():
    assert len(brought_by(["rodent-events[testing]"])) + 1 <= 18
