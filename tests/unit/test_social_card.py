"""What a link to the documentation shows: a picture of the drawing that stands beside it."""

import hashlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "tools"))

from social_card import SIZE, drawn_of, noting, size_of

ROOT = Path(__file__).parents[2]
DRAWING = (ROOT / "docs" / "social-card.svg").read_bytes()
PICTURE = (ROOT / "docs" / "social-card.png").read_bytes()


def test_it_is_of_the_drawing_that_is_there():
    assert drawn_of(PICTURE) == hashlib.sha256(DRAWING).hexdigest()


def test_it_has_the_size_that_feeds_ask_for():
    assert size_of(PICTURE) == SIZE


def test_a_picture_says_of_what_it_was_drawn_and_stays_one():
    plain = (ROOT / "docs" / "page.png").read_bytes()
    assert drawn_of(plain) is None
    noted = noting(plain, b"another drawing")
    assert drawn_of(noted) == hashlib.sha256(b"another drawing").hexdigest()
    assert size_of(noted) == size_of(plain)


def test_what_is_no_picture_has_no_size():
    with pytest.raises(ValueError, match="no PNG"):
        size_of(DRAWING)
