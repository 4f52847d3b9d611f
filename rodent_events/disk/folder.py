"""Whose files are where: each process has a folder of its own, under lock, in ``events_dir``.

The first to come has ``events_dir`` itself, each further one a folder below it. What a process
leaves there when it ends, however it ends, is an orphan, which any other of them may take over.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from rodent_events import real_threads
from rodent_events.codes import logger
from rodent_events.disk.files import (
    LOCK_FILE,
    TEMPORARY,
    FolderLockedError,
    lock_folder,
    sync_folder,
)
from rodent_events.errors import SpoolError

SUFFIX = ".pb"

PREFIX = "process-"
"""Of the name of a folder below ``events_dir``."""

# What earlier versions called the folders of forked children.
_OLD_PREFIX = "fork-"

# Files of these kinds go on with what waits; all others are kept for people to look at.
_DELIVERED = {SUFFIX, ".ack"}


class Folder:
    """The folder of this process, and those of its neighbours.

    Args:
        root: ``events_dir``.
        synced: Whether what is taken over is to outlast a loss of power.
        target: Toggle's address; all processes that share ``events_dir`` report to the same one.
    """

    def __init__(self, root: Path, target: str | None, *, synced: bool = False) -> None:
        self.root = root
        self.path: Path | None = None
        """Where this process keeps its files, from :meth:`open` on."""
        self._target = target
        self._synced = synced
        self._lock: int | None = None
        self._neighbours_lock: int | None = None
        self._complained_of: set[Path] = set()
        self._replacing = real_threads.new_rlock()

    def open(self) -> None:
        """Take ``events_dir``, or make a folder below it.

        Raises:
            SpoolError: No folder can be made or locked, or a process that reports to another Toggle
                uses ``events_dir``.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                self._take(self.root)
            except FolderLockedError as error:
                self._check_target(error.content)
                self._take_one_below()
        except SpoolError:
            raise
        except OSError as error:
            raise SpoolError(f"cannot use {self.root} for events: {error}") from error

    def _take(self, path: Path) -> None:
        self._lock = lock_folder(path, self._target)
        self.path = path

    def _take_one_below(self) -> None:
        # Processes in different containers may have the same number. Under its name others see the
        # folder only once it is locked: the lock goes with it.
        name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
        new = self.root / f".{name}"
        new.mkdir(mode=0o700)
        self._take(new)
        self.path = new.rename(self.root / name)

    def _check_target(self, other: str) -> None:
        if self._target is not None and other not in ("", self._target):
            raise SpoolError(
                f"{self.root} is used by a process that reports to {other}, and this one reports "
                f"to {self._target}"
            )

    def close(self) -> None:
        """Leave the folder to others; one below ``events_dir`` is removed if nothing waits."""
        if self._lock is None or self.path is None:
            return
        try:
            if self.path != self.root and not self._waiting(self.path):
                self._remove(self.path)
        except OSError as error:
            logger.warning("%s cannot be removed: %s", self.path, error)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Give all locks up, and touch nothing else."""
        for lock in (self._lock, self._neighbours_lock):
            if lock is not None:
                os.close(lock)
        self._lock = self._neighbours_lock = None

    @property
    def is_gone(self) -> bool:
        """Whether somebody has removed the folder, lock and all."""
        if self.path is None or self._lock is None:
            return False
        try:
            return not os.path.samestat(os.fstat(self._lock), (self.path / LOCK_FILE).stat())
        except FileNotFoundError:
            return True

    def replace(self) -> None:
        """Take a folder anew if ours is gone.

        Raises:
            SpoolError: None can be used.
        """
        with self._replacing:
            if self.is_gone:
                logger.error("%s was removed by somebody, with what waited in it", self.path)
                self.abandon()
                self.open()

    # Neighbours

    def take_over(self, has_room: Callable[[int, int, bool], bool]) -> list[Path]:
        """Move here what processes that have ended have left, and remove their folders.

        Args:
            has_room: Whether so many bytes in so many files more can be taken; and whether these
                are the first.

        Returns:
            The files, oldest first.
        """
        taken: list[Path] = []
        if self.path is None:
            return taken
        for path in all_folders(self.root):
            if path == self.path:
                continue
            try:
                self._neighbours_lock = lock_folder(path)
            except OSError:  # in use, or gone
                continue
            try:
                self._empty(path, self.path, taken, has_room)
            except FileNotFoundError:  # another has emptied it as it was locked
                continue
            except OSError as error:
                if path not in self._complained_of:
                    self._complained_of.add(path)
                    logger.error("%s cannot be emptied: %s", path, error)
            finally:
                os.close(self._neighbours_lock)
                self._neighbours_lock = None
        return sorted(taken, key=lambda path: path.name)

    def _empty(
        self,
        path: Path,
        into: Path,
        taken: list[Path],
        has_room: Callable[[int, int, bool], bool],
    ) -> None:
        waiting = self._waiting(path)
        sizes = [file.stat().st_size for file in (*waiting, *taken)]
        if waiting and not has_room(sum(sizes), len(sizes), not taken):
            return
        if self.root not in (path, into):
            # Whole first: if we die amid the rest, no two others get a part of it each.
            path = path.rename(into / path.name)
            waiting = self._waiting(path)
        taken_names = {file.stem for file in into.glob(f"*{SUFFIX}")}
        for file in waiting:
            # Names are unique, unless somebody else has given them.
            stem = f"{file.stem}-{path.name}" if file.stem in taken_names else file.stem
            target = file.replace(into / f"{stem}{file.suffix}")
            if target.suffix == SUFFIX:
                taken.append(target)
        if self._synced:
            sync_folder(into)
        if path != self.root:
            self._remove(path)

    def _waiting(self, path: Path) -> list[Path]:
        """What is to be delivered, oldest first; of one below the root, with what it took over."""
        files = path.iterdir() if path == self.root else path.rglob("*")
        found = [file for file in files if file.suffix in _DELIVERED and _is_delivered(file, path)]
        # A note goes first: without its file it harms nobody; without it, the file is sent again.
        return sorted(found, key=lambda file: (file.stem, file.suffix))

    def _remove(self, path: Path) -> None:
        """Remove a folder in which nothing waits; what is kept for people goes to the root."""
        for kept in sorted(path.rglob("*")):
            if (
                kept.is_file()
                and not kept.is_symlink()
                and kept.name != LOCK_FILE
                and kept.suffix != TEMPORARY
            ):
                parts = kept.relative_to(path).parts
                target = self.root.joinpath(*(p for p in parts if not p.startswith(PREFIX)))
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                kept.replace(target)
        for rest in sorted(path.rglob("*"), reverse=True):
            rest.rmdir() if rest.is_dir() and not rest.is_symlink() else rest.unlink()
        path.rmdir()


def check_unused(root: Path) -> None:
    """See that no process has ``events_dir`` itself.

    Raises:
        FolderLockedError: One has.
        OSError: It cannot be looked at.
    """
    os.close(lock_folder(root))


def all_folders(root: Path) -> list[Path]:
    """``events_dir`` and the folders of processes below it."""
    return [root, *_below(root)]


def _below(root: Path) -> list[Path]:
    return sorted((*root.glob(f"{PREFIX}*"), *root.glob(f"{_OLD_PREFIX}*")))


def _is_delivered(file: Path, folder: Path) -> bool:
    """Whether a file is in a folder of a process, and not in one for people."""
    return all(part.startswith(PREFIX) for part in file.relative_to(folder).parts[:-1])
