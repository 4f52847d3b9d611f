"""Codes of errors, lines of the log and warnings: what each means, and what helps.

What is raised or logged has its code with it, and the command that explains the code needs no net.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import NamedTuple

# Not compiled, as hardly any process needs them.
_VALUE = r"%[.\d]*[a-z]"
_NUMBER = r"(?i:RE)?[- ]?(\d{3})"


class Code(NamedTuple):
    """What is to be known of an error, a line of the log, or a warning."""

    code: str
    """Such as ``RE-101``. Never given to another: what says it no more leaves a gap."""
    of: str
    """The error's class by its full name, or the text before its values are put into it."""
    cause: str
    remedy: str

    @property
    def is_error(self) -> bool:
        """Whether it is that of a class, not of a text."""
        return " " not in self.of

    @property
    def title(self) -> str:
        """The name of the class, or the text on a line with an ellipsis for each value."""
        if self.is_error:
            return self.of.rpartition(".")[2]
        return " ".join(re.sub(_VALUE, "…", self.of).split())


class CodeTable:
    """The codes of a package.

    Args:
        command: What explains a code, without the code.
        rows: The codes, in order.
    """

    def __init__(self, command: str, *rows: Code) -> None:
        self.rows = rows
        self._command = command
        self._code_of = {row.of: row.code for row in rows}

    def note(self, kind: type[BaseException]) -> str:
        """The code of an error's class and how to have it explained.

        Args:
            kind: A class in the table, or one that a user has derived from it.
        """
        names = (f"{one.__module__}.{one.__qualname__}" for one in kind.__mro__)
        code = next(self._code_of[name] for name in names if name in self._code_of)
        return f"{code}: {self._command} {code}"

    def text(self, template: str, *values: object) -> str:
        """The text of a warning, with its code."""
        return f"{template % values} [{self._code_of[template]}]"

    def logger(self, name: str) -> logging.Logger:
        """A logger whose lines end with their codes, those that have one."""
        logger = logging.getLogger(name)
        logger.addFilter(self._mark)
        return logger

    def _mark(self, record: logging.LogRecord) -> bool:
        told = record.msg  # whatever a program has logged here
        if record.levelno >= logging.WARNING and isinstance(told, str) and told in self._code_of:
            record.msg = f"{told} [{self._code_of[told]}]"
        return True

    def explained(self, asked: str) -> str:
        """What a code means, and what helps.

        Args:
            asked: The code, in capitals or not, or its number alone; or the name of an error.

        Raises:
            LookupError: There is none; the text names the nearest.
        """
        number = re.fullmatch(_NUMBER, asked.strip())
        wanted = f"RE-{number[1]}" if number else asked.strip()
        for row in self.rows:
            if wanted in (row.code, row.title):
                return "\n".join(_lines(row))
        raise LookupError(f"there is no code {asked!r}: {self._nearest(wanted)}")

    def _nearest(self, wanted: str) -> str:
        import difflib

        codes = [row.code for row in self.rows]
        if re.fullmatch(_NUMBER, wanted):
            near = sorted(codes, key=lambda code: abs(int(code[3:]) - int(wanted[3:])))[:2]
        else:
            titles = [row.title for row in self.rows]
            near = difflib.get_close_matches(wanted, codes + titles)
        known = f"they go from {codes[0]} to {codes[-1]}"
        return f"did you mean {' or '.join(near)}?" if near else known


def with_notes(error: BaseException) -> str:
    """The text of an error, and below it its notes, of which one is its code."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def _lines(row: Code) -> Iterator[str]:
    yield f"{row.code}: {row.title}"
    for head, text in (("Why", row.cause), ("What helps", row.remedy)):
        yield ""
        yield f"{head}: {text}"
