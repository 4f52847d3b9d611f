"""``toggle-mock rodents``: simulated Rodents against any Toggle."""

from __future__ import annotations

import math
from pathlib import Path

import click

from toggle_mock.cli.fleet_options import fleet_options
from toggle_mock.cli.options import secret_of
from toggle_mock.clients.fleet import simulate_fleet
from toggle_mock.clients.profiles import Profile
from toggle_mock.interrupts import interrupt_event
from toggle_mock.open_files import allow_many
from toggle_mock.tokens.tokens import Tokens


@click.command()
@click.argument("count", type=click.IntRange(1, 100_000))
@fleet_options("published")
@click.option(
    "--seconds", type=click.FloatRange(0, 1e9), help="End after so long; else when interrupted."
)
def rodents(
    count: int,
    target: str,
    rate: float,
    pace: float,
    profile: Profile,
    seed: int,
    seconds: float | None,
    ca_file: Path | None,
    jwt_algorithm: str,
    jwt_key: Path | None,
) -> None:
    """Run COUNT simulated Rodents: they register, connect, answer commands and emit."""
    allow_many()
    stop = interrupt_event()
    tokens = Tokens(algorithm=jwt_algorithm, key=secret_of(jwt_key))
    roots = ca_file.read_bytes() if ca_file else None
    fleet = simulate_fleet(
        target,
        count,
        jwt=lambda rid: tokens.issue(rid=rid, expires_in=86_400 * 30),
        rate=rate,
        pace=pace,
        profile=profile,
        seed=seed,
        root_certificates=roots,
    )
    with fleet:
        click.echo(f"{count} Rodents report to {target}; interrupt to end")
        stop.wait(math.inf if seconds is None else seconds)
    emitted = sum(rodent.emitted for rodent in fleet.rodents)
    dropped = sum(rodent.dropped for rodent in fleet.rodents)
    click.echo(f"{emitted} events emitted, {dropped} of them given up")
