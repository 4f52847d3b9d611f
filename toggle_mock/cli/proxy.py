"""``toggle-mock proxy``: a mock in front of a Toggle, which records both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from toggle_mock.cli.options import IN_FILE, from_environment
from toggle_mock.cli.serve import run, serve
from toggle_mock.clients.upstream import Upstream

_OF_A_MOCK = {"heartbeat", "jwt_algorithm", "jwt_key", "replay", "replay_mode"}
"""Options of ``serve`` that say what a mock does of itself."""


@click.command()
@click.option("--to", "target", required=True, metavar="HOST:PORT", help="Toggle's address.")
@click.option("--to-tls", is_flag=True, help="It speaks TLS, as this machine trusts it.")
@click.option("--to-ca", type=IN_FILE, help="Root certificate, if it speaks TLS by another.")
@click.option("--to-cert", type=IN_FILE, help="Certificate that is shown to it, with its chain.")
@click.option("--to-key", type=IN_FILE, help="The private key of that certificate.")
@click.option("--to-name", help="The name that its certificate is for, if not that of --to.")
@click.option("--to-use-proxy", is_flag=True, help="Use a proxy that the environment names.")
def proxy(
    target: str,
    to_tls: bool,
    to_ca: Path | None,
    to_cert: Path | None,
    to_key: Path | None,
    to_name: str | None,
    to_use_proxy: bool,
    **options: Any,
) -> None:
    """Stand in front of a Toggle until interrupted: have it answer, and record both sides.

    Secrets pass, and are not recorded. Faults of a scenario or of HTTP strike between. All other
    options are those of `toggle-mock serve`.
    """
    if (to_cert is None) != (to_key is None):
        raise click.UsageError("--to-cert and --to-key are given together")
    pair = (to_cert.read_bytes(), to_key.read_bytes()) if to_cert and to_key else None
    upstream = Upstream(
        target,
        tls=to_tls,
        root_certificates=to_ca.read_bytes() if to_ca else None,
        certificate=pair,
        server_name=to_name,
        use_proxy=to_use_proxy,
    )
    run(forward_to=upstream, **options)


proxy.params += [option for option in serve.params if option.name not in _OF_A_MOCK]
from_environment(proxy)
