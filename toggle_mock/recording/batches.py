"""Recordings as .pb: the accepted batches alone, each behind its length as a varint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rodent_events import wire
from toggle_mock.errors import StorageError
from toggle_mock.recording.appended_file import AppendedFile
from toggle_mock.recording.entries import AcceptEntry, ClearEntry, EndEntry, Entry, MessageEntry
from toggle_mock.recording.playback import accept
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.records import RecordedCall


class BatchFile:
    """Accepted batches, each behind its length; see :class:`RecordingFile`."""

    retry_in = None
    """See :attr:`RecordingFile.retry_in`."""

    def __init__(self, path: Path) -> None:
        self._file = AppendedFile(path)
        self._requests: dict[int, bytes] = {}
        """The first message from the Rodent, by call under way."""

    def write(self, entries: Sequence[Entry]) -> None:
        """See :meth:`RecordingFile.write`."""
        batches: list[bytes] = []
        for entry in entries:
            match entry:
                case MessageEntry(sent=False):
                    self._requests.setdefault(entry.call, entry.raw)
                case AcceptEntry():
                    if (raw := self._requests.get(entry.call)) is not None:
                        batches += [wire.varint(len(raw)), raw]
                case EndEntry():
                    self._requests.pop(entry.call, None)
                case ClearEntry():
                    batches.clear()
                    self._file.empty()
        self._file.append(b"".join(batches))

    def close(self) -> None:
        """See :meth:`RecordingFile.close`."""
        self._file.close()

    @staticmethod
    def load(path: Path, recording: Recording) -> int | None:
        """See :meth:`FileFormat.load`."""
        data, start = path.read_bytes(), 0
        while start < len(data):
            try:
                length, content = wire.read_varint(data, start)
            except wire.WireError:
                return start
            if content + length > len(data):
                return start
            raw = data[content : content + length]
            call = RecordedCall("SendEvents", f"file:{path.name}", ())
            recording.begin(call)
            recording.message(call, raw, sent=False)
            try:
                accept(recording, call, raw)
            except StorageError as error:
                raise StorageError(f"{path}, byte {start}: {error}") from None
            recording.end(call, "OK", at=0.0)
            start = content + length
        return None
