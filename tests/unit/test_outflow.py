"""Messages that go out in another order, and more than once."""

import pytest

from toggle_mock.faults.outflow import Outflow


@pytest.mark.parametrize(
    ("copies", "group", "sent"),
    [
        (1, 1, ["a", "b", "c", "d", "e"]),
        (2, 1, ["aa", "bb", "cc", "dd", "ee"]),
        (1, 2, ["", "ba", "", "dc", ""]),
        (1, 5, ["", "", "", "", "edcba"]),
        (2, 2, ["", "bbaa", "", "ddcc", ""]),
        (1, 6, [""] * 5),
    ],
)
def test_what_is_sent_once_there_is_a_message(copies, group, sent):
    outflow = Outflow(copies, group)
    assert [b"".join(outflow.take(one)) for one in (b"a", b"b", b"c", b"d", b"e")] == [
        each.encode() for each in sent
    ]


def test_what_is_held_goes_out_when_all_is_to_be_usual():
    outflow = Outflow(2, 3)
    assert outflow.take(b"a") == outflow.take(b"b") == []
    assert outflow.be_usual() == [b"b", b"b", b"a", b"a"]
    assert outflow.be_usual() == []
    assert outflow.take(b"c") == [b"c"]
