"""``toggle-mock spool``: what lies in a folder of an agent, shown, checked and delivered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from rodent_events import ConfigError, EventBus, SpoolError
from rodent_events.disk.files import FolderLockedError
from rodent_events.disk.folder import check_unused
from rodent_events.disk.listing import listed
from rodent_events.disk.segment import Damage, Segment
from toggle_mock.recording.records import RecordedBatch, RecordedCall
from toggle_mock.recording.text import as_line, as_object, printable

FOLDER = click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR"
)


@click.group()
def spool() -> None:
    """Show, check and deliver the events that an agent keeps in DIR."""


@spool.command()
@FOLDER
def ls(folder: Path) -> None:
    """List the files with the events that wait in each."""
    total = 0
    for segment, damage in _segments(folder):
        total += segment.count
        note = f"  damaged: {damage.reason}" if damage else ""
        click.echo(f"{segment.count:>8} events {segment.size:>12} bytes  {_name(segment)}{note}")
    click.echo(f"{total:>8} events wait in {printable(str(folder))}")


@spool.command()
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def cat(folder: Path, as_json: bool) -> None:
    """Print the events that wait, oldest first."""
    for segment, _ in _segments(folder):
        call = RecordedCall("spool", str(segment.path), ())
        for batch in segment.batches():
            for event in RecordedBatch(call, batch.data, batch.count).events:
                click.echo(json.dumps(as_object(event)) if as_json else as_line(event))


@spool.command()
@FOLDER
def verify(folder: Path) -> None:
    """Check all files; the exit code is 1 if one is damaged. Nothing is changed."""
    damaged = 0
    for segment, damage in _segments(folder):
        if damage is not None:
            damaged += 1
            click.echo(f"{_name(segment)}: {damage.reason} ({len(damage.content)} bytes)")
    if damaged:
        raise click.ClickException(f"{damaged} damaged file(s)")
    click.echo("All files are sound.")


@spool.command()
@FOLDER
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Toggle's address.")
@click.option(
    "--jwt-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the token; else the environment variable RODENT_EVENTS_JWT has it.",
)
@click.option("--timeout", type=float, default=60.0, show_default=True, help="Seconds.")
def replay(folder: Path, target: str, jwt_file: Path | None, timeout: float) -> None:
    """Deliver what waits. An agent that uses the folder does so itself."""
    try:
        check_unused(folder)
        bus = EventBus(
            events_dir=folder, require_disk=True, target=target, jwt_file=jwt_file
        ).start()
    except FolderLockedError as error:
        raise click.ClickException(
            f"an agent uses {folder}, and delivers what waits there itself"
        ) from error
    except (ConfigError, SpoolError) as error:
        raise click.ClickException(str(error)) from error
    with bus:
        delivered = bus.flush(timeout)
        stats = bus.get_stats()
    click.echo(f"{stats['delivered']} of {stats['recovered']} events were delivered.")
    if not delivered:
        raise click.ClickException(
            f"{stats['waiting']} events still wait, {stats['quarantined']} are quarantined"
        )


def _segments(folder: Path) -> Iterator[tuple[Segment, Damage | None]]:
    for segment, wrong in listed(folder):
        if isinstance(wrong, OSError):
            click.echo(printable(f"{segment.path.name} cannot be read: {wrong}"), err=True)
        else:
            yield segment, wrong


def _name(segment: Segment) -> str:
    return printable(segment.path.name)
