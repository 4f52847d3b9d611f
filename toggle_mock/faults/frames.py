"""The frames of HTTP/2, as far as a relay must know them: where one ends, and one of its own. Pure.

https://www.rfc-editor.org/rfc/rfc9113#section-4.1
"""

from __future__ import annotations

from enum import IntEnum

HEADER = 9
"""Bytes before the content of a frame."""

ACK = END_STREAM = 0x1
"""The flag of a PING or SETTINGS that answers one, and of what ends its stream."""


class Kind(IntEnum):
    """The types of frames that matter here: https://www.rfc-editor.org/rfc/rfc9113#section-6"""

    DATA = 0x0
    HEADERS = 0x1
    RST_STREAM = 0x3
    SETTINGS = 0x4
    PING = 0x6
    GOAWAY = 0x7


GOAWAY = bytes.fromhex("000008 07 00 00000000 7fffffff 00000000")
"""No error, and all streams that there are may go on: it is only that no new ones are welcome."""


class Frames:
    """Finds the ends of frames in what one side sends, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._header = b""
        self._left = 0
        self.between: bool = False
        """Whether a frame has just ended, so that another one may be put here."""

    def split(self, data: bytes) -> tuple[bytes, bytes]:
        """What belongs to the frame that is under way, and what comes after that."""
        if not data:
            return b"", b""
        size = 0
        if self._left == 0:
            size = min(HEADER - len(self._header), len(data))
            self._header += data[:size]
            if len(self._header) == HEADER:
                self._left = int.from_bytes(self._header[:3])
        header_is_whole = len(self._header) == HEADER
        body = min(self._left, len(data) - size) if header_is_whole else 0
        self._left -= body
        self.between = header_is_whole and self._left == 0
        if self.between:
            self._header = b""
        return data[: size + body], data[size + body :]

    def skip(self, data: bytes) -> None:
        """Take note of data that pass in one piece."""
        while data:
            _, data = self.split(data)
