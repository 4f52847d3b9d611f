"""Whose something is, by what its token claims."""

from __future__ import annotations

from collections.abc import Mapping


class OfToken:
    """What has come with a token, or without one."""

    __slots__ = ()

    claims: Mapping[str, object]
    """What the token claims; empty if there was none that could be read."""

    @property
    def rid(self) -> str:
        """The Rodent's id; empty without a token."""
        return str(self.claims.get("rid", ""))

    @property
    def sub(self) -> str:
        """The organization's id; empty without a token."""
        return str(self.claims.get("sub", ""))
