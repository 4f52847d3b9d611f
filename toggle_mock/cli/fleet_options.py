"""What commands take that have simulated Rodents: whom they report to, and what they are like."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import click

from toggle_mock.cli.options import IN_FILE, F, key_options
from toggle_mock.clients.profiles import PROFILES, Profile


def fleet_options(profile: Profile) -> Callable[[F], F]:
    """Add ``--to``, ``--rate``, ``--pace``, ``--profile``, ``--seed``, and those of TLS and tokens.

    Args:
        profile: The one that is usual.
    """
    options = [
        click.option(
            "--to", "target", required=True, metavar="HOST:PORT", help="Toggle's address."
        ),
        click.option(
            "--rate",
            type=click.FloatRange(0, 1e6),
            default=1.0,
            show_default=True,
            help="Events a second that each emits.",
        ),
        click.option(
            "--pace",
            type=click.FloatRange(0, 1e6),
            default=1.0,
            show_default=True,
            help="By what a Rodent's pauses are multiplied.",
        ),
        click.option(
            "--profile",
            type=click.Choice([*PROFILES]),
            default=profile,
            show_default=True,
            help="Whether they lose events and give up dialling as the published Rodent does.",
        ),
        click.option(
            "--seed", type=int, default=0, show_default=True, help="Makes events repeatable."
        ),
        click.option("--ca-file", type=IN_FILE, help="Root certificate, if Toggle speaks TLS."),
        key_options,
    ]
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)
