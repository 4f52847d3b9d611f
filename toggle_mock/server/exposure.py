"""What it means that other machines get to a face of the mock."""

from __future__ import annotations

from collections.abc import Mapping

from toggle_mock.address import Address
from toggle_mock.codes import logger

FACES: Mapping[str, str] = {
    "gRPC": "with a token that it takes, they can report as Rodents",
    "HTTP": "without a password, they can read all that is recorded and change everything",
}
"""What others can do where they reach it."""


def warn(face: str, address: Address) -> None:
    """Log what others can do, if others than this machine get to a face that listens there."""
    if not address.is_of_this_machine:
        logger.warning(
            "%s listens on %s, which other machines may reach: %s", face, address, FACES[face]
        )
