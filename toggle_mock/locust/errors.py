"""What goes wrong with a fleet."""

from __future__ import annotations

from toggle_mock.errors import ToggleMockError


class FleetEndedError(ToggleMockError):
    """The process of a fleet has ended too soon."""
