"""Pauses for those who answer calls, while much is looked at."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from toggle_mock.recording.records import RecordedBatch

_PAUSE_AFTER = 64 * 1024
"""Bytes of batches; to look at them takes a millisecond or two."""

_PAUSE = 0.0001
"""Seconds."""


def with_pauses(batches: Iterable[RecordedBatch]) -> Iterator[RecordedBatch]:
    """The same batches, with pauses between them in which the server can answer calls.

    Without, each step of a call would wait until the interpreter is taken from this thread.
    """
    size = 0
    for batch in batches:
        size += len(batch.raw)
        if size >= _PAUSE_AFTER:
            size = 0
            time.sleep(_PAUSE)
        yield batch
