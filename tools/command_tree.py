"""The commands of toggle-mock and their options, as click knows them, for pages made of them."""

from __future__ import annotations

from collections.abc import Iterator

import click

PROGRAM = "toggle-mock"


def contexts(command: click.Command) -> Iterator[click.Context]:
    """That of a command, and those of the commands below it."""
    yield from _with_those_below(click.Context(command, info_name=PROGRAM))


def _with_those_below(context: click.Context) -> Iterator[click.Context]:
    yield context
    for name, command in subcommands(context):
        yield from _with_those_below(click.Context(command, info_name=name, parent=context))


def subcommands(context: click.Context) -> list[tuple[str, click.Command]]:
    """The commands of a group with their names, but for hidden ones."""
    group = context.command
    if not isinstance(group, click.Group):
        return []
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [(name, one) for name, one in found if one is not None and not one.hidden]


def option_records(context: click.Context) -> list[tuple[str, str]]:
    """Each option as ``--help`` shows it, and what it says of it, in one line."""
    return [
        (record[0], " ".join(record[1].split()))
        for option in context.command.get_params(context)
        if isinstance(option, click.Option) and (record := option.get_help_record(context))
    ]
