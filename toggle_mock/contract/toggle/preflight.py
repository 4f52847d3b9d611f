"""Whether a Toggle can be judged at all: it is called once, before all cases."""

from __future__ import annotations

from typing import Any

import grpc

from toggle_mock.contract.cases import Case
from toggle_mock.contract.verdicts import Breach

_NOT_THERE = {
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}


def can_be_judged(rig: Any) -> None:
    """It takes a connection, and answers a call that comes with a right token.

    Raises:
        Breach: It does not.
    """
    rig.http2()  # which says best why there is no connection
    answer = rig.caller().register()
    if answer.status in _NOT_THERE:
        raise Breach(f"{answer}, with a token that should be right: {rig.contract.to}")


PREFLIGHT: Case[Any] = Case(
    "preflight.answers",
    "The Toggle can be judged",
    rule="It takes a connection, and answers Register, with a token that is right; any answer does "
    "but UNAUTHENTICATED, and none at all. It is called once for this, before all cases.",
    source="what verify needs; docs/contract.md tells how it gets its tokens",
    cost="Nothing can be said of it: every case would fail, and none about its rule.",
    judge=can_be_judged,
)
