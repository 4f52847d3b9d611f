"""Blocking calls for asyncio."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function that blocks, without blocking the event loop."""
    # Whoever awaits this has loaded it already; others need not.
    import asyncio

    return await asyncio.to_thread(function, *args, **kwargs)
