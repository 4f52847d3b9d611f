"""The URL of a store: which server, which database, which run; its password is never shown."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SCHEMES = ("postgresql", "postgres")
"""How a URL of PostgreSQL begins."""

MAX_WAITING_MB = 64
"""Megabytes that wait while the server is away, unless the URL says otherwise."""

_LONGEST_NAME = 200
"""Characters in the name of a run."""

# Of what cannot be read nothing is shown: some of it may be of a password.
_UNREADABLE = (
    "the URL of the store cannot be read: write postgresql://USER@HOST:PORT/DATABASE?run=NAME, and "
    "within user, password and values @ as %40, / as %2F, ? as %3F, # as %23"
)


@dataclass(frozen=True)
class StoreUrl:
    """``postgresql://USER@HOST:PORT/DATABASE?run=NAME``; as text it has no password.

    What PostgreSQL itself knows may stand behind the ``?`` too, such as ``sslmode=require``.
    """

    parameters: Mapping[str, str] = field(repr=False)
    """What to connect with, by the names of libpq."""
    run: str | None = None
    """The name of a run; None if none is given."""
    max_waiting_mb: int = MAX_WAITING_MB
    """Megabytes that wait while the server is away."""

    @classmethod
    def of(cls, text: str) -> Self:
        """The URL that a text is.

        Raises:
            ValueError: It is none.
        """
        try:
            parts = urlsplit(text)
        except ValueError:
            raise ValueError(_UNREADABLE) from None
        if parts.scheme not in SCHEMES:
            raise ValueError(f"the URL of a store begins with {SCHEMES[0]}://")
        if "@" in f"{parts.path}{parts.query}{parts.fragment}" or parts.fragment:
            raise ValueError(_UNREADABLE)
        # A plus is one, as in URLs of libpq.
        given = dict(parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True))
        run, waiting = given.pop("run", None), given.pop("buffer_mb", str(MAX_WAITING_MB))
        parameters = {**_of_server(parts.netloc), "dbname": unquote(parts.path[1:]), **given}
        parameters = {key: value for key, value in parameters.items() if value}
        return cls(parameters, None if run is None else _name(run), _megabytes(waiting))

    def begun(self) -> StoreUrl:
        """The same with a run, which has a new name unless it has one."""
        return self if self.run is not None else replace(self, run=new_name())

    @property
    def store(self) -> str:
        """The store without the run, and without a password."""
        known = self.parameters
        user = f"{quote(known['user'])}@" if "user" in known else ""
        return f"{SCHEMES[0]}://{user}{_hosts(known)}/{quote(known.get('dbname', ''))}"

    def __str__(self) -> str:
        return self.store if self.run is None else f"{self.store}?run={quote(self.run)}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self}>"


def is_store_url(text: str) -> bool:
    """Whether a text is meant as the URL of a store, and not as the name of a file."""
    return text.partition(":/")[0] in SCHEMES and ":/" in text


def new_name() -> str:
    """A name for a run that nobody else takes: when, on which machine, a few letters."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return f"{now}-{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(2)}"


def _of_server(netloc: str) -> dict[str, str]:
    who, _, where = netloc.rpartition("@")
    user, _, password = who.partition(":")
    hosts, ports = [], []
    for one in where.split(",") if where else []:
        host, port = _host_and_port(one, quiet=bool(who))
        hosts.append(host)
        ports.append(port)
    return {
        "user": unquote(user),
        "password": unquote(password),
        "host": ",".join(hosts),
        "port": ",".join(ports) if any(ports) else "",
    }


def _host_and_port(text: str, *, quiet: bool) -> tuple[str, str]:
    """Either may be empty; a path is a folder with the server's socket."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    if port and not (port.isdecimal() and 0 < int(port) < 1 << 16):
        shown = "" if quiet else f" {port!r}"
        raise ValueError(f"the port{shown} of the store is none: give a number from 1 to 65535")
    return unquote(host.removeprefix("[").removesuffix("]")), port


def _hosts(known: Mapping[str, str]) -> str:
    hosts = known.get("host", "").split(",")
    ports = known.get("port", "").split(",")
    if len(ports) < len(hosts):
        ports = ports * len(hosts)
    return ",".join(_host(*one) for one in zip(hosts, ports, strict=False))


def _host(host: str, port: str) -> str:
    shown = f"[{host}]" if ":" in host else quote(host, safe="")
    return f"{shown}:{port}" if port else shown


def _name(run: str) -> str:
    if not run or not run.isprintable() or len(run) > _LONGEST_NAME:
        raise ValueError(
            f"run is {run[:_LONGEST_NAME]!r}: give a name of 1 to {_LONGEST_NAME} visible "
            "characters, or leave it out"
        )
    return run


def _megabytes(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1 << 20:
        raise ValueError(f"buffer_mb is {text!r}: give megabytes, from 1 to {1 << 20}")
    return int(text)
