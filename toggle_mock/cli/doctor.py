"""``toggle-mock doctor``: what an agent would see from here."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from toggle_mock.cli.options import IN_FILE


@click.command()
@click.option("--to", "target", metavar="HOST:PORT", help="Toggle's address; https:// means TLS.")
@click.option("--jwt-file", type=IN_FILE, help="File with the token; else RODENT_EVENTS_JWT.")
@click.option("--ca-file", type=IN_FILE, help="Root certificate, if Toggle speaks TLS.")
@click.option("--url", envvar="TOGGLE_MOCK_URL", show_envvar=True, help="HTTP API of a mock.")
@click.option("--timeout", type=click.FloatRange(0.1, 3600), default=5.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(
    target: str | None,
    jwt_file: Path | None,
    ca_file: Path | None,
    url: str | None,
    timeout: float,
    as_json: bool,
) -> None:
    """Look at the way from here to a Toggle as an agent would go it, step by step.

    What is not given is as an agent has it: from the environment and rodent.yml. Each step is ok,
    or it is told what helps. The exit code is 1 if a step fails, 0 if none does.
    """
    from toggle_mock.doctor.examination import examined
    from toggle_mock.doctor.findings import Level, fail, lines

    found = []
    try:
        for one in examined(_settings(target, jwt_file, ca_file), url, timeout):
            found.append(one)
            if not as_json:
                click.echo("\n".join(lines([one])))
    except ValueError as error:
        found.append(fail("settings", str(error), "an agent with these settings does not start"))
        if not as_json:
            click.echo("\n".join(lines(found[-1:])))
    failed = any(one.level is Level.FAIL for one in found)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "steps": [asdict(one) for one in found]}))
    if failed:
        sys.exit(1)


def _settings(target: str | None, jwt_file: Path | None, ca_file: Path | None) -> Any:
    """The agent's settings, with what was given here before all."""
    from rodent_events.config import EventConfig

    given: dict[str, Any] = {"target": target, "jwt_file": jwt_file, "tls_ca_file": ca_file}
    return EventConfig.load(**given)
