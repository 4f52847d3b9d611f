"""Rodents as a mock Toggle elsewhere sees them."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote

import grpc

from rodent_events.pb.base_pb2 import Acknowledgement, CommandResponse, ToggleRequest
from toggle_mock.errors import NoReplyError
from toggle_mock.http_api.bodies.base import Done
from toggle_mock.http_api.bodies.calls import Message
from toggle_mock.http_api.bodies.rodents import (
    Acknowledged,
    CommandAnswer,
    CommandSent,
    Disconnect,
    PushConfig,
    Rodents,
    RodentState,
    RodentWithHistory,
    SendCommand,
    SendMessage,
    WaitForAnswer,
    WaitForRodent,
    WaitForRodents,
)
from toggle_mock.http_api.remote_api import RemoteApi
from toggle_mock.recording.records import RecordedCall, RecordedMessage
from toggle_mock.recording.scope import TIMEOUT
from toggle_mock.rodents.base import JsonLike, RodentHandle, RodentHandles, serialized
from toggle_mock.rodents.stream import Reply, UnexpectedMessage

AT_A_TIME = 5.0
"""Seconds that a request waits for an answer which may take any time."""


class RemoteRodents(RodentHandles["RemoteRodent"]):
    """Those of a mock Toggle elsewhere; see :class:`RodentHandles`.

    Args:
        api: Where it is.
        calls: Gives the calls that it has recorded.
    """

    def __init__(self, api: RemoteApi, calls: Callable[[], list[RecordedCall]]) -> None:
        self._api, self._calls = api, calls

    def __getitem__(self, rid: str) -> RemoteRodent:
        return RemoteRodent(self._api, rid, self._calls)

    def __iter__(self) -> Iterator[str]:
        return (one.rid for one in self._known())

    def __len__(self) -> int:
        return len(self._known())

    def __contains__(self, rid: object) -> bool:
        return any(one.rid == rid for one in self._known())

    @property
    def connected(self) -> list[RemoteRodent]:
        """See :attr:`RodentHandles.connected`."""
        return [self[one.rid] for one in self._known() if one.connected]

    def wait_connected(self, count: int = 1, timeout: float = TIMEOUT) -> list[RemoteRodent]:
        """See :meth:`RodentHandles.wait_connected`."""
        body = WaitForRodents(count=count, timeout=timeout)
        answer = self._api.post("/connected/wait", body, Rodents, timeout)
        return [self[one.rid] for one in answer.rodents]

    def _known(self) -> list[RodentState]:
        return self._api.get("/rodents", Rodents).rodents


class RemoteRodent(RodentHandle):
    """A Rodent as the Toggle elsewhere sees it; see :class:`RodentHandle`."""

    def __init__(self, api: RemoteApi, rid: str, calls: Callable[[], list[RecordedCall]]) -> None:
        super().__init__(rid)
        self._api, self._calls = api, calls
        self._path = f"/rodents/{quote(rid, safe='')}"

    @property
    def sub(self) -> str:
        """See :attr:`RodentHandle.sub`."""
        return self._state().sub

    @property
    def connected(self) -> bool:
        """See :attr:`RodentHandle.connected`."""
        return self._state().connected

    @property
    def calls(self) -> list[RecordedCall]:
        """See :attr:`RodentHandle.calls`."""
        numbers = set(self._state().calls)
        return [call for call in self._calls() if call.number in numbers]

    @property
    def history(self) -> list[RecordedMessage]:
        """See :attr:`RodentHandle.history`."""
        return [_recorded(message) for message in self._state().history]

    @property
    def unexpected_messages(self) -> list[UnexpectedMessage]:
        """See :attr:`RodentHandle.unexpected_messages`."""
        found = self._state().unexpected
        return [UnexpectedMessage(_recorded(message), message.reason) for message in found]

    def wait_connected(self, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.wait_connected`."""
        self._wait(WaitForRodent(connected=True, timeout=timeout))

    def wait_disconnected(self, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.wait_disconnected`."""
        self._wait(WaitForRodent(connected=False, timeout=timeout))

    def start_command(
        self,
        command_type: str,
        payload: JsonLike = None,
        *,
        target: str = "",
        timeout: float = TIMEOUT,
    ) -> concurrent.futures.Future[Reply]:
        """See :meth:`RodentHandle.start_command`."""
        body = SendCommand(
            type=command_type, raw_payload=serialized(payload), target=target, timeout=timeout
        )
        sent = self._api.post(f"{self._path}/commands", body, CommandSent, timeout)
        future: concurrent.futures.Future[Reply] = concurrent.futures.Future()
        threading.Thread(
            target=self._await, args=(sent.command, future), name="toggle-command", daemon=True
        ).start()
        return future

    def send(self, message: ToggleRequest | bytes, *, timeout: float = TIMEOUT) -> None:
        """See :meth:`RodentHandle.send`."""
        raw = message if isinstance(message, bytes) else message.SerializeToString()
        body = SendMessage(raw=raw, timeout=timeout)
        self._api.post(f"{self._path}/send", body, Done, timeout)

    # How

    def _state(self) -> RodentWithHistory:
        return self._api.get(self._path, RodentWithHistory)

    def _wait(self, body: WaitForRodent) -> None:
        self._api.post(f"{self._path}/wait", body, RodentState, body.timeout)

    def _await(self, command: str, future: concurrent.futures.Future[Reply]) -> None:
        """Wait for an answer, until there is one, nobody wants it, or there will be none."""
        body = WaitForAnswer(timeout=AT_A_TIME)
        path = f"{self._path}/commands/{command}/wait"
        while not future.cancelled():
            try:
                reply = _reply(self._api.post(path, body, CommandAnswer, body.timeout))
            except NoReplyError:
                continue
            except Exception as error:  # noqa: BLE001 - whoever asks for the answer gets it
                if future.set_running_or_notify_cancel():
                    future.set_exception(error)
                return
            if future.set_running_or_notify_cancel():
                future.set_result(reply)
            return

    def _command(self, command_type: str, payload: bytes, target: str, timeout: float) -> Reply:
        body = SendCommand(type=command_type, raw_payload=payload, target=target, timeout=timeout)
        return _reply(self._api.post(f"{self._path}/command", body, CommandAnswer, timeout))

    def _push_config(self, config_type: str, payload: bytes, timeout: float) -> Acknowledgement:
        body = PushConfig(type=config_type, raw_payload=payload, timeout=timeout)
        answer = self._api.post(f"{self._path}/config", body, Acknowledged, timeout)
        return Acknowledgement(
            request_id=answer.request_id, success=answer.success, message=answer.message
        )

    def _disconnect(self, status: grpc.StatusCode, details: str) -> None:
        body = Disconnect(status=status.name, details=details)
        self._api.post(f"{self._path}/disconnect", body, Done)


def _recorded(message: Message) -> RecordedMessage:
    return RecordedMessage("Connect", message.raw, message.sent, message.at)


def _reply(answer: CommandAnswer) -> Reply:
    return Reply(CommandResponse.FromString(answer.raw), answer.request_id)
