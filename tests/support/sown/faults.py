"""What a sown fault is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault that is sown into a program which is right otherwise."""

    sow: Callable[[], None]
    """Puts it into the program, in whose process this is called before it starts."""
    caught_by: Mapping[str, str]
    """All cases that catch it, by their ids, with a part of what they say they have seen; the first
    is about it."""
    also: str = ""
    """What else catches it, in words, if that is nearly everything: those cases are not listed."""
