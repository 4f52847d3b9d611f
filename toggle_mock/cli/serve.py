"""``toggle-mock serve``: a mock Toggle that prints each event as it arrives."""

from __future__ import annotations

import json
import os
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import click

from rodent_events.disk.files import write_atomically
from toggle_mock.address import http_url
from toggle_mock.cli.logs import FORMATTERS, log_to_stderr
from toggle_mock.cli.options import (
    IN_FILE,
    IN_RECORDING,
    OUT_FILE,
    OUT_RECORDING,
    config_option,
    from_environment,
    key_options,
    schema_option,
    secret_of,
)
from toggle_mock.cli.printing import Printer
from toggle_mock.cli.scenario import Scenario, Step, StepType, needs_relay, read_scenario
from toggle_mock.interrupts import interrupt_event
from toggle_mock.open_files import allow_many
from toggle_mock.page import PAGE_MODES, PageMode
from toggle_mock.recording.postgres.url import is_store_url
from toggle_mock.recording.records import Events
from toggle_mock.recording.text import as_line, as_object, refusal_line, refusal_object
from toggle_mock.server.answering import REPLAY_MODES
from toggle_mock.server.server import ToggleServer
from toggle_mock.tokens.tokens import Tokens

_LOOK = 0.2
"""Seconds between two looks for the parent."""

_LAST_LINES = 2.0
"""Seconds that are given, at the end, to who reads what is printed."""


@from_environment
@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on: 0.0.0.0 or :: for all of the machine, or unix:PATH.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on. 0, the default, takes a free one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--http", type=click.IntRange(0, 65535), help="Serve HTTP too, on this port.")
@click.option(
    "--http-host",
    default="127.0.0.1",
    show_default=True,
    help="Address to serve HTTP on, likewise. Whoever reaches it can do everything.",
)
@click.option(
    "--http-allowed-host",
    "http_allowed_hosts",
    metavar="NAME",
    multiple=True,
    help="A name by which HTTP may be asked, besides localhost, --http-host and addresses; * is "
    "any. May be repeated.",
)
@click.option(
    "--page",
    type=click.Choice(PAGE_MODES),
    help="Whether HTTP has a page for people: on, the default, off, or read-only, from which "
    "nothing can be changed. Given, it serves HTTP on a free port unless --http says which.",
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser, likewise.")
@click.option("--tls", is_flag=True, help="Speak TLS, with a certificate made at the start.")
@click.option(
    "--tls-name",
    "tls_names",
    metavar="NAME",
    multiple=True,
    help="A name or an address that its certificate is for, besides --host and loopback. May be "
    "repeated.",
)
@click.option("--mtls", is_flag=True, help="Demand certificates of clients too.")
@click.option("--ca-file", type=OUT_FILE, help="Write the root certificate here.")
@click.option(
    "--client-cert-file",
    type=OUT_FILE,
    help="Write a certificate for clients here, as --mtls demands one.",
)
@click.option("--client-key-file", type=OUT_FILE, help="Write the key of that certificate here.")
@key_options
@click.option(
    "--heartbeat",
    type=click.FloatRange(0.0),
    default=30.0,
    show_default=True,
    help="Seconds between two commands system.status to each Rodent; 0 for none.",
)
@click.option(
    "--record",
    type=OUT_RECORDING,
    help="Record to FILE.ndjson, FILE.sqlite or FILE.pb, or to postgresql://HOST/DATABASE?run=NAME.",
)
@click.option(
    "--record-shared",
    is_flag=True,
    help="Share the run of postgresql://… with other servers that do so: each adds what it takes "
    "up, and has what all have.",
)
@click.option(
    "--record-best-effort",
    is_flag=True,
    help="Answer calls also when that can be written to no more; they are refused otherwise.",
)
@click.option("--scenario", type=IN_FILE, help="YAML file with faults and commands at times.")
@click.option(
    "--fault",
    "faults",
    type=StepType(),
    multiple=True,
    help="A fault as in a scenario, such as '{latency: {seconds: 0.2}}'; may be given again.",
)
@click.option(
    "--relay/--no-relay",
    default=True,
    show_default=True,
    help="Tell of connections that are turned away, and allow faults of the connection.",
)
@schema_option
@click.option(
    "--replay", type=IN_RECORDING, help="Answer as the Toggle did that a file or URL has recorded."
)
@click.option(
    "--replay-mode",
    type=click.Choice(REPLAY_MODES),
    default="strict",
    show_default=True,
    help="Refuse calls that the file has no answer to, or answer them all the same.",
)
@click.option("--deduplicate", is_flag=True, help="Show a batch that is sent again only once.")
@click.option("--quiet", is_flag=True, help="Print the addresses alone.")
@click.option(
    "--ready-file",
    type=OUT_FILE,
    help="Write the addresses here, as JSON, once calls are answered; removed at the end.",
)
@click.option(
    "--log",
    "log_format",
    type=click.Choice(list(FORMATTERS)),
    default="text",
    show_default=True,
    help="How warnings are written to stderr.",
)
@config_option
@click.option("--exit-with-parent", is_flag=True, help="End when whoever started this has ended.")
def serve(jwt_algorithm: str, jwt_key: Path | None, heartbeat: float, **options: Any) -> None:
    """Run a mock Toggle until it is interrupted, and print each event as it arrives.

    Calls and connections that it turns away are printed too, with the reason.

    The first line has the address. Without --jwt-key any well-formed JWT is taken that has not
    expired; `toggle-mock token` makes one. It ends with 0 at SIGINT or SIGTERM, with 1 if it cannot
    begin, for example as the port is taken, and with 2 if an option is wrong.
    """
    tokens = Tokens(algorithm=jwt_algorithm, key=secret_of(jwt_key), verify=jwt_key is not None)
    run(tokens=tokens, heartbeat=heartbeat or None, **options)


def run(
    *,
    as_json: bool,
    http: int | None,
    ca_file: Path | None,
    client_cert_file: Path | None,
    client_key_file: Path | None,
    scenario: Path | None,
    faults: Sequence[Step],
    relay: bool,
    tls: bool,
    mtls: bool,
    quiet: bool,
    ready_file: Path | None,
    exit_with_parent: bool,
    log_format: str,
    page: PageMode | None,
    open_page: bool,
    **options: Any,
) -> None:
    """Run a server until it is interrupted; ``options`` are those that ToggleServer has too."""
    allow_many()
    log_to_stderr(FORMATTERS[log_format])
    stop = interrupt_event()
    steps = [*faults, *(read_scenario(scenario) if scenario else ())]
    try:
        toggle = ToggleServer(
            **options,
            tls="mutual" if mtls else tls,
            relay=relay or needs_relay(steps),
            http_port=_http_port(http, page, open_page=open_page),
            page=page or "on",
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    parent = os.getppid()
    _write_certificates(toggle, ca_file, client_cert_file, client_key_file)
    with toggle:
        news = () if quiet else _news(toggle, stop.is_set, as_json=as_json)
        if open_page and toggle.page_url:
            webbrowser.open(toggle.page_url)
        printer = Printer(chain(_addresses(toggle, as_json=as_json), news))
        if ready_file:
            write_atomically(ready_file, f"{_address_object(toggle)}\n".encode(), sync=False)
        running = Scenario(toggle, steps)
        running.start()
        while not stop.wait(_LOOK):
            if exit_with_parent and os.getppid() != parent:
                break
        stop.set()
        running.stop()
        printer.wait(_LAST_LINES)
        if ready_file:
            ready_file.unlink(missing_ok=True)


def _http_port(port: int | None, page: PageMode | None, *, open_page: bool) -> int | None:
    """The port of HTTP, which a page needs too.

    Raises:
        UsageError: A page is to be opened that there is not.
    """
    if open_page and page == "off":
        raise click.UsageError("--open opens the page: leave out --page off")
    wanted = open_page or page in {"on", "read-only"}
    return 0 if port is None and wanted else port


def _write_certificates(
    toggle: ToggleServer, root: Path | None, client_cert: Path | None, client_key: Path | None
) -> None:
    """Write those that are asked for: clients can have them once they can connect.

    Raises:
        UsageError: There can be none.
    """
    if (client_cert is None) is not (client_key is None):
        raise click.UsageError("give --client-cert-file and --client-key-file together")
    if toggle.root_certificate is None and (root or client_cert):
        raise click.UsageError("there are no certificates without --tls or --mtls")
    if root:
        root.write_bytes(toggle.authority.root)
    if client_cert and client_key:
        toggle.authority.issue("localhost").write_as(client_cert, client_key)


def _addresses(toggle: ToggleServer, *, as_json: bool) -> Iterator[str]:
    if as_json:
        yield _address_object(toggle)
        return
    yield f"Toggle mock at {toggle.address}"
    if toggle.upstream:
        yield f"In front of {toggle.upstream.target}"
    if is_store_url(toggle.recorded_to or ""):  # whose run may have a new name
        yield f"Recording to {toggle.recorded_to}"
    if toggle.http_address:
        yield f"HTTP at {http_url(toggle.http_address)}"
    if toggle.page_url:
        yield f"Page at {toggle.page_url}"


def _address_object(toggle: ToggleServer) -> str:
    addresses = {"listening": toggle.address}
    if toggle.upstream:
        addresses["upstream"] = toggle.upstream.target
    if toggle.recorded_to and is_store_url(toggle.recorded_to):
        addresses["recording"] = toggle.recorded_to
    if toggle.http_address:
        addresses["http"] = http_url(toggle.http_address)
    if toggle.page_url:
        addresses["page"] = toggle.page_url
    return json.dumps(addresses)


def _news(toggle: ToggleServer, stopped: Callable[[], bool], *, as_json: bool) -> Iterator[str]:
    for news in toggle.recording.follow_news(stopped):
        for event in Events(news.batches, toggle.schema):
            yield json.dumps(as_object(event)) if as_json else as_line(event)
        for refusal in news.refusals:
            told = {"refusal": refusal_object(refusal)}
            yield json.dumps(told) if as_json else f"turned away: {refusal_line(refusal)}"
