"""What follows from what a board says."""

import pytest

from toggle_mock.recording.board import (
    BoardChanges,
    BoardState,
    PostedFault,
    PostedSession,
    changes,
)
from toggle_mock.recording.scope import Scope


def fault(number: int, *, is_over_at_once: bool = False) -> PostedFault:
    return PostedFault(number, 1, {"reset": {}}, Scope(), is_over_at_once=is_over_at_once)


def said(*posted: PostedFault | PostedSession) -> BoardState:
    faults = {one.number: one for one in posted if isinstance(one, PostedFault)}
    sessions = {one.name: one for one in posted if isinstance(one, PostedSession)}
    return BoardState(9, faults, sessions)


LASTING, OTHER = fault(2), fault(10)
ONCE = fault(3, is_over_at_once=True)
SESSION, ANOTHER = PostedSession("s", Scope(sub="o")), PostedSession("t", Scope(rid="r"))


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (said(), said(), BoardChanges([], [], [], [])),
        (said(), said(OTHER, ONCE, LASTING), BoardChanges([LASTING, ONCE, OTHER], [], [], [])),
        (said(LASTING, ONCE), said(LASTING, ONCE), BoardChanges([], [], [], [])),
        (said(LASTING, ONCE, OTHER), said(OTHER), BoardChanges([], [2], [], [])),
        (None, said(LASTING, ONCE, SESSION), BoardChanges([LASTING], [], [SESSION], [])),
        (said(SESSION), said(ANOTHER), BoardChanges([], [], [ANOTHER], ["s"])),
    ],
    ids=["nothing", "in their order", "known", "healed", "late", "sessions"],
)
def test_what_is_to_be_done(before, now, expected):
    assert changes(before, now) == expected
