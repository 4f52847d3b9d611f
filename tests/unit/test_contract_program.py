"""What a judged program prints, in lines and in answers; no program is started for this."""

import pytest

from toggle_mock.contract.driver_protocol import Replies
from toggle_mock.contract.program import Lines, Tail


def test_lines_are_whole_however_they_come():
    lines = Lines()
    assert lines.take(b"a\nb") == ["a"]
    assert lines.take(b"c") == []
    assert lines.take(b"\n\n\xff\nrest") == ["bc", "", "\ufffd"]


def test_a_line_without_end_is_taken_in_parts():
    lines = Lines()
    parts = [lines.take(b"x" * 65_536) for _ in range(40)]
    taken = [line for part in parts for line in part]
    assert len(taken) == 2
    assert all(1_048_576 < len(line) <= 1_048_576 + 65_536 for line in taken)


def test_of_what_is_printed_the_end_is_kept():
    tail = Tail()
    for number in range(30_000):
        tail.add(f"{number:07}\n".encode())
    assert tail.size == 240_000
    assert len(tail.text) == 65_536
    assert tail.text.endswith("0029999\n")
    tail.add(b"y" * 200_000)
    assert tail.text == "y" * 65_536


def test_an_answer_is_known_by_its_id():
    replies = Replies()
    for line in ('{"id": 2, "accepted": 1}', '{"id": 1, "error": "no"}', ' {"ready": true}'):
        replies.take(line)
    assert replies.ready
    assert replies.others == []
    assert replies.pop(1) == {"id": 1, "error": "no"}
    assert replies.pop(1) is None
    assert replies.pop(2) == {"id": 2, "accepted": 1}


@pytest.mark.parametrize(
    "line", ["hello", "", "[1]", "{", '{"id": "1"}', '{"ready": "true"}', "{}", "{1: 2}"]
)
def test_what_is_no_answer_is_kept_for_the_report(line):
    replies = Replies()
    replies.take(line)
    assert replies.others == [line]
    assert not replies.ready


def test_of_a_flood_the_beginning_is_kept():
    replies = Replies()
    for number in range(1_000):
        replies.take(str(number))
    assert replies.others == [str(number) for number in range(100)]
