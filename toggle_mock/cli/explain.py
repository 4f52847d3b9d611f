"""``toggle-mock explain``: what the code of an error or of a line of the log means."""

from __future__ import annotations

import click

from toggle_mock.codes import explained


@click.command()
@click.argument("code")
def explain(code: str) -> None:
    """Say what CODE means, such as RE-301, and what helps.

    Errors, warnings and lines of the log have such a code with them. The number alone will do, and
    so will the name of an error.
    """
    try:
        click.echo(explained(code))
    except LookupError as error:
        raise click.ClickException(str(error)) from None
