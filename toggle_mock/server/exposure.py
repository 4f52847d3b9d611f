"""What it means that other machines get to a face of the mock."""

from __future__ import annotations

from collections.abc import Mapping

from toggle_mock.address import Address

FACES: Mapping[str, str] = {
    "gRPC": "with a token that it takes, they can report as Rodents",
    "HTTP": "without a password, they can read all that is recorded and change everything",
}
"""What others can do where they reach it."""


def warning(face: str, address: Address) -> str | None:
    """What is to be told of a face that listens there; None if only this machine gets there."""
    if address.is_of_this_machine:
        return None
    return f"{face} listens on {address}, which other machines may reach: {FACES[face]}"
