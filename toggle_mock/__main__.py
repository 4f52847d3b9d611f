"""``python -m toggle_mock``, and the entry of the command ``toggle-mock``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; without the extra that it needs, say so."""
    try:
        from toggle_mock.cli.main import main as command
    except ModuleNotFoundError as error:
        sys.exit(f"toggle-mock needs {error.name}: install the extra, rodent-events[testing]")
    command(prog_name="toggle-mock")


if __name__ == "__main__":
    main()
