"""Faults that are settings of the agent which nobody should choose."""

from __future__ import annotations

import os
from collections.abc import Callable


def setting(**values: str) -> Callable[[], None]:
    """Runs with these settings of ``rodent_events``, whatever it was told."""

    def sow() -> None:
        os.environ.update({f"RODENT_EVENTS_{key.upper()}": value for key, value in values.items()})

    return sow
