"""What a program has printed, and what was seen of it, made fit to be shown: without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from toggle_mock.contract.verdicts import Result
from toggle_mock.tokens.redaction import without_secrets

HIDDEN = "[redacted]"

_SECRET_NAME = re.compile(r"(?i)token|secret|passw|jwt|auth|cookie|credential|private|api_?key")
_SHORTEST = 6
"""Characters of a value that is a secret; a shorter one may be part of anything."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What a terminal may take for an order, and what XML must not have; not the ends of lines."""


def is_secret(name: str) -> bool:
    """Whether a variable of this name has a value that is not shown."""
    return _SECRET_NAME.search(name) is not None


def cleaned(result: Result, secrets: Iterable[str] = ()) -> Result:
    """A result without secrets and control characters in what it shows.

    Args:
        result: The result.
        secrets: Values that are hidden wherever they are, besides tokens and keys of any kind.
    """
    hidden = sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in hidden:
            text = text.replace(secret, HIDDEN)
        return without_controls(without_tokens(text))

    return replace(
        result,
        text=clean(result.text),
        story=[replace(moment, what=clean(moment.what)) for moment in result.story],
        output={name: clean(text) for name, text in result.output.items()},
    )


def without_tokens(text: str) -> str:
    """A text whose tokens and private keys are written over."""
    return without_secrets(text.encode("utf-8", "backslashreplace")).decode()


def without_controls(text: str) -> str:
    """A text whose control characters are spelled out, but for ends of lines and tabs."""
    plain = text.replace("\r\n", "\n")
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", plain)
