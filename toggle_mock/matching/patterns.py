"""Patterns of ``*`` and ``?``; a slash is a character like any other."""

from __future__ import annotations

import fnmatch
import re


def is_pattern(text: str) -> bool:
    """Whether ``*`` or ``?`` stands in a text."""
    return "*" in text or "?" in text


def compile_pattern(text: str) -> re.Pattern[str]:
    """A regular expression for a pattern, which never goes back behind a star that it has passed.

    So it takes no longer than the text and the pattern are long, multiplied.
    """
    return re.compile(fnmatch.translate(text.replace("[", "[[]")))  # sets are none of ours
