"""A large backlog is delivered with flat memory; the short form of ``make backlog``."""

import pytest
from support.backlog import FILE_BYTES, deliver

pytestmark = pytest.mark.slow


def test_a_backlog_of_several_files_takes_no_more_memory_than_one():
    result = deliver(5 * FILE_BYTES)
    assert result.delivered == result.events
    assert result.memory_after - result.memory_before < 2 * FILE_BYTES
