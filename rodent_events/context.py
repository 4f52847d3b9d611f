"""Metadata for all that is emitted in a context: a block, a request, a task of asyncio."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from rodent_events.errors import EventTypeError, describe

AROUND: ContextVar[Mapping[str, str] | None] = ContextVar("rodent_events.metadata", default=None)
"""What the blocks around add; None outside of all."""


@contextmanager
def metadata(values: Mapping[str, str] | None = None, /, **more: str) -> Iterator[None]:
    """Add metadata to each event that is emitted in the block, in this thread or task.

    Blocks may be nested; the innermost value of a key holds, and what ``emit`` itself is given
    before all. Tasks of asyncio that begin in the block have it too, threads have not.

    Args:
        values: Keys that are no names in Python.
        more: All others.

    Raises:
        EventTypeError: A key or a value is no text.
    """
    added = {**(values or {}), **more}
    for pair in added.items():
        if not all(isinstance(part, str) for part in pair):
            raise EventTypeError(
                f"metadata maps text to text, got {describe(pair[0])}: {describe(pair[1])}"
            )
    token = AROUND.set({**(AROUND.get() or {}), **added})
    try:
        yield
    finally:
        AROUND.reset(token)


def with_context(own: Mapping[str, str] | None) -> Mapping[str, str]:
    """The metadata of an event, with what the blocks around it add."""
    return {**(AROUND.get() or {}), **(own or {})}
