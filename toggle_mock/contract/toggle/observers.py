"""What a Toggle has stored, seen from outside: by its HTTP API, or by a command that prints it."""

from __future__ import annotations

import base64
import binascii
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import msgspec
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from rodent_events.pb.events.event_messages_pb2 import Event
from toggle_mock.contract.settings import ToggleContract
from toggle_mock.contract.toggle.batches import MARK
from toggle_mock.dialing import http_client
from toggle_mock.errors import ContractError
from toggle_mock.http_api.remote_api import where
from toggle_mock.wording import shortened

TIMEOUT = 60.0
"""Seconds that a look may take."""

_NONE = "level:TRACE payload:startup"
"""A query for next to nothing, which takes next to no time."""

_ALL = 1_000_000
"""Events that are asked for; no case sends as many."""


@dataclass(frozen=True)
class StoredEvent:
    """An event as Toggle shows it."""

    message: Event
    unknown_fields: Mapping[str, object] = field(default_factory=dict)
    """What it has that the schema does not know, by the path of its numbers, such as ``11.1999``;
    empty where it is not shown."""


class Observer(Protocol):
    """Shows the stored events of a case."""

    def begin(self) -> None:
        """Take note of where the store ends: what is asked for comes after that.

        Raises:
            ContractError: It cannot be asked.
        """

    def events(self, mark: str) -> list[StoredEvent]:
        """The events of this mark, in the order in which Toggle has stored them.

        Raises:
            ContractError: They are not shown, or not as they should be.
        """

    def count(self, mark: str) -> int:
        """How many there are of this mark.

        Raises:
            ContractError: See :meth:`events`.
        """

    def close(self) -> None:
        """Look no more."""


def observer_of(contract: ToggleContract) -> Observer:
    """What shows the events of a Toggle.

    Raises:
        ContractError: Nothing is said of it, or what cannot be.
    """
    if contract.observe is not None:
        return HttpObserver(contract.observe)
    if contract.observe_command is not None:
        return CommandObserver(contract.observe_command)
    raise ContractError("nothing shows what is stored: give observe, or observe_command")


class HttpObserver:
    """Asks an HTTP API such as the mock's: ``GET /api/v1/events?query=…``, as docs/http.md has it.

    Args:
        url: ``http://HOST:PORT``, or ``unix:PATH``.

    Raises:
        ContractError: It is no URL.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            root, path = where(url)
            self._client = http_client(f"{root}/api/v1", timeout=TIMEOUT, path=path)
        except (ValueError, httpx.InvalidURL) as error:
            raise ContractError(f"observe is {url!r}: {error}") from None
        self._after = ""

    def begin(self) -> None:
        """See :meth:`Observer.begin`."""
        self._after = str(self._asked({"query": _NONE, "limit": 0}).get("next", ""))

    def events(self, mark: str) -> list[StoredEvent]:
        """See :meth:`Observer.events`."""
        return [self._event(shown) for shown in self._found(mark, _ALL)["events"]]

    def count(self, mark: str) -> int:
        """See :meth:`Observer.count`."""
        return int(self._found(mark, 0)["total"])

    def close(self) -> None:
        """See :meth:`Observer.close`."""
        self._client.close()

    def _event(self, shown: Mapping[str, Any]) -> StoredEvent:
        message = _message(shown["event"], f"observe at {self._url}")
        return StoredEvent(message, shown.get("unknown_fields", {}))

    def _found(self, mark: str, limit: int) -> dict[str, Any]:
        query = f"metadata.{MARK}:{mark}"
        return self._asked({"query": query, "limit": limit, "after": self._after})

    def _asked(self, asked: dict[str, str | int]) -> dict[str, Any]:
        try:
            response = self._client.get("/events", params=asked)
            body = msgspec.json.decode(response.content)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError) as error:
            raise self._no_api(str(error)) from None
        match body:
            case {"total": int(), "events": [*events]} if all(map(_has_event, events)):
                return dict(body)
            case {"error": str(text)}:
                raise self._no_api(f"{response.status_code}, {text}")
        raise self._no_api(f"{response.status_code}, {shortened(response.text)!r}")

    def _no_api(self, why: str) -> ContractError:
        return ContractError(
            f"observe at {self._url}/api/v1/events does not answer as the mock's HTTP API: {why}"
        )


def _has_event(shown: object) -> bool:
    return isinstance(shown, dict) and isinstance(shown.get("event"), dict)


class CommandObserver:
    """Runs a command of the shell that prints the stored events as JSON lines.

    Args:
        command: This. It finds the mark of the case in ``$SUITE_MARK``, and may print the events
            of others too.
    """

    def __init__(self, command: str) -> None:
        self._command = command

    def begin(self) -> None:
        """See :meth:`Observer.begin`. A command knows no end: it is only tried."""
        run_shell("observe_command", self._command, {"SUITE_MARK": "none"})

    def events(self, mark: str) -> list[StoredEvent]:
        """See :meth:`Observer.events`."""
        lines = enumerate(run_shell("observe_command", self._command, {"SUITE_MARK": mark}), 1)
        events = [self._event(number, line) for number, line in lines if line.strip()]
        return [event for event in events if event.message.metadata.get(MARK) == mark]

    def count(self, mark: str) -> int:
        """See :meth:`Observer.count`."""
        return len(self.events(mark))

    def close(self) -> None:
        """See :meth:`Observer.close`."""

    def _event(self, number: int, line: str) -> StoredEvent:
        where = f"line {number} of observe_command"
        try:
            shown = msgspec.json.decode(line)
        except msgspec.DecodeError:
            raise ContractError(f"{where} is no JSON: {shortened(line)!r}") from None
        match shown:
            case {"raw": str(raw)}:
                return _raw_event(raw, where)
            case dict():
                return StoredEvent(_message(shown, where))
        raise ContractError(f"{where} is no object: {shortened(line)!r}")


def _message(shown: Mapping[str, Any], where: str) -> Event:
    try:
        return ParseDict(dict(shown), Event())
    except ParseError as error:
        raise ContractError(
            f"{where} has an event that is no rodent.events.Event: {error}"
        ) from None


def _raw_event(raw: str, where: str) -> StoredEvent:
    try:
        event = Event.FromString(base64.b64decode(raw, validate=True))
    except (binascii.Error, DecodeError) as error:
        raise ContractError(f"{where} has bytes that are no event: {error}") from None
    fields: Any = UnknownFieldSet(event)
    unknown = {str(each.field_number): each.data for each in fields}
    return StoredEvent(event, unknown)


def run_shell(what: str, line: str, environment: Mapping[str, str]) -> list[str]:
    """Run a command of the shell; returns the lines that it has printed.

    Args:
        what: The setting that names it.
        line: The command.
        environment: What it finds in its environment, besides what is there.

    Raises:
        ContractError: It fails, or does not end in time.
    """
    try:
        done = subprocess.run(  # noqa: S602 - the user's own line
            line,
            shell=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired:
        raise ContractError(f"{what} still runs after {TIMEOUT:g} s: {line}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise ContractError(
            f"{what} has ended with exit code {done.returncode}: {said[-500:] or line}"
        )
    return done.stdout.decode("utf-8", "replace").splitlines()
