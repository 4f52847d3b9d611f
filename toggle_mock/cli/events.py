"""``toggle-mock events``: the events of a recording that match a query."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import closing

import click

from toggle_mock.assertions.stored import find_stored
from toggle_mock.assertions.view import RecordingView, search
from toggle_mock.cli.options import IN_RECORDING, OUT_RECORDING, schema_option
from toggle_mock.cli.printing import print_line
from toggle_mock.extras import extras
from toggle_mock.interrupts import interrupt_event
from toggle_mock.recording.files import Place, load, save
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Position, Recording
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.recording.text import as_line, as_object

_LOOK = 0.2
"""Seconds between two looks for an interrupt."""


# A query may begin with a minus, which is no option then.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("recording", type=IN_RECORDING, metavar="FILE")
@click.argument("query", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--limit", type=click.IntRange(0), help="Print so many of the latest alone.")
@schema_option
@click.option("--export", type=OUT_RECORDING, help="Write the whole recording in another format.")
@click.option(
    "--follow",
    "is_followed",
    is_flag=True,
    help="Of a run of a store, go on with those that come, until interrupted.",
)
def events(
    recording: Place,
    query: tuple[str, ...],
    as_json: bool,
    limit: int | None,
    schema: str | None,
    export: Place | None,
    is_followed: bool,
) -> None:
    """Print the events of a recording that match QUERY, oldest first.

    FILE is a file, or a run of a store, postgresql://HOST/DATABASE?run=NAME.

    For example: toggle-mock events run.sqlite category:STORAGE -level:INFO 'source:tank/*'
    """
    text = " ".join(query)
    shown: Callable[[RecordedEvent], str] = _as_json if as_json else as_line
    if is_followed:
        _follow(_followable(recording, limit, export), text, schema, shown)
        return
    if isinstance(recording, StoreUrl) and not schema and not export:
        found = find_stored(recording, text, limit=limit)
    else:
        loaded = load(recording)
        if schema:
            loaded.read_under(schema)
        found = RecordingView(loaded).find(text)
        if limit is not None:
            found = found[max(0, len(found) - limit) :]
        if export:
            save(loaded, export)
    for event in found:
        click.echo(shown(event))


def _as_json(event: RecordedEvent) -> str:
    return json.dumps(as_object(event))


def _followable(recording: Place, limit: int | None, export: Place | None) -> StoreUrl:
    """The run to follow.

    Raises:
        UsageError: There is none.
    """
    if export:
        raise click.UsageError("--export writes what there is now: leave out --follow")
    if limit is not None:
        raise click.UsageError("--limit is of what there is now: leave out --follow")
    if not isinstance(recording, StoreUrl):
        raise click.UsageError(
            f"{recording} is a file: --follow needs a run of a store, "
            "postgresql://HOST/DATABASE?run=NAME; what a mock takes up, `toggle-mock serve` prints"
        )
    return recording


def _follow(
    url: StoreUrl, query: str, schema: str | None, shown: Callable[[RecordedEvent], str]
) -> None:
    with extras():  # loaded only where it is asked for
        from toggle_mock.recording.postgres.following import RunFollower

    stop = interrupt_event()
    recording = Recording()
    if schema:
        recording.read_under(schema)
    view, position = RecordingView(recording), Position(0, 0)
    with closing(RunFollower(url, recording, keeps_schema=bool(schema))) as follower:
        while not stop.is_set():
            for _ in follower.read():
                news = recording.read(position)
                position = news.position
                found = search(news.batches, view.checked(query), view.schema)
                if not _printed(map(shown, found)):
                    return
                if stop.is_set():
                    return
            view.checked(query)  # also if there is nothing yet
            follower.wait(_LOOK)


def _printed(lines: Iterable[str]) -> bool:
    """Print lines; False once nobody can read them."""
    return all(map(print_line, lines))
