"""Draw docs/social-card.png of docs/social-card.svg by Chromium; it notes of what it was drawn.

python tools/social_card.py
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
SIZE = (1200, 630)
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"Source"
_HEADER_END = len(_SIGNATURE) + 4 + 4 + 13 + 4  # IHDR is always the first chunk


def drawn_of(picture: bytes) -> str | None:
    """The SHA-256 of the drawing of which a picture was made, if it says so."""
    place = picture.find(b"tEXt" + _KEYWORD + b"\0")
    if place < 0:
        return None
    (length,) = struct.unpack(">I", picture[place - 4 : place])
    return picture[place + 4 + len(_KEYWORD) + 1 : place + 4 + length].decode("latin-1")


def noting(picture: bytes, source: bytes) -> bytes:
    """A picture that says of which drawing it was made."""
    data = b"tEXt" + _KEYWORD + b"\0" + hashlib.sha256(source).hexdigest().encode()
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return picture[:_HEADER_END] + chunk + picture[_HEADER_END:]


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: It is no PNG.
    """
    if not picture.startswith(_SIGNATURE):
        raise ValueError("this is no PNG")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def draw(source: Path) -> bytes:
    """What Chromium shows of a drawing."""
    from chromium import opened_page  # noqa: PLC0415 - who only looks needs none

    with opened_page(source.as_uri(), *SIZE) as page:
        return page.screenshot()


def main() -> None:
    """Draw it."""
    drawing = (DOCS / "social-card.svg").read_bytes()
    (DOCS / "social-card.png").write_bytes(noting(draw(DOCS / "social-card.svg"), drawing))


if __name__ == "__main__":
    main()
