"""All faults of a Toggle, and a Toggle with one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from unittest import mock

from support.sown import toggle_calls, toggle_streams, toggle_tokens, toggle_transport
from support.sown.toggle_fault import ToggleFault

FAULTS: Mapping[str, ToggleFault] = {
    **toggle_tokens.FAULTS,
    **toggle_calls.FAULTS,
    **toggle_streams.FAULTS,
    **toggle_transport.FAULTS,
}


@contextmanager
def sown(fault: ToggleFault) -> Iterator[None]:
    """The fault is in this process until the end of the block."""
    with ExitStack() as stack:

        def patch(owner: object, name: str, value: object) -> None:
            stack.enter_context(mock.patch.object(owner, name, value))

        fault.sow(patch)
        yield
