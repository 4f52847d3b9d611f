"""The command ``toggle-mock``: finds its subcommands, and tells of errors without a traceback."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

import click

from toggle_mock.extras import extras, is_missing_extra

_COMMANDS = (
    "demo",
    "doctor",
    "events",
    "explain",
    "explore",
    "load",
    "proxy",
    "ready",
    "recordings",
    "replay",
    "rodents",
    "schema",
    "serve",
    "spool",
    "token",
    "verify",
    "view",
)
"""Each is the command of its name in the module of its name beside this one."""


class _Commands(click.Group):
    """Loads a subcommand when it is asked for, with all that it needs."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names of the subcommands."""
        return list(_COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of a name."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"toggle_mock.cli.{cmd_name}")
        return cast("click.Command", getattr(module, cmd_name))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a subcommand; what is wrong with a file or a value is told, with its code."""
        try:
            with extras():
                return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click's own business
        except (OSError, ValueError, OverflowError, RecursionError) as error:
            raise _told(error) from error
        except ImportError as error:
            if not is_missing_extra(error):
                raise
            raise _told(error) from error


def _told(error: Exception) -> click.ClickException:
    from rodent_events.code_table import with_notes

    return click.ClickException(with_notes(error))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rodent-events")
def main() -> None:
    """A mock Toggle, the control plane that Rodents report their events to."""
