"""``toggle-mock view``: a recording in the page, without a server."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import closing, contextmanager

import click

from toggle_mock.address import Address, http_url
from toggle_mock.cli.options import IN_RECORDING, schema_option
from toggle_mock.extras import extras
from toggle_mock.interrupts import Interrupt, interrupt_event
from toggle_mock.loop_thread import LoopThread
from toggle_mock.page import Page
from toggle_mock.recording.files import Place, load, name_of
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording, unlimited
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

    FILE is a file, or a run of a store, postgresql://HOST/DATABASE?run=NAME, of which the page also
    shows what comes meanwhile. It stays as it is. For example: toggle-mock view run.sqlite
    """
    stop = interrupt_event()
    loaded = unlimited()
    if isinstance(recording, StoreUrl):
        if schema:
            loaded.read_under(schema)
        _show_followed(recording, loaded, stop, http, open_page=open_page, keeps=bool(schema))
        return
    load(recording, loaded)
    if schema:
        loaded.read_under(schema)
    with _page(loaded, name_of(recording), http, open_page=open_page):
        stop.wait()


def _show_followed(
    url: StoreUrl,
    recording: Recording,
    stop: Interrupt,
    http: int,
    *,
    open_page: bool,
    keeps: bool,
) -> None:
    with extras():  # loaded only where it is asked for
        from toggle_mock.recording.postgres.following import RunFollower

    with closing(RunFollower(url, recording, keeps_schema=keeps)) as follower:
        all(not stop.is_set() for _ in follower.read())
        with _page(recording, name_of(url), http, open_page=open_page):
            while not stop.is_set():
                all(not stop.is_set() for _ in follower.read())
                follower.wait(_LOOK)


@contextmanager
def _page(recording: Recording, name: str, http: int, *, open_page: bool) -> Iterator[None]:
    """Have a recording in the page until the end of the block."""
    from toggle_mock.http_api.listener import HttpServer

    # It never starts: nobody can report to it, and what is recorded is all that there is.
    toggle = ToggleServer(recording=recording)
    thread = LoopThread("toggle-mock-view")
    server = HttpServer(toggle, Address(port=http), page=Page("read-only", name))
    try:
        thread.call(server.start)
        url = f"{http_url(str(server.address))}/"
        click.echo(f"Page at {url}")
        if open_page:
            webbrowser.open(url)
        yield
        thread.call(server.stop)
    finally:
        thread.end()
