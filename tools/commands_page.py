"""The page docs/commands.md: all commands of toggle-mock and their options, as in ``--help``."""

from __future__ import annotations

import html
import inspect
from collections.abc import Iterator

import click
from command_tree import contexts, option_records

_BEGINNING = """# Commands

What `toggle-mock` takes, as `--help` and its man pages have it.
[On the command line](mock.md#on-the-command-line) says which command is for what, and how a file or
the environment gives options to `serve`. An agent has a command of its own,
[`python -m rodent_events`](events.md#for-a-bug-report).
"""
_AS_IT_IS = "\b\n"  # before a paragraph whose lines click does not wrap


def page(command: click.Command) -> str:
    """The page of a command and all below it."""
    sections = [part for context in contexts(command) for part in _section(context)]
    return "\n".join([_BEGINNING, *sections]).rstrip("\n") + "\n"


def _section(context: click.Context) -> Iterator[str]:
    usage = " ".join(context.command.collect_usage_pieces(context))
    yield f"## {context.command_path}\n"
    yield f"```text\n{context.command_path} {usage}\n```\n"
    for text in (context.command.help, context.command.epilog):
        yield from _paragraphs(inspect.cleandoc(text or ""))
    options = [record for record in option_records(context) if not record[0].endswith("--help")]
    if options:
        rows = [f"| {_code(names)} | {_escaped(told)} |" for names, told in options]
        yield "\n".join(["| option | what it does |", "|---|---|", *rows, ""])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n") if text else []:
        if paragraph.startswith(_AS_IT_IS):
            yield f"```text\n{paragraph.removeprefix(_AS_IT_IS)}\n```\n"
        else:
            yield _escaped(" ".join(paragraph.split())) + "\n"


def _code(text: str) -> str:
    """Code in a cell; between backticks, | would be the cell's end for some readers of Markdown."""
    return (
        f"<code>{html.escape(text).replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"
    )


def _escaped(text: str) -> str:
    """Text in which nothing is Markdown."""
    for mark in "\\`*_[|":
        text = text.replace(mark, "\\" + mark)
    return text.replace("<", "&lt;")
