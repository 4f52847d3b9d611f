"""The man pages of toggle-mock, a page for each command, from what click knows of it.

Written in the macros of groff_man(7). A page has neither date nor version: it changes only when the
command does.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
from command_tree import contexts, option_records, subcommands

SECTION = 1


def pages(command: click.Command) -> dict[str, str]:
    """The text of each page, by the name of its file."""
    return {f"{_page_name(one)}.{SECTION}": _page(one) for one in contexts(command)}


def _page_name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def escaped(text: str) -> str:
    """Text that groff shows as it is, in ASCII; no line of it begins a macro."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    plain = re.sub(r"[^\0-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", plain)
    return re.sub(r"^(?=[.'])", r"\\&", plain, flags=re.MULTILINE)


def _page(context: click.Context) -> str:
    command = context.command
    name = _page_name(context)
    text = inspect.cleandoc(command.help or "")
    summary = " ".join(text.split("\n\n")[0].split()).rstrip(".")
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [
        f'.TH "{escaped(name.upper())}" "{SECTION}" "" "rodent\\-events" "User Commands"',
        ".SH NAME",
        f"{escaped(name)} \\- {escaped(summary)}",
        ".SH SYNOPSIS",
        f"\\fB{escaped(context.command_path)}\\fR {escaped(usage)}",
        ".SH DESCRIPTION",
        *_paragraphs(text),
        *_options(context),
        *_commands(context),
        *_notes(command.epilog or ""),
        *_see_also(context),
    ]
    return "\n".join(parts) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        yield escaped(paragraph.replace("\b\n", ""))


def _notes(epilog: str) -> Iterator[str]:
    if epilog:
        yield ".SH NOTES"
        yield from _paragraphs(inspect.cleandoc(epilog))


def _options(context: click.Context) -> Iterator[str]:
    records = option_records(context)
    if records:
        yield ".SH OPTIONS"
    for names, told in records:
        yield from (".TP", f"\\fB{escaped(names)}\\fR", escaped(told) or "\\&")


def _commands(context: click.Context) -> Iterator[str]:
    found = subcommands(context)
    if found:
        yield ".SH COMMANDS"
    for name, command in found:
        summary = command.get_short_help_str(limit=1000)
        yield from (".TP", f"\\fB{escaped(name)}\\fR", escaped(summary))


def _see_also(context: click.Context) -> Iterator[str]:
    parents = [context.parent] if context.parent else []
    below = [click.Context(one, info_name=n, parent=context) for n, one in subcommands(context)]
    named = [f"\\fB{escaped(_page_name(one))}\\fR({SECTION})" for one in [*parents, *below]]
    if named:
        yield ".SH SEE ALSO"
        yield ",\n".join(named)
