"""Calls made by hand."""

import threading

import grpc

from rodent_events import CommandResponse, RodentRequest, ToggleRequest
from rodent_events.pb.base_pb2_grpc import RodentServiceStub
from toggle_mock import ToggleServer


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a call with a token."""
    return (("authorization", f"Bearer {token}"),)


class RawRodent:
    """A Rodent that says what it is told to say."""

    def __init__(self, toggle: ToggleServer, rid: str = "raw", token: str | None = None) -> None:
        self._channel = grpc.insecure_channel(toggle.address)
        self._answers: list[RodentRequest | None] = []
        self._ready = threading.Condition()
        metadata = bearer(token or toggle.jwt(rid=rid))
        self.stream = RodentServiceStub(self._channel).Connect(self._requests(), metadata=metadata)

    def _requests(self):
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._answers)
                answer = self._answers.pop(0)
            if answer is None:
                return
            yield answer

    def send(self, answer: RodentRequest | None) -> None:
        with self._ready:
            self._answers.append(answer)
            self._ready.notify()

    def answer(self, request: ToggleRequest) -> None:
        """Say that a command has succeeded."""
        response = CommandResponse(request_id=request.request_id, success=True)
        self.send(RodentRequest(request_id=request.request_id, command_response=response))

    def close(self) -> None:
        self.send(None)
        self._channel.close()
