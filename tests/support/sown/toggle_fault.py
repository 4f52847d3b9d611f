"""What a fault of a Toggle is, and what several of them are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc

from toggle_mock.server.answering import Answer, Asked, OwnAnswers


class Patch(Protocol):
    """Puts something in the place of an attribute, until the Toggle with the fault is gone."""

    def __call__(self, owner: object, name: str, value: object) -> None: ...


def nothing(_patch: Patch) -> None:
    """It is all in the options."""


@dataclass(frozen=True, eq=False)
class ToggleFault:
    """A fault that is sown into a Toggle which is right otherwise."""

    caught_by: Mapping[str, str]
    """All cases that catch it, by their ids, with a part of what they say they have seen; the first
    is about it."""
    sow: Callable[[Patch], None] = nothing
    """Puts it into this process, before the Toggle is made."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Those of ToggleServer that are otherwise than the right ones."""
    without: tuple[str, ...] = ()
    """The features that it has not, by its own word."""
    tls: bool = False
    """Whether it speaks TLS."""
    front: Callable[..., Any] | None = None
    """What stands in front of it: a context manager that takes its port, and gives another one."""


def refuse(status: grpc.StatusCode, details: str = "sown") -> Answer:
    return Answer(b"", status, details)


def answers(patch: Patch, decide: Callable[[Asked], Answer | None]) -> None:
    """Have calls with one request answered otherwise; None is as usual."""
    usual = OwnAnswers.answer

    async def answer(self, asked):
        return decide(asked) or await usual(self, asked)

    patch(OwnAnswers, "answer", answer)


def events_of(asked: Asked) -> list[Any]:
    return list(asked.message.events) if asked.call.method == "SendEvents" else []


def caught(part: str, *case_ids: str) -> dict[str, str]:
    """Cases that catch a fault, all with this part of what they say."""
    return dict.fromkeys(case_ids, part)
