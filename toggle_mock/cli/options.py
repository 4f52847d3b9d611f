"""What several commands take: files, and the key of tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

IN_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT_FILE = click.Path(dir_okay=False, path_type=Path)


def key_options(command: F) -> F:
    """Add ``--jwt-algorithm`` and ``--jwt-key``."""
    algorithm = click.option(
        "--jwt-algorithm",
        type=click.Choice(["HS256", "RS256", "ES256"]),
        default="HS256",
        show_default=True,
        help="How tokens are signed.",
    )
    key = click.option(
        "--jwt-key",
        type=IN_FILE,
        help="File with the secret of HS256, or the private key as PEM.",
    )
    return algorithm(key(command))


def secret_of(path: Path | None) -> bytes | None:
    """The key in a file; None without one."""
    return path.read_bytes().strip() if path else None
