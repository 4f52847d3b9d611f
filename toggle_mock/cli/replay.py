"""``toggle-mock replay``: a recording sent to a Toggle, and its answers compared."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from toggle_mock.cli.options import IN_FILE, IN_RECORDING
from toggle_mock.clients.replay import replay as send_again
from toggle_mock.recording.files import Place, load
from toggle_mock.recording.text import printable


@click.command()
@click.argument("recording", type=IN_RECORDING, metavar="FILE")
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Toggle's address.")
@click.option("--jwt-file", type=IN_FILE, help="File with the token; else RODENT_EVENTS_JWT.")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    help="How much faster than recorded; without it, as fast as it goes.",
)
@click.option("--ca-file", type=IN_FILE, help="Root certificate, if Toggle speaks TLS.")
def replay(
    recording: Place,
    target: str,
    jwt_file: Path | None,
    speed: float | None,
    ca_file: Path | None,
) -> None:
    """Send the recorded calls to a Toggle, and compare its answers with the recorded ones.

    FILE is a file, or a run of a store, postgresql://HOST/DATABASE?run=NAME. The exit code is 1
    if one differs.
    """
    calls = load(recording).calls
    roots = ca_file.read_bytes() if ca_file else None
    jwt = _token(jwt_file)
    sent = differing = 0
    for result in send_again(calls, target, jwt, speed=speed, root_certificates=roots):
        sent += 1
        if not result.agrees:
            differing += 1
            line = f"call {result.call.number} {result.call.method}: recorded {result.recorded}"
            click.echo(printable(f"{line}, got {result.got} {result.got.details}"))
    click.echo(f"{sent} calls sent, {differing} answers differ.")
    if differing:
        sys.exit(1)


def _token(path: Path | None) -> str:
    token = path.read_text("ascii").strip() if path else os.environ.get("RODENT_EVENTS_JWT", "")
    if not token:
        raise click.ClickException("there is no token: give --jwt-file or set RODENT_EVENTS_JWT")
    return token
