"""``toggle-mock events``: the events of a recording that match a query."""

from __future__ import annotations

import json

import click

from toggle_mock.assertions.stored import find_stored
from toggle_mock.assertions.view import RecordingView
from toggle_mock.cli.options import IN_RECORDING, OUT_RECORDING, schema_option
from toggle_mock.recording.files import Place, load, save
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.text import as_line, as_object


# A query may begin with a minus, which is no option then.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("recording", type=IN_RECORDING, metavar="FILE")
@click.argument("query", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@schema_option
@click.option("--export", type=OUT_RECORDING, help="Write the whole recording in another format.")
def events(
    recording: Place,
    query: tuple[str, ...],
    as_json: bool,
    schema: str | None,
    export: Place | None,
) -> None:
    """Print the events of a recording that match QUERY, oldest first.

    FILE is a file, or a run of a store, postgresql://HOST/DATABASE?run=NAME.

    For example: toggle-mock events run.sqlite category:STORAGE -level:INFO 'source:tank/*'
    """
    text = " ".join(query)
    if isinstance(recording, StoreUrl) and not schema and not export:
        found = find_stored(recording, text)
    else:
        loaded = load(recording)
        if schema:
            loaded.read_under(schema)
        found = RecordingView(loaded).find(text)
        if export:
            save(loaded, export)
    for event in found:
        click.echo(json.dumps(as_object(event)) if as_json else as_line(event))
