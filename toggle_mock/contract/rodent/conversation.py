"""What Toggle says to a Rodent on its stream, and what it hears."""

from __future__ import annotations

from typing import Final

from rodent_events.pb.base_pb2 import CommandRequest, ConfigUpdate, RodentRequest, ToggleRequest
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.verdicts import Breach
from toggle_mock.rodents.rodent import new_id


def command(
    command_type: str, payload: bytes = b"", *, target: str = "", request_id: str | None = None
) -> ToggleRequest:
    """A command as Toggle sends it.

    Args:
        command_type: Such as ``system.status``.
        payload: What it is sent with.
        target: Whom it is for.
        request_id: Its id; None for a new one.
    """
    asked = CommandRequest(command_type=command_type, payload=payload, target=target)
    return ToggleRequest(request_id=_id(request_id), command=asked)


def status(request_id: str | None = None) -> ToggleRequest:
    """The command ``system.status``, which each Rodent knows."""
    return command("system.status", request_id=request_id)


def config(config_type: str, payload: bytes, *, request_id: str | None = None) -> ToggleRequest:
    """A config update as Toggle sends it."""
    pushed = ConfigUpdate(config_type=config_type, payload=payload)
    return ToggleRequest(request_id=_id(request_id), config=pushed)


def _id(given: str | None) -> str:
    return new_id() if given is None else given


def talk_once(rig: RodentRig) -> None:
    """Have ``system.status`` answered: the stream is open then for both sides.

    Raises:
        Breach: It is not, or there is no stream.
    """
    answer = Conversation(rig).ask(status())
    if not answer.command_response.success:
        raise Breach(f"system.status was answered with {answer}")


class Conversation:
    """The stream that a Rodent has open now, message by message.

    Args:
        rig: Whose Rodent it is; its stream is waited for.

    Raises:
        Breach: It does not connect.
    """

    def __init__(self, rig: RodentRig) -> None:
        self._rig = rig
        self._rodent = rig.connected()
        self.call: Final = self._rodent.calls[-1]
        """The Connect call."""
        self._heard = len(self.call.requests)

    def say(self, *requests: ToggleRequest | bytes) -> None:
        """Send messages, one after the other, without waiting for anything."""
        for request in requests:
            self._rodent.send(request)

    def hear(self, count: int = 1, timeout: float | None = None) -> list[RodentRequest]:
        """Wait for so many messages more from the Rodent; returns them.

        Args:
            count: How many.
            timeout: Seconds; None for as long as an answer may take.

        Raises:
            Breach: They do not come, or the stream ends first.
        """
        wanted = self._heard + count
        try:
            self._rig.until(
                lambda: len(self.call.requests) >= wanted or self._is_over,
                self._rig.patience("answer") if timeout is None else timeout,
                "the rest did not come",
            )
        except Breach as error:
            came = len(self.call.requests) - self._heard
            raise Breach(f"of {count} answers {came} came: {error}") from None
        new = self.call.requests[self._heard : wanted]
        if len(new) < count:
            raise Breach(f"of {count} answers {len(new)} came, then {self._why_over}")
        self._heard = wanted
        return [RodentRequest.FromString(raw) for raw in new]

    @property
    def _is_over(self) -> bool:
        """Whether nothing is said on this stream any more."""
        return self.call.status is not None or self._rodent.calls[-1] is not self.call

    @property
    def _why_over(self) -> str:
        if self.call.status is None:
            return "another stream was opened beside this one"
        return f"the stream ended: {self.call.status} {self.call.details}".strip()

    def ask(self, request: ToggleRequest) -> RodentRequest:
        """Send a message, and wait for the one that answers it.

        Raises:
            Breach: It does not come, or the stream ends first.
        """
        self.say(request)
        return self.hear()[0]

    def the_rest(self) -> list[RodentRequest]:
        """Have two commands answered, one after the other; returns what else came until then.

        Whatever else was to be answered is answered by then.

        Raises:
            Breach: They are not.
        """
        others = []
        for request in (status(), status()):
            self.say(request)
            while (answer := self.hear()[0]).request_id != request.request_id:
                others.append(answer)
        return others
