"""Annotations, as a workflow of GitHub reads them from what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal


def annotation(
    level: Literal["notice", "warning", "error"], properties: Mapping[str, str], text: str
) -> str:
    """The line that makes an annotation.

    Args:
        level: How it is shown.
        properties: ``title``, ``file``, ``line``.
        text: What it says.
    """
    told = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{level} {told}::{_escaped(text)}"


def _escaped(text: str, further: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{further}" else char for char in text)
