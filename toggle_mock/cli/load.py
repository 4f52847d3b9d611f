"""``toggle-mock load``: a fleet of Rodents by Locust, and what became of their events."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import click

from toggle_mock.address import LOOPBACK
from toggle_mock.cli.fleet_options import fleet_options
from toggle_mock.cli.options import IN_FILE, OUT_FILE
from toggle_mock.errors import MissingExtraError
from toggle_mock.locust.oracle import Oracle
from toggle_mock.locust.pools import MIXES
from toggle_mock.locust.shapes import SHAPES

_LOCUSTFILE = Path(__file__).parents[1] / "locust" / "locustfile.py"


@click.command(context_settings={"ignore_unknown_options": True})
@fleet_options("guarantees")
@click.option(
    "--rodents",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    help="How many Rodents.",
)
@click.option(
    "--time",
    "seconds",
    type=click.FloatRange(1, 1e9),
    default=60.0,
    show_default=True,
    help="Seconds that it lasts; a cycle of the shape too.",
)
@click.option(
    "--spawn-rate",
    type=click.FloatRange(0, 1e6, min_open=True),
    default=100.0,
    show_default=True,
    help="Rodents a second that begin.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 1000),
    help="Workers on this machine; without it, no more than one process of Locust.",
)
@click.option(
    "--shape",
    type=click.Choice([*SHAPES]),
    default="steady",
    show_default=True,
    help="How the load changes over time.",
)
@click.option(
    "--mix",
    type=click.Choice([*MIXES]),
    default="usual",
    show_default=True,
    help="Which payloads are emitted.",
)
@click.option("--observe", metavar="URL", help="The HTTP API that shows what has arrived.")
@click.option(
    "--settle",
    type=click.FloatRange(0, 1e6),
    default=30.0,
    show_default=True,
    help="Seconds until all that waits is sent, and to be seen, in the end.",
)
@click.option("--report", type=OUT_FILE, help="Write what was found to this file, as JSON.")
@click.option("--jwt-tokens", type=IN_FILE, help="File with tokens, one a line, not a key.")
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTION …]")
def load(
    target: str,
    rodents: int,
    seconds: float,
    spawn_rate: float,
    processes: int | None,
    observe: str | None,
    more: tuple[str, ...],
    **said: object,
) -> None:
    """Run many Rodents against a Toggle for a while, by Locust without its page.

    What follows -- is for Locust, such as --csv PREFIX. The exit code is 0 if all events that were
    emitted have arrived, and 1 if not; without --observe it is Locust's, 1 if a call has failed.
    """
    if find_spec("locust") is None:
        raise MissingExtraError(
            "locust is not installed, which this needs: pip install 'rodent-events[load]'"
        )
    if observe is not None:
        _check(observe)
    shown = {
        "host": target,
        "users": rodents,
        "spawn-rate": spawn_rate,
        "run-time": f"{seconds:.0f}s",
        "cycle": seconds,
        "observe": observe,
    }
    named = {_OF_LOCUST.get(name, name.replace("_", "-")): value for name, value in said.items()}
    options = [f"--{name}={value}" for name, value in (shown | named).items() if value is not None]
    if processes is not None:
        port = _free_port()
        options += [f"--processes={processes}", f"--master-bind-port={port}"]
        options += [f"--master-port={port}", f"--master-bind-host={LOOPBACK}"]
    command = [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(_LOCUSTFILE),
        "--headless",
        *options,
        *more,
    ]
    os.execv(sys.executable, command)  # noqa: S606 - signals and the exit code are Locust's


_OF_LOCUST = {"rate": "rodent-rate", "pace": "rodent-pace", "profile": "rodent-profile"}
"""What some options are called there."""


def _free_port() -> int:
    """A port for this run's master, so that several can run on a machine."""
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        port: int = free.getsockname()[1]
        return port


def _check(url: str) -> None:
    with closing(Oracle(url, 0)) as oracle:
        oracle.check()
