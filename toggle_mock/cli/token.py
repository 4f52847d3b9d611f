"""``toggle-mock token``: a JWT that a mock Toggle takes."""

from __future__ import annotations

from pathlib import Path

import click

from toggle_mock.cli.options import key_options, secret_of
from toggle_mock.tokens.tokens import Tokens


@click.command()
@click.option("--rid", default="rodent-1", show_default=True, help="The Rodent's id.")
@click.option("--sub", default="org-1", show_default=True, help="The organization's id.")
@click.option(
    "--expires-in",
    type=click.FloatRange(-1e10, 1e10),
    default=86_400,
    show_default=True,
    help="Seconds.",
)
@key_options
def token(rid: str, sub: str, expires_in: float, jwt_algorithm: str, jwt_key: Path | None) -> None:
    """Print a JWT that a mock Toggle takes; one with a key takes those of the same key."""
    tokens = Tokens(algorithm=jwt_algorithm, key=secret_of(jwt_key))
    click.echo(tokens.issue(rid=rid, sub=sub, expires_in=expires_in))
