"""``python -m toggle_mock``, and the entry of the command ``toggle-mock``."""

from __future__ import annotations

import os
import signal
import sys

from toggle_mock.extras import extras, is_missing_extra


def main() -> None:
    """Run the command line; without the extra that it needs, say so."""
    if os.getpid() == 1:  # of a container: what has no handler, the kernel keeps from this process
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        with extras():
            from toggle_mock.cli.main import main as command
    except ImportError as error:
        if not is_missing_extra(error):
            raise
        if sys.argv[1:2] == ["explain"]:  # this very error, or another, to whoever has no click
            sys.exit(_explain(*sys.argv[2:3]))
        from rodent_events.code_table import with_notes

        sys.exit(f"toggle-mock: {with_notes(error)}")
    command(prog_name="toggle-mock")


def _explain(code: str = "") -> str | None:
    from toggle_mock.codes import explained

    try:
        sys.stdout.write(f"{explained(code)}\n")
    except LookupError as error:
        return f"toggle-mock: {error}"
    return None


if __name__ == "__main__":
    main()
