"""What a simulated Rodent answers, word for word what the published one was seen to answer."""

from __future__ import annotations

import base64
import inspect
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import psutil

from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    CommandRequest,
    CommandResponse,
    ConfigUpdate,
    RodentError,
)
from toggle_mock.errors import ToggleMockError

Command: TypeAlias = Callable[[Any], Any]
"""Answers a command: takes its payload, read as JSON, and returns what is sent back as JSON; may be
async. Raises CommandRejectedError if it fails."""

Service: TypeAlias = Callable[[Mapping[str, Any]], tuple[int, Mapping[str, str], bytes]]
"""Answers a request through ``tunnel.http``: takes ``{service, method, path, query, headers,
body}`` with the body as bytes, and returns status code, headers and body."""

_SYSTEM_STATUS = "system.status"

_BY_TARGET: Mapping[tuple[str, str], str] = {("system", "status"): _SYSTEM_STATUS}
"""Commands that a Rodent takes by target and type as well."""

_MESSAGES: Mapping[str, str] = {_SYSTEM_STATUS: "System status response"}
"""The text beside the payload of an answer, of the commands that have one."""


class CommandRejectedError(ToggleMockError):
    """A command failed; the Rodent answers so.

    Args:
        message: What went wrong.
        code: The Rodent's number for it; 1106 is a request that it does not accept.
        domain: Such as ``SERVER``.
        http_status: The like in HTTP.
        details: What exactly.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 1000,
        domain: str = "SERVER",
        http_status: int = 500,
        details: str = "",
    ) -> None:
        super().__init__(message)
        self.error: Final = RodentError(
            code=code, domain=domain, message=message, details=details, http_status=http_status
        )


def invalid(details: str) -> CommandRejectedError:
    """What a Rodent says of a request that it does not accept; the reason is in the details."""
    return CommandRejectedError(
        "Request validation failed", code=1106, http_status=400, details=details
    )


async def response_to(command: CommandRequest, commands: Mapping[str, Command]) -> CommandResponse:
    """The answer to a command.

    Args:
        command: The command.
        commands: Who answers which.
    """
    by_target = (command.target, command.command_type)
    name = _BY_TARGET.get(by_target, command.command_type)
    try:
        result = commands.get(name, _unknown(name))(
            json.loads(command.payload) if command.payload else None
        )
        if inspect.isawaitable(result):
            result = await _awaited(result)
        payload = json.dumps(result).encode()
        return CommandResponse(success=True, message=_MESSAGES.get(name, ""), payload=payload)
    except CommandRejectedError as error:
        return _failure(error)
    except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
        return _failure(CommandRejectedError(f"{type(error).__name__}: {error}"))


def acknowledgement_of(config: ConfigUpdate, request_id: str) -> Acknowledgement:
    """The answer to a config update."""
    message = f"Received config update type: {config.config_type}"
    return Acknowledgement(request_id=request_id, success=True, message=message)


def _unknown(name: str) -> Command:
    def refuse(_payload: object) -> None:
        raise invalid(f"unknown command type {json.dumps(name)}")

    return refuse


def usual_commands(services: Mapping[str, Service]) -> dict[str, Command]:
    """Who answers the commands that each simulated Rodent knows.

    Args:
        services: Its local services by name; looked up when a request comes.
    """

    def tunnel(request: Mapping[str, Any]) -> Mapping[str, Any]:
        name, path = request["service"], request.get("path", "")
        service = services.get(name)
        if service is None:
            raise invalid(f"path {json.dumps(path)} not allowed for service {json.dumps(name)}")
        body = base64.b64decode(request.get("body") or "")
        status_code, headers, content = service({**request, "body": body})
        encoded = base64.b64encode(content).decode()
        return {"status_code": status_code, "headers": dict(headers), "body": encoded}

    return {_SYSTEM_STATUS: _system_status, "tunnel.http": tunnel}


def _system_status(_payload: object) -> Mapping[str, Any]:
    return {
        "status": "healthy",
        "timestamp": int(time.time()),
        "cpu_usage": psutil.cpu_percent(),
        "memory_usage": psutil.virtual_memory().percent,
        "disk_usage": psutil.disk_usage("/").percent,
    }


def _failure(error: CommandRejectedError) -> CommandResponse:
    return CommandResponse(success=False, message=str(error), error=error.error)


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result
