"""The command ``toggle-mock``."""

from __future__ import annotations

import json
import signal
import sys
import threading

import click

from toggle_mock.server import ToggleServer
from toggle_mock.spool_cli import spool


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rodent-events")
def main() -> None:
    """A mock Toggle, the control plane that Rodents report their events to."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on. 0, the default, takes a free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def serve(host: str, port: int, as_json: bool) -> None:
    """Run a mock Toggle until it is interrupted, and print each event as it arrives.

    The first line has the address. Any well-formed JWT is taken; `toggle-mock token` makes one.
    """
    from toggle_mock.rendering import as_line, as_object

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        toggle = ToggleServer(host=host, port=port).start()
    except OSError as error:
        raise click.ClickException(str(error)) from error
    with toggle:
        first = json.dumps({"listening": toggle.address})
        _print(first if as_json else f"Toggle mock at {toggle.address}")
        for event in toggle.recording.follow(stop.is_set):
            _print(json.dumps(as_object(event)) if as_json else as_line(event))


@main.command()
@click.option("--once", is_flag=True, help="End after one round.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1),
    default=2.0,
    show_default=True,
    help="Seconds between two rounds.",
)
def demo(once: bool, interval: float) -> None:
    """Show real events of this machine on their way to a mock Toggle.

    A sample agent reports what it finds on this machine and what changes while it runs. With --once
    the exit code is 0 only if all that was emitted was recorded.
    """
    from toggle_mock import demo as demonstration

    sys.exit(demonstration.run(once=once, interval=interval))


@main.command()
@click.option("--rid", default="rodent-1", show_default=True, help="The Rodent's id.")
@click.option("--sub", default="org-1", show_default=True, help="The organization's id.")
def token(rid: str, sub: str) -> None:
    """Print a JWT that a mock Toggle takes."""
    click.echo(ToggleServer().jwt(rid=rid, sub=sub))


main.add_command(spool)


def _print(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
