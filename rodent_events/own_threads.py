"""The bus's own threads, which must not wait for what only they can do.

They call the program back: ``on_drop``, the token provider, handlers of the log. ``flush`` and
``shutdown`` would wait there for the thread that they are called in.
"""

from __future__ import annotations

import threading

from rodent_events.codes import logger

_this = threading.local()


def enter() -> None:
    """Tell that this thread is one of the bus's own."""
    _this.is_own = True


def is_own() -> bool:
    """Whether this thread is one of them."""
    return getattr(_this, "is_own", False)


def may_wait(what: str) -> bool:
    """Whether this thread may wait for delivery; else the log says so, of ``what``."""
    if not is_own():
        return True
    # A handler of the log may be the one who calls.
    if not getattr(_this, "is_telling", False):
        _this.is_telling = True
        try:
            logger.error(
                "%s was called by on_drop, a token provider or a handler of the log, in a thread "
                "that delivers; it does not wait there",
                what,
            )
        finally:
            _this.is_telling = False
    return False
