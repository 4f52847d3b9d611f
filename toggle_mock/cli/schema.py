"""``toggle-mock schema``: schemas shown, compared, and checked against each other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from toggle_mock.compat import Report

# 1 and 2 are for errors of the command itself.
_EXIT_CODES = {"NOTE": 3, "WARNING": 4, "ERROR": 5}

_SOURCE = """SCHEMA, OLD and NEW are a published revision such as 2025-12-09, a folder of .proto
files, one such file, a descriptor set, or git:REF:PATH."""


@click.group(epilog=_SOURCE)
def schema() -> None:
    """Show schemas, and check whether they understand each other."""


@schema.command(epilog=_SOURCE)
@click.argument("old")
@click.argument("new")
@click.option(
    "--rules",
    "category",
    type=click.Choice(["WIRE", "WIRE_JSON"]),
    default="WIRE",
    show_default=True,
    help="The rules of buf; with WIRE_JSON, messages are carried as JSON too.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json", "markdown", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print what was found.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to a file, and only a summary here.",
)
@click.option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the keys of findings that are accepted.",
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Accept all that is found: write it to this file.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["note", "warning", "error"]),
    default="warning",
    show_default=True,
    help="The least severity for an exit code other than 0.",
)
@click.option(
    "--examples",
    type=click.IntRange(1, 100_000),
    default=300,
    show_default=True,
    help="Messages drawn of each type that changed.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="KIND=NAME",
    help="Only what is in package=NAME, breaks rule=NAME (or is misread, ignored, ...), or is in "
    "path=NAME; * stands for any text. May be repeated.",
)
@click.option(
    "--ignore", multiple=True, metavar="KIND=NAME", help="Not that; written as for --only."
)
@click.option("--buf", is_flag=True, help="Ask buf itself too, which has to be installed.")
def check(
    old: str,
    new: str,
    category: str,
    style: str,
    output: Path | None,
    baseline: Path | None,
    write_baseline: Path | None,
    fail_on: str,
    examples: int,
    only: tuple[str, ...],
    ignore: tuple[str, ...],
    buf: bool,
) -> None:
    """Find what messages of OLD come to mean under NEW, and the other way.

    Messages are drawn under one schema and read under the other; what is ignored, misread or
    rejected is shown with the smallest example, beside the verdict of buf's rules as we read them.
    Rpcs that changed are tried on a live server. On a terminal, what takes longer than two seconds
    is followed by a count.

    The exit code is 0, or 3 if the worst is a note, 4 a warning, 5 an error; --fail-on sets from
    where on. It is 1 or 2 if the check could not be made.
    """
    from toggle_mock import compat
    from toggle_mock.cli.schema_progress import shown
    from toggle_mock.compat import baseline as accepted
    from toggle_mock.compat.formats import FORMATS, summary
    from toggle_mock.compat.schemas.locations import Locator
    from toggle_mock.schema import load_schema

    schemas = load_schema(old), load_schema(new)
    allow = accepted.read_baseline(baseline) if baseline else []
    with shown() as progress:
        report = compat.check(
            *schemas,
            category=category,
            examples=examples,
            allow=allow,
            buf=buf,
            only=only,
            ignore=ignore,
            progress=progress,
        )
    text = FORMATS[style](report, Locator(*schemas))
    if output:
        output.write_text(text + "\n", "utf-8")
        click.echo(summary(report))
    else:
        click.echo(text)
    if write_baseline:
        accepted.write_baseline(report, write_baseline)
        return
    sys.exit(_exit_code(report, compat.Severity[fail_on.upper()]))


def _exit_code(report: Report, least: int) -> int:
    worst = report.severity
    return 0 if worst is None or worst < least else _EXIT_CODES[worst.name]


@schema.command(epilog=_SOURCE)
@click.argument("old")
@click.argument("new")
def diff(old: str, new: str) -> None:
    """Print what OLD and NEW define otherwise, with - for OLD and + for NEW."""
    from toggle_mock.compat.schemas.listing import difference
    from toggle_mock.schema import load_schema

    for line in difference(load_schema(old), load_schema(new)):
        click.echo(line)


@schema.command(epilog=_SOURCE)
@click.argument("source", metavar="SCHEMA")
@click.argument("name", required=False)
def show(source: str, name: str | None) -> None:
    """Print the messages, enums and rpcs of SCHEMA; only those whose name has NAME in it."""
    from toggle_mock.compat.schemas.listing import listing
    from toggle_mock.schema import load_schema

    found = {
        title: lines
        for title, lines in listing(load_schema(source)).items()
        if (name or "") in title
    }
    if not found:
        raise click.ClickException(f"{source} has nothing whose name has {name!r} in it")
    for title, lines in found.items():
        click.echo(title)
        for line in lines:
            click.echo(f"  {line}")


@schema.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--schema",
    "source",
    help="A published revision, the newest one without this, or a folder of .proto files.",
)
@click.option(
    "--go-package",
    metavar="PATH",
    help="Have each file name its Go package: this import path, and below it the file's folder.",
)
@click.option("--force", is_flag=True, help="Write over files that say something else.")
def export(folder: Path, source: str | None, go_package: str | None, force: bool) -> None:
    """Write the .proto files of a schema into DIR, for protoc or buf and any language."""
    from toggle_mock.cli.proto_files import proto_files, with_go_packages, write_files
    from toggle_mock.schema import REVISIONS

    texts = proto_files(source or REVISIONS[-1])
    if go_package is not None:
        texts = with_go_packages(texts, go_package)
    write_files(texts, folder, replace=force)
    for path in texts:
        click.echo(folder / path)
