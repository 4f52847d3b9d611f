"""Where a face of the mock listens: at a port of a host, or at a socket of the file system."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Container, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

UNIX = "unix:"
"""How the address of a socket of the file system begins, here as in gRPC."""

LOOPBACK = "127.0.0.1"

_NAME = re.compile(r"(\*\.)?\w[\w-]*(\.\w[\w-]*)*\.?")

_BACKLOG = 2048
"""Connections that may wait to be taken."""

_LOOKS, _PAUSE = 100, 0.01
"""So often, with such pauses in seconds, an address is tried that was left just now."""

_PATIENCE = 1.0
"""Seconds for a server to take a connection; one that is busy for longer is one too."""


@dataclass(frozen=True)
class Address:
    """A port of a host, or the path of a socket."""

    host: str = LOOPBACK
    """A name or an address, that of IPv6 without brackets; empty for a path."""
    port: int = 0
    """0 before a free one was taken, and for a path."""
    path: str = ""

    @classmethod
    def of(cls, host: str, port: int = 0) -> Address:
        """The address that a host, as users write it, and a port say.

        Args:
            host: A name, an address, one of IPv6 perhaps in brackets, or ``unix:PATH``.
            port: The port; 0 takes a free one.

        Raises:
            ValueError: There can be no such address.
        """
        if host.startswith(UNIX):
            return cls._of_path(host.removeprefix(UNIX).removeprefix("//"), port)
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not bare or bare != bare.strip() or "/" in bare:
            raise ValueError(f"{host!r} is no host: give a name, an address or unix:PATH")
        if ":" in bare and _ip(bare) is None:
            raise ValueError(f"{host!r} is no address of IPv6: a port is given apart from the host")
        return cls(bare, port)

    @classmethod
    def from_target(cls, target: str) -> Address:
        """The address that :meth:`__str__` has given."""
        if target.startswith(UNIX):
            return cls.of(target)
        host, _, port = target.rpartition(":")
        return cls.of(host, int(port))

    @classmethod
    def _of_path(cls, path: str, port: int) -> Address:
        if not path or "\0" in path:
            raise ValueError("unix: needs the path of a socket")
        if port:
            raise ValueError(f"a socket has no port: give unix:{path} without {port}")
        return cls("", 0, path)

    def __str__(self) -> str:
        """As clients have it for a target."""
        if self.path:
            return f"{UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def at(self, port: int) -> Address:
        """The same with a port; a path has none."""
        return self if self.path else replace(self, port=port)

    def sibling(self) -> Address:
        """Another one of the same kind that nobody has, of the same host or in the same folder."""
        path = f"{self.path}.{secrets.token_hex(4)}" if self.path else ""
        return Address(self.host, 0, path)

    @property
    def is_everywhere(self) -> bool:
        """Whether all addresses of the machine are meant."""
        found = _ip(self.host)
        return found is not None and found.is_unspecified

    def reached_by(self, host: str) -> Address:
        """The same for a client, which reaches by that host who listens at all addresses."""
        return replace(self, host=host) if self.is_everywhere else self

    @property
    def is_of_this_machine(self) -> bool:
        """Whether no other machine gets there."""
        found = _ip(self.host)
        return bool(self.path) or self.host == "localhost" or bool(found and found.is_loopback)

    def listening(self) -> socket.socket:
        """A socket that listens here.

        Raises:
            OSError: It cannot.
        """
        listener = self.reserved()
        listener.listen(_BACKLOG)
        return listener

    def reserved(self) -> socket.socket:
        """A socket that keeps this from others; who connects to it is refused.

        Raises:
            OSError: Others have it, or it cannot be had.
        """
        if self.path:
            self.make_way()
            return _bound(_PathSocket(), self.path)
        family, address = self._resolved()
        # asyncio has what it accepts write without delay only if the protocol is said.
        reserved = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:  # [::] has those of IPv4 too, as gRPC understands it
            only = not self.is_everywhere
            reserved.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        return _bound(reserved, address)

    async def reserved_again(self) -> socket.socket:
        """:meth:`reserved`, where somebody here has just stopped listening.

        A process that another thread is starting has that listener too, until it becomes the other
        program: for some milliseconds, or longer on a busy machine.

        Raises:
            OSError: As there.
        """
        for _ in range(_LOOKS):
            try:
                return self.reserved()
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            await asyncio.sleep(_PAUSE)
        return self.reserved()

    def _resolved(self) -> tuple[int, tuple[object, ...]]:
        """Family and address; of a name that has several, that of IPv4."""
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        return family, address

    def make_way(self) -> None:
        """Remove the socket that a server which has ended has left at the path.

        Raises:
            OSError: A server listens there, or it is no socket.
        """
        path = Path(self.path)
        if not self.path or not path.exists():
            return
        if not path.is_socket():
            raise FileExistsError(errno.EEXIST, "it is no socket", self.path)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_PATIENCE)
            try:
                probe.connect(self.path)
            except ConnectionRefusedError:
                path.unlink()
                return
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE), self.path)


class _PathSocket(socket.socket):
    """A socket of the file system, which takes its path along when it is closed."""

    def __init__(self) -> None:
        super().__init__(socket.AF_UNIX)
        self._made: tuple[Path, int] | None = None

    def bind(self, address: object, /) -> None:
        """See :meth:`socket.socket.bind`."""
        super().bind(str(address))
        path = Path(str(address))
        self._made = path, path.stat().st_ino

    def close(self) -> None:
        """See :meth:`socket.socket.close`."""
        made, self._made = self._made, None
        if made is not None:
            path, number = made
            with suppress(FileNotFoundError):
                if path.stat().st_ino == number:  # nobody else has put another one there
                    path.unlink()
        super().close()


def http_url(address: str) -> str:
    """The URL for :class:`RemoteToggle` of an address of the HTTP API: ``unix:PATH`` is its own."""
    return address if address.startswith(UNIX) else f"http://{address}"


def checked_names(option: str, names: Iterable[str], special: Container[str] = ()) -> list[str]:
    """Names of hosts, and addresses, in lower case.

    Args:
        option: What they are given for.
        names: The names.
        special: What is allowed too, as it is.

    Raises:
        ValueError: One is no name.
        TypeError: It is a single one.
    """
    if isinstance(names, str):
        raise TypeError(f"{option} is {names!r}: give a list of names")
    wrong = [
        name
        for name in names
        if not (name in special or _NAME.fullmatch(name) or _ip(name) is not None)
    ]
    if wrong:
        raise ValueError(f"{option} has {wrong[0]!r}: give a name such as toggle.example")
    return [name.lower().rstrip(".") for name in names]


def is_ip(host: str) -> bool:
    """Whether it is an address, and no name."""
    return _ip(host) is not None


def _bound(made: socket.socket, address: object) -> socket.socket:
    try:
        made.bind(address)  # type: ignore[arg-type]
    except BaseException:
        made.close()
        raise
    return made


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
