"""Who the Rodents of a load are: each worker has ids of its own, with tokens of a key or a file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from toggle_mock.tokens.tokens import Tokens

_EXPIRES_IN = 86_400.0 * 30
"""Seconds; longer than a load lasts."""


class Identities(Protocol):
    """Gives the tokens of a worker's Rodents."""

    def token(self, number: int) -> str:
        """The token of a Rodent of this worker, counted from 0 on.

        Raises:
            ValueError: There is none for it.
        """


class SignedIdentities:
    """Tokens that are signed here; the ids are ``load-WORKER-NUMBER``.

    Args:
        worker: The number of the worker.
        algorithm: How they are signed: HS256, RS256 or ES256.
        key: The secret, or the private key as PEM; None for one that nobody else knows, which a
            Toggle takes that does not look at signatures.
    """

    def __init__(self, worker: int, algorithm: str, key: bytes | None) -> None:
        self._worker = worker
        self._tokens = Tokens(algorithm=algorithm, key=key)

    def token(self, number: int) -> str:
        """See :meth:`Identities.token`."""
        return self._tokens.issue(rid=f"load-{self._worker}-{number}", expires_in=_EXPIRES_IN)


class GivenIdentities:
    """Tokens of a file, one a line: worker 0 of 3 has the lines 1, 4, 7, and so on.

    Args:
        file: The file.
        worker: The number of the worker.
        workers: How many workers there are.

    Raises:
        OSError: The file cannot be read.
        ValueError: There are fewer workers than the number of this one says.
    """

    def __init__(self, file: Path, worker: int, workers: int) -> None:
        if worker >= workers:
            raise ValueError(
                f"this is worker {worker + 1}, and the tokens of {file} are divided among "
                f"{workers}: say how many there are with --expect-workers"
            )
        self._file = file
        lines = [line.strip() for line in file.read_text("ascii").splitlines() if line.strip()]
        self._tokens = lines[worker::workers]

    def token(self, number: int) -> str:
        """See :meth:`Identities.token`."""
        if number >= len(self._tokens):
            raise ValueError(
                f"{self._file} has {len(self._tokens)} tokens for this worker, and this is its "
                f"Rodent {number + 1}: give it more, or spawn fewer"
            )
        return self._tokens[number]
