"""The demo: a mock Toggle and the sample agent, side by side, in two processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from rodent_events.config import CATEGORIES
from rodent_events.config import ENVIRONMENT_PREFIX as PREFIX
from toggle_mock.interrupts import on_interrupt
from toggle_mock.recording.records import RecordedEvent
from toggle_mock.recording.text import as_line, json_size
from toggle_mock.server.server import ToggleServer

_ATTENTION = 0.5
"""Seconds that the end of the agent is waited for at a time."""


@click.command()
@click.option("--once", is_flag=True, help="End after one round.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1),
    default=2.0,
    show_default=True,
    help="Seconds between two rounds.",
)
@click.option("--page", is_flag=True, help="Open the page, with five Rodents and an outage.")
@click.option("--no-open", is_flag=True, help="Print the link of the page, and open it nowhere.")
def demo(once: bool, interval: float, page: bool, no_open: bool) -> None:
    """Show real events of this machine on their way to a mock Toggle.

    A sample agent reports what it finds on this machine and what changes while it runs. With --once
    the exit code is 0 only if all that was emitted was recorded. With --page a fleet of simulated
    Rodents reports instead, until interrupted.
    """
    if page:
        from toggle_mock.cli.demo_page import show

        show(open_page=not no_open)
        return
    sys.exit(_run(once=once, interval=interval))


def _run(*, once: bool, interval: float) -> int:
    """Run the demo; 0 only if the mock recorded exactly what the agent emitted."""
    console = Console(highlight=False)
    with ToggleServer() as toggle, tempfile.TemporaryDirectory() as folder:
        console.print(f"Toggle mock at {toggle.address}; the sample agent reports to it.\n")
        agent = _start_agent(toggle, folder, once=once, interval=interval)
        on_interrupt(agent.terminate)
        ended = threading.Event()
        printer = threading.Thread(
            target=_print_events, args=(toggle, console, ended), name="demo-printer"
        )
        printer.start()
        report = _report_of(agent)
        ended.set()
        printer.join()
        if report is None:
            console.print("The agent ended without a report.")
            return 1
        return _conclude(console, toggle.events, report)


def _start_agent(
    toggle: ToggleServer, folder: str, *, once: bool, interval: float
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "toggle_mock.clients.sample_agent", f"--interval={interval}"]
    # What the developer has set for another agent is not for this one.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    environment = {
        **inherited,
        "RODENT_EVENTS_TARGET": toggle.address,
        "RODENT_EVENTS_JWT": toggle.jwt(rid="sample-agent"),
        "RODENT_EVENTS_USE_PROXY": "false",
        "RODENT_EVENTS_EVENTS_DIR": folder,
        "RODENT_EVENTS_ENABLED_CATEGORIES": ",".join(CATEGORIES.values()),
    }
    return subprocess.Popen(
        command + ["--once"] * once, env=environment, stdout=subprocess.PIPE, text=True
    )


def _print_events(toggle: ToggleServer, console: Console, ended: threading.Event) -> None:
    for event in toggle.recording.follow(ended.is_set):
        console.print(as_line(event), markup=False, soft_wrap=True)


def _report_of(agent: subprocess.Popen[str]) -> dict[str, Any] | None:
    """What the agent printed at its end."""
    while True:
        # A signal that comes just before the wait, or to another thread, is seen after it.
        with suppress(subprocess.TimeoutExpired):
            output, _ = agent.communicate(timeout=_ATTENTION)
            lines = output.splitlines()
            return json.loads(lines[-1]) if lines else None


def _conclude(console: Console, events: Sequence[RecordedEvent], report: dict[str, Any]) -> int:
    console.print()
    console.print(_by_category(events))
    console.print(_statistics(report["stats"]))
    emitted, recorded = Counter(report["event_ids"]), Counter(event.event_id for event in events)
    if emitted == recorded and emitted:
        console.print(f"All {len(events)} events that were emitted were recorded, each once.")
        return 0
    missing, extra = emitted - recorded, recorded - emitted
    console.print(f"Not recorded: {missing.total()}. Recorded beyond that: {extra.total()}.")
    return 1


def _by_category(events: Sequence[RecordedEvent]) -> Table:
    table = Table(title="What Toggle recorded", title_justify="left")
    table.add_column("category")
    for column in ("events", "bytes", "as JSON", "ratio"):
        table.add_column(column, justify="right")
    totals: dict[str, list[int]] = {}
    for event in events:
        for name in (event.category, "all"):
            row = totals.setdefault(name, [0, 0, 0])
            row[0] += 1
            row[1] += len(event.raw)
            row[2] += json_size(event)
    for name in sorted(totals, key=lambda name: (name == "all", name)):
        count, size, as_json = totals[name]
        table.add_row(name, str(count), str(size), str(as_json), f"{size / as_json:.2f}")
    return table


def _statistics(stats: dict[str, Any]) -> Table:
    table = Table(title="The agent's statistics", title_justify="left")
    shown = ("emitted", "delivered", "waiting", "filtered", "dropped", "quarantined")
    for name in shown:
        table.add_column(name, justify="right")
    table.add_row(*(str(stats[name]) for name in shown))
    return table
