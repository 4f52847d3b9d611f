"""All Rodents that have connected or were asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import grpc

from toggle_mock.errors import NotConnectedError
from toggle_mock.recording.records import RecordedCall
from toggle_mock.recording.scope import TIMEOUT, Scope
from toggle_mock.rodents.base import RodentHandles
from toggle_mock.rodents.rodent import Rodent
from toggle_mock.rodents.stream import Ending, Stream


class Rodents(RodentHandles[Rodent]):
    """Those of a server in this process; see :class:`RodentHandles`.

    Args:
        register: All that there are.
        scope: Which of them are meant.
    """

    def __init__(self, register: RodentRegister, scope: Scope) -> None:
        self._register = register
        self._scope = scope

    def __getitem__(self, rid: str) -> Rodent:
        return self._register.get(rid, self._scope.sub)

    def __iter__(self) -> Iterator[str]:
        return iter({rodent.rid for rodent in self._known()})

    def __len__(self) -> int:
        return len({rodent.rid for rodent in self._known()})

    def __contains__(self, rid: object) -> bool:
        return any(rodent.rid == rid for rodent in self._known())

    @property
    def connected(self) -> list[Rodent]:
        """See :attr:`RodentHandles.connected`."""
        return [rodent for rodent in self._known() if rodent.known_connected]

    def wait_connected(self, count: int = 1, timeout: float = TIMEOUT) -> list[Rodent]:
        """See :meth:`RodentHandles.wait_connected`."""
        if not self._register.wait_for(lambda: len(self._open()) >= count, timeout):
            found = self._open()
            raise NotConnectedError(
                f"waited {timeout:g} s for {count} connected rodent(s), there are "
                f"{len(found)}: {', '.join(r.rid for r in found) or 'none'}"
            )
        return self._open()

    def _known(self) -> list[Rodent]:
        self._register.catch_up()
        return self._known_now()

    def _open(self) -> list[Rodent]:
        return [rodent for rodent in self._known_now() if rodent.known_connected]

    def _known_now(self) -> list[Rodent]:
        return [
            rodent
            for rodent in self._register.all()
            if rodent.known_calls
            and self._scope.sub in {None, rodent.sub}
            and self._scope.rid in {None, rodent.rid}
        ]


class RodentRegister:
    """All Rodents that have connected or were asked for."""

    def __init__(self) -> None:
        self.changed: Final = threading.Condition()
        """Notified when a stream is opened or has ended."""
        self._rodents: dict[tuple[str, str], Rodent] = {}
        self._awaited: dict[tuple[str | None, str], Rodent] = {}
        self._expected: dict[int, Rodent] = {}

    def _new(self, rid: str, sub: str) -> Rodent:
        """A Rodent that was not heard of before."""
        return Rodent(rid, sub)

    def catch_up(self) -> None:
        """Wait until all is known that has come by now."""

    def wait_for(self, due: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so of streams, so many seconds at most; whether it is."""
        with self.changed:
            return self.changed.wait_for(due, timeout)

    def all(self) -> list[Rodent]:
        """Those that have connected."""
        with self.changed:
            return list(self._rodents.values())

    def get(self, rid: str, sub: str | None) -> Rodent:
        """A Rodent by its id, whichever its organization unless that is given."""
        with self.changed:
            found = self.find(rid, sub)
            return found or self._awaited.setdefault((sub, rid), self._new(rid, sub or ""))

    def find(self, rid: str, sub: str | None) -> Rodent | None:
        """The same, if it has connected."""
        with self.changed:
            for (own_sub, own_rid), rodent in reversed(self._rodents.items()):
                if own_rid == rid and sub in {None, own_sub}:
                    return rodent
        return None

    def expect(self, call: RecordedCall) -> None:
        """A Connect call has come that may become a Rodent's stream; told before it is recorded.

        So who waits for the call, and then sends something, sends it over the new stream.
        """
        if rodent := self._rodents.get((call.sub, call.rid)):
            self._expected[id(call)] = rodent
            rodent.expect(call)

    def settle(self, call: RecordedCall) -> None:
        """It has become the stream, or will not soon."""
        if rodent := self._expected.pop(id(call), None):
            rodent.settle(call)

    def opened(self, stream: Stream) -> Rodent:
        """A stream was opened; returns its Rodent."""
        rid, sub = stream.call.rid, stream.call.sub
        with self.changed:
            rodent = self._connecting(rid, sub)
            rodent.opened(stream)
            self.changed.notify_all()
        return rodent

    def _connecting(self, rid: str, sub: str) -> Rodent:
        """A Rodent that connects; perhaps somebody has asked for it before its first time."""
        if (known := self._rodents.get((sub, rid))) is not None:
            return known
        awaited = [self._awaited.pop((scope, rid), None) for scope in (sub, None)]
        rodent = next((one for one in awaited if one is not None), None) or self._new(rid, sub)
        rodent.adopted(sub)
        self._rodents[sub, rid] = rodent
        return rodent

    def closed(self, rodent: Rodent, stream: Stream, ending: Ending) -> None:
        """A stream has ended."""
        rodent.closed(stream, ending)
        with self.changed:
            self.changed.notify_all()

    def clear(self, *, unless: Callable[[Mapping[str, object]], bool]) -> None:
        """End the streams of Rodents and forget these, unless it holds for a token of theirs."""
        with self.changed:
            kept = {
                key: rodent
                for key, rodent in self._rodents.items()
                if any(unless(call.claims) for call in rodent.known_calls)
            }
            rodents = [rodent for key, rodent in self._rodents.items() if key not in kept]
            self._rodents = kept
            self._awaited.clear()
        for rodent in rodents:
            rodent.end_streams(Ending(grpc.StatusCode.UNAVAILABLE, "the mock was cleared"))
