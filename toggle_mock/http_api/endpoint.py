"""What an endpoint is: a method and a path, and a function whose annotations say the rest."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from msgspec import Struct

from toggle_mock.errors import UnknownIdError
from toggle_mock.http_api.bodies.base import Parameters
from toggle_mock.http_api.errors import http_status


@dataclass(frozen=True)
class Endpoint:
    """One row of the table of endpoints."""

    method: str
    path: str
    """With its parameters in braces, as OpenAPI has it."""
    handler: Callable[..., Any]
    """Does it. It takes ``api`` and, where it needs them, ``given``, what stands in the URL, and
    ``body``; it returns an Answer, or a Response of a type that has a ``media_type``. It is called
    in a thread and may block; if it is a coroutine function, it is called in the event loop and may
    not."""
    raises: tuple[type[Exception], ...] = ()
    """How it can fail, besides by a request that is wrong or for a session that is not there."""

    _hints: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    """What the annotations of the handler are, when the table is made."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hints", get_type_hints(self.handler))

    @property
    def parameters(self) -> type[Struct]:
        """What can stand in its URL."""
        given: type[Struct] = self._hints.get("given", Parameters)
        return given

    @property
    def names_in_path(self) -> list[str]:
        """Those parameters that stand in its path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def body(self) -> Any:
        """The type of what a request can say; None if it says nothing."""
        return self._hints.get("body")

    @property
    def answer(self) -> Any:
        """The type of what it answers."""
        return self._hints["return"]

    @property
    def runs_in_loop(self) -> bool:
        """Whether its handler is called in the event loop."""
        return inspect.iscoroutinefunction(self.handler)

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return inspect.getdoc(self.handler) or ""

    @property
    def failures(self) -> Mapping[int, list[type[Exception]]]:
        """How it can fail, by the status of that."""
        errors: list[type[Exception]] = [ValueError, *self.raises]
        if "session" in self.parameters.__struct_fields__:
            errors.append(UnknownIdError)
        codes = sorted({http_status(error) for error in errors})
        return {
            code: list(dict.fromkeys(one for one in errors if http_status(one) == code))
            for code in codes
        }
