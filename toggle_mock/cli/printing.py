"""Lines on stdout, whoever reads them: a pipe that is full or closed holds nothing else up."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable

from rodent_events.disk.files import write_all
from toggle_mock.codes import logger


class Printer:
    """Prints lines in a thread of its own, which need not end.

    Args:
        lines: The lines; that there are no more ends the thread.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self._thread = threading.Thread(target=self._run, name="toggle-printer", daemon=True)
        self._thread.start()

    def wait(self, timeout: float) -> None:
        """Wait for the end of the lines, so many seconds at the most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        all(map(print_line, self._lines))


def print_line(line: str) -> bool:
    """Print a line, at once; False if nobody can read it.

    Not by ``sys.stdout``, whose lock would be held while a pipe is full, also at the end of the
    interpreter.
    """
    if sys.stdout is None:  # it was closed before the program began
        return False
    try:
        write_all(sys.stdout.fileno(), f"{line}\n".encode(errors="backslashreplace"))
    except OSError as error:
        logger.warning("nothing is printed any more: %s", error)
        return False
    return True
