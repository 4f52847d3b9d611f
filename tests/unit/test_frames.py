"""Where the frames of HTTP/2 end, whatever the pieces."""

import pytest

from toggle_mock.faults.frames import GOAWAY, Frames

SETTINGS = bytes.fromhex("000000 04 00 00000000")
DATA = bytes.fromhex("000003 00 01 00000001") + b"abc"
SENT = [SETTINGS, DATA, SETTINGS, GOAWAY]


@pytest.mark.parametrize("size", range(1, 20))
def test_each_frame_ends_where_it_ends(size):
    frames, whole, rest = Frames(), [b""], b"".join(SENT)
    assert not frames.between
    while rest:
        piece, rest = rest[:size], rest[size:]
        while piece:
            head, piece = frames.split(piece)
            whole[-1] += head
            if frames.between:
                whole.append(b"")
    assert whole == [*SENT, b""]


def test_what_passes_in_one_piece_is_noted():
    frames = Frames()
    frames.skip(SETTINGS + DATA[:4])
    assert not frames.between
    frames.skip(DATA[4:])
    assert frames.between
    assert frames.split(b"") == (b"", b"")
    assert frames.between
