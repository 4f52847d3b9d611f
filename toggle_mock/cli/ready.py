"""``toggle-mock ready``: whether a mock answers calls, for scripts and health checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from rodent_events import clock
from toggle_mock.address import LOOPBACK, UNIX, Address, http_url
from toggle_mock.cli.options import OUT_FILE, from_environment
from toggle_mock.errors import RemoteError
from toggle_mock.http_api.remote_api import RemoteApi

_PAUSE = 0.1
"""Seconds between two looks."""

_LEAST, _MOST = 1.0, 5.0
"""Seconds that a mock has to say whether it is ready, however short or long the timeout."""

_NOWHERE = (
    "where is the mock? Give the URL of its HTTP API, such as http://127.0.0.1:8025; or --http "
    "PORT or --ready-file FILE, as serve has it"
)


class _Written(msgspec.Struct):
    """What ``serve --ready-file`` writes, as far as it concerns us."""

    listening: str
    http: str | None = None


@from_environment
@click.command()
@click.argument("url", required=False)
@click.option(
    "--ready-file", type=OUT_FILE, help="File in which serve --ready-file says where it is."
)
@click.option("--http", type=click.IntRange(0, 65535), help="Port of serve --http.")
@click.option(
    "--http-host", default=LOOPBACK, show_default=True, help="Address of serve --http-host."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.0),
    default=0.0,
    show_default=True,
    help="Seconds to wait until it is ready; 0 asks once.",
)
def ready(
    url: str | None, ready_file: Path | None, http: int | None, http_host: str, timeout: float
) -> None:
    """Tell whether the mock whose HTTP API is at URL answers calls.

    Without URL it is found by what serve was given, in the environment too, as in its container; a
    file counts before a port. This ends with 0 once the mock is ready; with 1 if it is not within
    the timeout, and says why; and with 2 if an option is wrong.
    """
    find = _finder(url, ready_file, http, http_host)
    end = clock.monotonic() + timeout
    rest = timeout
    while (problem := _problem(find, min(max(rest, _LEAST), _MOST))) is not None:
        rest = end - clock.monotonic()
        if rest <= 0:
            within = f" within {timeout:g} s" if timeout else ""
            raise click.ClickException(f"not ready{within}: {problem}")
        time.sleep(min(_PAUSE, rest))
    click.echo(f"ready: {find()}")


def _finder(
    url: str | None, ready_file: Path | None, http: int | None, http_host: str
) -> Callable[[], str]:
    """What gives the URL, or raises a FileNotFoundError while that cannot be known.

    Raises:
        UsageError: It will never be known.
    """
    if url is not None:
        return lambda: _checked(url)
    if ready_file is not None:
        return lambda: _written_in(ready_file)
    address = Address.of(http_host, http or 0)
    if not (address.port or address.path):
        raise click.UsageError(_NOWHERE)
    return lambda: _from_here(address)


def _problem(find: Callable[[], str], patience: float) -> str | None:
    """Why the mock is not ready, or does not say so for as many seconds; None if it is."""
    try:
        api = RemoteApi(find())
    except FileNotFoundError as error:
        return f"there is no {error.filename} yet"
    try:
        return api.readiness(patience).reason
    except RemoteError as error:
        return str(error)
    finally:
        api.close()


def _checked(url: str) -> str:
    if not url.startswith(("http://", UNIX)):
        raise click.BadParameter(
            f"{url!r} is no URL of a mock: give http://HOST:PORT, or unix:PATH", param_hint="URL"
        )
    return url


def _written_in(path: Path) -> str:
    data = path.read_bytes()
    try:
        written = msgspec.json.decode(data, type=_Written)
        target = (written.http or "").removeprefix("http://")
        address = Address.from_target(target) if target else None
    except ValueError as error:  # msgspec's too
        problem = f"{path} was not written by serve --ready-file: {error}"
        raise click.ClickException(problem) from error
    if address is None:
        problem = f"the mock at {written.listening} serves no HTTP: start it with --http PORT"
        raise click.ClickException(problem)
    return _from_here(address)


def _from_here(address: Address) -> str:
    return http_url(str(address.reached_by(LOOPBACK)))
