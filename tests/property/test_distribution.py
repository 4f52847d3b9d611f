"""What the strategies draw, and what the page says of it."""

import re
from pathlib import Path

import pytest
from support.distribution import EXAMPLES, REVISION, coverage, oneof_shares
from support.payloads import PLACES

from rodent_events import SystemEvent
from toggle_mock.schema import load_schema

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "distribution.md").read_text()
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]
ONEOFS = [row for row in ROWS if len(row) == 4]
PAYLOADS = [row for row in ROWS if len(row) == 5]


@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for place in PLACES])
def test_every_value_and_every_edge_is_reached(place):
    assert coverage(place).missing == set()


def test_no_member_of_a_oneof_is_below_half_of_its_fair_share():
    name, share = oneof_shares(SystemEvent.DESCRIPTOR, examples=3_000).least
    assert share >= 0.5, name


def test_the_page_says_so_of_every_oneof():
    assert len(ONEOFS) == 12
    for name, _, rarest, share in ONEOFS:
        assert float(share) >= 0.5, (name, rarest)


def test_the_page_says_so_of_every_payload_type():
    assert [row[0] for row in PAYLOADS] == [
        place.name for place in load_schema(REVISION).payload_types.values()
    ]
    for name, _, _, reached, after in PAYLOADS:
        found, wanted = re.fullmatch(r"(\d+) of (\d+)", reached).groups()
        assert found == wanted, name
        assert int(after.replace(",", "")) <= EXAMPLES
