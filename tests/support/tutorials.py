"""Follows a tutorial as its reader does: writes files, types commands, looks at what they print."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from support.offline import write_program

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
TIME = r"\d+(?:[.:]\d+)+"
"""A duration, a time, a version: another one in each run. Other numbers are as they are shown."""


@dataclass(frozen=True)
class File:
    """A file that the reader is told to write, or to write anew."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A line that the reader is told to type, and what is printed then."""

    line: str
    output: str


def steps(page: str) -> Iterator[File | Command]:
    """What a page tells its reader to do, in order; blocks of other kinds are only to be read."""
    for language, title, text in BLOCK.findall(page):
        if title:
            yield File(title, text)
        elif language == "console":
            yield from map(_command, re.split(r"^\$ ", text, flags=re.MULTILINE)[1:])


def _command(text: str) -> Command:
    """A command, which a here-document belongs to, and what follows it."""
    document = re.match(r"[^\n]*<<'(\w+)'\n.*?\n\1\n", text, re.DOTALL)
    end = document.end() if document else text.index("\n") + 1
    return Command(text[:end], text[end:])


def is_like(shown: str, printed: str) -> bool:
    """Whether a text is as a page shows it, where times differ, and … is anything, also lines."""
    pattern = r"\s+".join(map(_pattern, shown.split()))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def _pattern(word: str) -> str:
    parts = re.split(rf"({TIME}|…)", word)
    return "".join(
        re.escape(part) if at % 2 == 0 else ".*?" if part == "…" else TIME
        for at, part in enumerate(parts)
    )


class Reader:
    """Somebody in an empty folder, in a shell with nothing of this project on its path.

    Args:
        folder: Where they begin.
        home: Their home folder, with the programs that stand for what needs a network: a Python
            that makes environments whose pip takes packages from where the tests run.
        environment: What else their shell has.
    """

    def __init__(self, folder: Path, home: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._status = 0
        programs = home / "bin"
        programs.mkdir()
        python = shlex.join([sys.executable, str(ROOT / "tests" / "support" / "offline.py")])
        write_program(programs / "python3", f'#!/bin/sh\nexec {python} "$@"\n')
        self._environment = {
            "HOME": str(home),
            "PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(home),
            **environment,
        }

    def follow(self, page: str) -> int:
        """Do all that a page says.

        Returns:
            How many commands were typed.

        Raises:
            AssertionError: Something else is printed than the page shows.
        """
        typed = 0
        for step in steps(page):
            if isinstance(step, File):
                path = self.folder / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text)
            else:
                printed = self._type(step.line)
                assert is_like(step.output, printed), (
                    f"{step.line}\nprints\n{printed}\nand not\n{step.output}"
                )
                typed += 1
        return typed

    def _type(self, line: str) -> str:
        """Run a line; what it does to folder and environment stays, as in one shell."""
        left = self.folder.parent / "left"
        before = f"(exit {self._status})"  # which $? has
        script = f"{before}\n{line}\nstatus=$?\npwd >{left}\nenv -0 >>{left}\nexit $status\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        self._status = done.returncode
        place, _, variables = left.read_text().partition("\n")
        self.folder = Path(place)
        self._environment = dict(one.split("=", 1) for one in variables.split("\0") if one)
        return done.stdout
