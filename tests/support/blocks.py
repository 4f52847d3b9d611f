"""Blocks of ``with`` that end where nobody expects it."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager


def ends_elsewhere(block: AbstractContextManager[object]) -> bool:
    """Whether a block can end in another thread, as garbage collection may have it."""
    other = threading.Thread(target=block.__exit__, args=(None, None, None), daemon=True)
    other.start()
    other.join(5)
    return not other.is_alive()
