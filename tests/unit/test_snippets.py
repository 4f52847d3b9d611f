"""What documentation shows of an example is enough to run it, and no more."""

import pytest
from support.snippets import snippet

SOURCE = '''"""A file."""

import json
import sys

import grpc
from toggle_mock import fail, hang

LIMIT = 3
OTHER = 4


class Helper:
    limit = LIMIT


@decorated
def settings():
    return json.dumps({})  # kept


def test_one(settings):
    assert Helper, fail


def test_two():
    assert grpc, sys
'''


def test_a_function_comes_with_what_it_needs():
    assert snippet(SOURCE, "test_one") == (
        "import json\n\nfrom toggle_mock import fail\n\nLIMIT = 3\n\n\n"
        "class Helper:\n    limit = LIMIT\n\n\n"
        "@decorated\ndef settings():\n    return json.dumps({})  # kept\n\n\n"
        "def test_one(settings):\n    assert Helper, fail\n"
    )
    assert snippet(SOURCE, "test_two") == (
        "import sys\n\nimport grpc\n\n\ndef test_two():\n    assert grpc, sys\n"
    )


def test_a_function_that_is_not_there_is_named():
    with pytest.raises(LookupError, match="there is no function test_three"):
        snippet(SOURCE, "test_three")


def test_a_fixture_that_is_used_by_itself_comes_along():
    automatic = "@pytest.fixture(autouse=True)\ndef bus(rodent_events_bus):\n    return 1\n\n\n"
    test = "def test_it():\n    pass\n"
    source = "import pytest\n\n\n" + automatic + test
    assert snippet(source, "test_it") == source
