"""The command ``toggle-mock``."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toggle_mock.cli.schema import schema
from toggle_mock.cli.spool import spool

if TYPE_CHECKING:
    from toggle_mock.server.server import ToggleServer

F = TypeVar("F", bound=Callable[..., Any])

# Seconds after which a command that waits looks for signals at the latest.
_ATTENTION = 0.5

_IN_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT_FILE = click.Path(dir_okay=False, path_type=Path)


class _Commands(click.Group):
    """Tells what is wrong with a file or a value in one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click's own business
        except (OSError, ValueError, OverflowError, RecursionError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rodent-events")
def main() -> None:
    """A mock Toggle, the control plane that Rodents report their events to."""


def _key_options(command: F) -> F:
    algorithm = click.option(
        "--jwt-algorithm",
        type=click.Choice(["HS256", "RS256", "ES256"]),
        default="HS256",
        show_default=True,
        help="How tokens are signed.",
    )
    key = click.option(
        "--jwt-key",
        type=_IN_FILE,
        help="File with the secret of HS256, or the private key as PEM.",
    )
    return algorithm(key(command))


@main.command()
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
@click.option("--ca-file", type=_OUT_FILE, help="Write the root certificate here.")
@_key_options
@click.option(
    "--heartbeat",
    type=click.FloatRange(0.01),
    default=30.0,
    show_default=True,
    help="Seconds between two commands system.status to each Rodent.",
)
@click.option("--record", type=_OUT_FILE, help="Record to FILE.ndjson, FILE.sqlite or FILE.pb.")
@click.option("--scenario", type=_IN_FILE, help="YAML file with faults and commands at times.")
@click.option("--relay", is_flag=True, help="Allow faults of the connection, asked for by HTTP.")
@click.option("--schema", help="Revision, folder of .proto files or descriptor set to read under.")
@click.option("--deduplicate", is_flag=True, help="Show a batch that is sent again only once.")
def serve(
    as_json: bool,
    http: int | None,
    ca_file: Path | None,
    scenario: Path | None,
    jwt_key: Path | None,
    relay: bool,
    mtls: bool,
    **options: Any,
) -> None:
    """Run a mock Toggle until it is interrupted, and print each event as it arrives.

    The first line has the address. Without --jwt-key any well-formed JWT is taken that has not
    expired; `toggle-mock token` makes one.
    """
    from toggle_mock.cli.scenario import Scenario, needs_relay, read_scenario
    from toggle_mock.server.server import ToggleServer

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    steps = read_scenario(scenario) if scenario else []
    toggle = ToggleServer(
        **options,
        client_certificates=mtls,
        jwt_key=_secret(jwt_key),
        verify_tokens=jwt_key is not None,
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
    from toggle_mock.recording.text import as_line, as_object

    for event in toggle.recording.follow(stopped, schema=toggle.schema):
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
    from toggle_mock.cli import demo as demonstration

    sys.exit(demonstration.run(once=once, interval=interval))


@main.command()
@click.option("--rid", default="rodent-1", show_default=True, help="The Rodent's id.")
@click.option("--sub", default="org-1", show_default=True, help="The organization's id.")
@click.option(
    "--expires-in",
    type=click.FloatRange(-1e10, 1e10),
    default=86_400,
    show_default=True,
    help="Seconds.",
)
@_key_options
def token(rid: str, sub: str, expires_in: float, jwt_algorithm: str, jwt_key: Path | None) -> None:
    """Print a JWT that a mock Toggle takes; one with a key takes those of the same key."""
    from toggle_mock.tokens.tokens import Tokens

    tokens = Tokens(algorithm=jwt_algorithm, key=_secret(jwt_key))
    click.echo(tokens.issue(rid=rid, sub=sub, expires_in=expires_in))


# A query may begin with a minus, which is no option then.
@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("recording", type=_IN_FILE, metavar="FILE")
@click.argument("query", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--schema", help="Revision, folder of .proto files or descriptor set to read under.")
@click.option("--export", type=_OUT_FILE, help="Write the whole recording in another format.")
def events(
    recording: Path,
    query: tuple[str, ...],
    as_json: bool,
    schema: str | None,
    export: Path | None,
) -> None:
    """Print the events of a recording that match QUERY, oldest first.

    For example: toggle-mock events run.sqlite category:STORAGE -level:INFO 'source:tank/*'
    """
    from toggle_mock.assertions.assertions import Questions
    from toggle_mock.recording.files import load, save
    from toggle_mock.recording.scope import Scope
    from toggle_mock.recording.text import as_line, as_object
    from toggle_mock.schema import load_schema

    loaded = load(recording)
    questions = Questions(loaded, Scope())
    questions.schema = load_schema(schema) if schema else None
    found = questions.find(" ".join(query))
    if export:
        save(loaded, export)
    for event in found:
        click.echo(json.dumps(as_object(event)) if as_json else as_line(event))


@main.command()
@click.argument("recording", type=_IN_FILE, metavar="FILE")
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Toggle's address.")
@click.option("--jwt-file", type=_IN_FILE, help="File with the token; else RODENT_EVENTS_JWT.")
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    help="How much faster than recorded; without it, as fast as it goes.",
)
@click.option("--ca-file", type=_IN_FILE, help="Root certificate, if Toggle speaks TLS.")
def replay(
    recording: Path,
    target: str,
    jwt_file: Path | None,
    speed: float | None,
    ca_file: Path | None,
) -> None:
    """Send the recorded calls to a Toggle, and compare its answers with the recorded ones.

    The exit code is 1 if one differs.
    """
    from toggle_mock.clients import replay as replaying
    from toggle_mock.recording.files import load

    calls = load(recording).calls
    roots = ca_file.read_bytes() if ca_file else None
    jwt = _token(jwt_file)
    sent = differing = 0
    for result in replaying.replay(calls, target, jwt, speed=speed, root_certificates=roots):
        sent += 1
        if not result.agrees:
            differing += 1
            line = f"call {result.call.number} {result.call.method}: recorded {result.recorded}"
            click.echo(_printable(f"{line}, got {result.got} {result.got.details}"))
    click.echo(f"{sent} calls sent, {differing} answers differ.")
    if differing:
        sys.exit(1)


@main.command()
@click.argument("count", type=click.IntRange(1, 100_000))
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Toggle's address.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1e6),
    default=1.0,
    show_default=True,
    help="Events a second that each emits.",
)
@click.option(
    "--pace",
    type=click.FloatRange(0, 1e6),
    default=1.0,
    show_default=True,
    help="By what a Rodent's pauses are multiplied.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Makes events repeatable.")
@click.option(
    "--seconds", type=click.FloatRange(0, 1e9), help="End after so long; else when interrupted."
)
@click.option("--ca-file", type=_IN_FILE, help="Root certificate, if Toggle speaks TLS.")
@_key_options
def rodents(
    count: int,
    target: str,
    rate: float,
    pace: float,
    seed: int,
    seconds: float | None,
    ca_file: Path | None,
    jwt_algorithm: str,
    jwt_key: Path | None,
) -> None:
    """Run COUNT simulated Rodents: they register, connect, answer commands and emit."""
    from toggle_mock.clients.fleet import simulate_fleet
    from toggle_mock.tokens.tokens import Tokens

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    tokens = Tokens(algorithm=jwt_algorithm, key=_secret(jwt_key))
    roots = ca_file.read_bytes() if ca_file else None
    fleet = simulate_fleet(
        target,
        count,
        jwt=lambda rid: tokens.issue(rid=rid, expires_in=86_400 * 30),
        rate=rate,
        pace=pace,
        seed=seed,
        root_certificates=roots,
    )
    with fleet:
        click.echo(f"{count} Rodents report to {target}; interrupt to end")
        end = math.inf if seconds is None else time.monotonic() + seconds
        # In short waits: a signal that another thread gets does not end a long one.
        while not stop.is_set() and time.monotonic() < end:
            stop.wait(min(_ATTENTION, max(0.0, end - time.monotonic())))
    emitted = sum(rodent.emitted for rodent in fleet.rodents)
    dropped = sum(rodent.dropped for rodent in fleet.rodents)
    click.echo(f"{emitted} events emitted, {dropped} of them given up")


main.add_command(spool)
main.add_command(schema)


def _secret(path: Path | None) -> bytes | None:
    return path.read_bytes().strip() if path else None


def _token(path: Path | None) -> str:
    import os

    token = path.read_text("ascii").strip() if path else os.environ.get("RODENT_EVENTS_JWT", "")
    if not token:
        raise click.ClickException("there is no token: give --jwt-file or set RODENT_EVENTS_JWT")
    return token


def _print(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()


def _printable(line: str) -> str:
    from toggle_mock.recording.text import printable

    return printable(line)
