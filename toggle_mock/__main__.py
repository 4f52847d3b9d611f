"""``python -m toggle_mock``, and the entry of the command ``toggle-mock``."""

from __future__ import annotations

import os
import signal
import sys

from toggle_mock.errors import MissingExtraError
from toggle_mock.extras import extras


def main() -> None:
    """Run the command line; without the extra that it needs, say so."""
    if os.getpid() == 1:  # of a container: what has no handler, the kernel keeps from this process
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with extras():
            from toggle_mock.cli.main import main as command
    except MissingExtraError as error:
        sys.exit(f"toggle-mock: {error}")
    command(prog_name="toggle-mock")


if __name__ == "__main__":
    main()
