"""Each act of ``make sabotage`` finds the place that it breaks, once."""

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
sys.path.append(str(TOOLS))

from sabotage import ACTS, ROOT, TESTS, Sabotage  # noqa: E402


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.title)
def test_an_act_finds_its_place(act: Sabotage):
    text = (ROOT / "rodent_events" / f"{act.module}.py").read_text()
    assert text.count(act.old) == 1
    assert act.new != act.old


def test_its_tests_exist():
    assert [path for path in TESTS if not (ROOT / path).is_file()] == []
