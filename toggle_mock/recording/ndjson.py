"""Recordings as .ndjson: entries, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toggle_mock.errors import StorageError
from toggle_mock.recording.appended_file import AppendedFile
from toggle_mock.recording.entries import Entry, decode, encode_line
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording


class NdjsonFile:
    """Entries, one a line; see :class:`RecordingFile`."""

    retry_in = None
    """See :attr:`RecordingFile.retry_in`."""

    def __init__(self, path: Path) -> None:
        self._file = AppendedFile(path)
        if not self._file.ends_with_newline():  # the last line is whole but for its end
            self._file.append(b"\n")

    def write(self, entries: Sequence[Entry]) -> None:
        """See :meth:`RecordingFile.write`."""
        self._file.append(b"".join(map(encode_line, entries)))

    def close(self) -> None:
        """See :meth:`RecordingFile.close`."""
        self._file.close()

    @staticmethod
    def load(path: Path, recording: Recording) -> int | None:
        """See :meth:`FileFormat.load`."""
        player = Player(recording)
        end = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    player.play(decode(line))
                except (StorageError, ValueError, RecursionError) as error:
                    if not line.endswith(b"\n"):
                        break
                    raise StorageError(f"{path}, line {number}: {error}") from None
                end += len(line)
        player.end()
        return end if end < path.stat().st_size else None
