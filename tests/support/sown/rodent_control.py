"""Faults of a Rodent in Register, Connect and what it answers."""

from __future__ import annotations

from support.sown.faults import Fault
from toggle_mock.clients.control_link import ControlLink


def no_register() -> None:
    """It connects without Register."""

    async def register(_self):
        return True

    ControlLink._register = register


def registers_once() -> None:
    """It takes any answer to Register for a success."""
    register = ControlLink._register

    async def once(self):
        await register(self)
        return True

    ControlLink._register = once


FAULTS = {
    "no-register": Fault(
        no_register,
        {
            "register.before-connect": "never Register",
            "register.again": "there were not 3 calls of Register",
        },
    ),
    "registers-once": Fault(
        registers_once, {"register.again": "there were not 3 calls of Register"}
    ),
}
