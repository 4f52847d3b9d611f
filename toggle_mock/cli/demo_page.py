"""The demo in the page: five Rodents at work, and an outage now and then."""

from __future__ import annotations

import webbrowser

import click

from toggle_mock.clients.fleet import Fleet
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.interrupts import interrupt_event
from toggle_mock.server.server import ToggleServer

_RODENTS = 5
_RATE = 1.0
"""Events a second, of each."""
_PACE = 0.02
"""Of a Rodent's own pauses, so that batches come each second."""
_QUIET, _OUTAGE = 20.0, 6.0
"""Seconds without, and with, an outage."""


def show(*, open_page: bool) -> None:
    """Run five Rodents against a mock with a page, until interrupted."""
    stop = interrupt_event()
    with ToggleServer(http_port=0, relay=True, heartbeat=2.0) as toggle:
        click.echo(f"Toggle mock at {toggle.address}; {_RODENTS} Rodents report to it.")
        click.echo(f"Page at {toggle.page_url}")
        with fleet(toggle):
            if open_page and toggle.page_url:
                webbrowser.open(toggle.page_url)
            while not stop.wait(_QUIET):
                with toggle.faults.outage():
                    stop.wait(_OUTAGE)


def fleet(toggle: ToggleServer) -> Fleet:
    """The Rodents, which lose nothing whatever happens."""
    rodents = [
        SimulatedRodent(
            toggle.address, toggle.jwt(rid=f"node-{n}"), pace=_PACE, profile="guarantees"
        )
        for n in range(1, _RODENTS + 1)
    ]
    return Fleet(rodents, rate=_RATE, seed=1)
