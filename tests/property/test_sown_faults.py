"""The properties hold of the real codec, and each sown fault breaks the one that the page names."""

from pathlib import Path

import pytest
from google.protobuf.json_format import ParseError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.codecs import FAULTS, PROPERTIES, Codec

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text()
SECTION = PAGE.split("## Sown faults\n", 1)[1].split("\n## ", 1)[0]
CAUGHT_BY = dict(
    [cell.strip().strip("`") for cell in line.strip("|").split("|")][:2]
    for line in SECTION.splitlines()
    if line.startswith("|") and "`" in line
)
CI_EXAMPLES = 200


@pytest.mark.parametrize("check", PROPERTIES.values(), ids=PROPERTIES)
@settings(max_examples=50)
@given(data=st.data())
def test_it_holds(check, data):
    check(Codec(), data.draw)


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.title) for fault in FAULTS])
def test_a_fault_is_caught(fault):
    check = PROPERTIES[CAUGHT_BY[fault.title]]

    @settings(
        max_examples=CI_EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def look(data):
        check(fault.codec, data.draw)

    with pytest.raises((AssertionError, ValueError, ParseError)):
        look()


def test_the_page_has_every_fault():
    assert list(CAUGHT_BY) == [fault.title for fault in FAULTS]
    assert len(FAULTS) >= 25
