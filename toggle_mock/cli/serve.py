"""``toggle-mock serve``: a mock Toggle that prints each event as it arrives."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from toggle_mock.cli.options import IN_FILE, OUT_FILE, key_options, secret_of
from toggle_mock.cli.scenario import Scenario, needs_relay, read_scenario
from toggle_mock.interrupts import interrupt_event
from toggle_mock.recording.text import as_line, as_object
from toggle_mock.server.server import ToggleServer
from toggle_mock.tokens.tokens import Tokens


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on. 0, the default, takes a free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--http", type=click.IntRange(0, 65535), help="Serve HTTP too, on this port.")
@click.option("--tls", is_flag=True, help="Speak TLS, with a certificate made at the start.")
@click.option("--mtls", is_flag=True, help="Demand certificates of clients too.")
@click.option("--ca-file", type=OUT_FILE, help="Write the root certificate here.")
@key_options
@click.option(
    "--heartbeat",
    type=click.FloatRange(0.01),
    default=30.0,
    show_default=True,
    help="Seconds between two commands system.status to each Rodent.",
)
@click.option("--record", type=OUT_FILE, help="Record to FILE.ndjson, FILE.sqlite or FILE.pb.")
@click.option("--scenario", type=IN_FILE, help="YAML file with faults and commands at times.")
@click.option("--relay", is_flag=True, help="Allow faults of the connection, asked for by HTTP.")
@click.option("--schema", help="Revision, folder of .proto files or descriptor set to read under.")
@click.option("--deduplicate", is_flag=True, help="Show a batch that is sent again only once.")
def serve(
    as_json: bool,
    http: int | None,
    ca_file: Path | None,
    scenario: Path | None,
    jwt_algorithm: str,
    jwt_key: Path | None,
    relay: bool,
    tls: bool,
    mtls: bool,
    **options: Any,
) -> None:
    """Run a mock Toggle until it is interrupted, and print each event as it arrives.

    The first line has the address. Without --jwt-key any well-formed JWT is taken that has not
    expired; `toggle-mock token` makes one.
    """
    stop = interrupt_event()
    steps = read_scenario(scenario) if scenario else []
    toggle = ToggleServer(
        **options,
        tls="mutual" if mtls else tls,
        tokens=Tokens(algorithm=jwt_algorithm, key=secret_of(jwt_key), verify=jwt_key is not None),
        relay=relay or needs_relay(steps),
        http_port=http,
    )
    with toggle:
        if ca_file:
            ca_file.write_bytes(toggle.authority.root)
        _announce(toggle, as_json=as_json)
        running = Scenario(toggle, steps)
        running.start()
        _print_events(toggle, stop.is_set, as_json=as_json)
        running.stop()


def _announce(toggle: ToggleServer, *, as_json: bool) -> None:
    addresses = {"listening": toggle.address}
    if toggle.http_address:
        addresses["http"] = f"http://{toggle.http_address}"
    if as_json:
        _print(json.dumps(addresses))
        return
    _print(f"Toggle mock at {toggle.address}")
    if toggle.http_address:
        _print(f"HTTP at {addresses['http']}")


def _print_events(toggle: ToggleServer, stopped: Callable[[], bool], *, as_json: bool) -> None:
    for event in toggle.recording.follow(stopped, schema=toggle.schema):
        _print(json.dumps(as_object(event)) if as_json else as_line(event))


def _print(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
