"""``toggle-mock view``: a recording in the page, without a server."""

from __future__ import annotations

import webbrowser

import click

from toggle_mock.address import Address, http_url
from toggle_mock.cli.options import IN_RECORDING, schema_option
from toggle_mock.interrupts import interrupt_event
from toggle_mock.loop_thread import LoopThread
from toggle_mock.page import Page
from toggle_mock.recording.files import Place, load, name_of
from toggle_mock.server.server import ToggleServer

_LOOK = 0.2
"""Seconds between two looks for an interrupt."""


@click.command()
@click.argument("recording", type=IN_RECORDING, metavar="FILE")
@click.option("--http", type=click.IntRange(0, 65535), default=0, help="Port of the page.")
@click.option("--open/--no-open", "open_page", default=True, help="Open it in a browser.")
@schema_option
def view(recording: Place, http: int, open_page: bool, schema: str | None) -> None:
    """Show a recording in the page that `toggle-mock serve` has, until interrupted.

    FILE is a file, or a run of a store, postgresql://HOST/DATABASE?run=NAME. It stays as it is. For
    example: toggle-mock view run.sqlite
    """
    from toggle_mock.http_api.listener import HttpServer

    loaded = load(recording)
    if schema:
        loaded.read_under(schema)
    # It never starts: nobody can report to it, and what is in the file is all that there is.
    toggle = ToggleServer(recording=loaded)
    page = Page("read-only", name_of(recording))
    stop, thread = interrupt_event(), LoopThread("toggle-mock-view")
    server = HttpServer(toggle, Address(port=http), page=page)
    try:
        thread.call(server.start)
        url = f"{http_url(str(server.address))}/"
        click.echo(f"Page at {url}")
        if open_page:
            webbrowser.open(url)
        while not stop.wait(_LOOK):
            pass
        thread.call(server.stop)
    finally:
        thread.end()
