"""A frozen batch: events under an id that never changes again, and its halves. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from rodent_events import wire


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that are sent together, always with the same id and the same bytes."""

    id: str
    timestamp: int
    """Milliseconds since the Unix epoch, when it was frozen."""
    frames: bytes
    """The frames of its events, joined."""
    count: int
    """The number of its events."""

    @classmethod
    def of(cls, frames: Iterable[bytes], *, batch_id: str, timestamp: int) -> Batch:
        """A batch of single frames."""
        parts = list(frames)
        return cls(batch_id, timestamp, b"".join(parts), len(parts))

    @property
    def data(self) -> bytes:
        """The serialized EventBatch."""
        return self.frames + wire.batch_trailer(self.id, self.timestamp)

    def single_frames(self) -> list[bytes]:
        """The frames of its events, one by one."""
        ends = wire.frame_ends(self.frames)
        return [self.frames[start:end] for start, end in pairwise([0, *ends])]

    def halves(self) -> tuple[Batch, Batch]:
        """The batch cut in two.

        The cut and the ids follow from this batch alone, so that the same halves come out of it
        after a restart.

        Raises:
            ValueError: The batch has only one event.
        """
        if self.count < 2:
            raise ValueError(f"batch {self.id} has {self.count} event and cannot be halved")
        left = self.count // 2
        cut = wire.frame_ends(self.frames, limit=left)[-1]
        return (
            Batch(derived_id(self.id, "left"), self.timestamp, self.frames[:cut], left),
            Batch(
                derived_id(self.id, "right"), self.timestamp, self.frames[cut:], self.count - left
            ),
        )

    def after(self, done: int) -> list[Batch]:
        """The largest halves of halves that hold what is behind the first ``done`` events."""
        if done <= 0:
            return [self]
        if done >= self.count:
            return []
        left, right = self.halves()
        return left.after(done) + right.after(done - left.count)


def derived_id(batch_id: str, part: str) -> str:
    """The id of a part: a UUIDv7 with the time of the whole's id, and a hash instead of chance."""
    digest = hashlib.sha256(f"{batch_id}/{part}".encode()).digest()
    number = int.from_bytes(time_of(batch_id).to_bytes(6, "big") + digest[:10], "big")
    number = number & ~(0xF000 << 64) & ~(0xC000 << 48) | 0x7000 << 64 | 0x8000 << 48
    return str(uuid.UUID(int=number))


def time_of(batch_id: str) -> int:
    """The time in a UUIDv7, in milliseconds since the Unix epoch; 0 for an id of foreign making."""
    try:
        return uuid.UUID(batch_id).int >> 80
    except ValueError:
        return 0
