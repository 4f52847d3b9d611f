"""What a case holds of a Toggle: Rodents by hand, tokens right and wrong, and what was stored."""

from __future__ import annotations

import secrets
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self, TypeVar

import grpc

from rodent_events import clock
from rodent_events.config import EventConfig
from rodent_events.errors import ConfigError
from rodent_events.pb.base_pb2 import ToggleRequest
from toggle_mock.contract.rig import Rig
from toggle_mock.contract.settings import ToggleContract
from toggle_mock.contract.story import Story
from toggle_mock.contract.toggle.batches import Batches
from toggle_mock.contract.toggle.caller import CHANNEL_OPTIONS, Caller, bearer
from toggle_mock.contract.toggle.http2 import Http2Connection
from toggle_mock.contract.toggle.observers import Observer, StoredEvent, observer_of, run_shell
from toggle_mock.contract.toggle.stream import Stream
from toggle_mock.contract.toggle.tokens import Identity, TokenMaker
from toggle_mock.contract.verdicts import Breach, Inconclusive
from toggle_mock.dialing import channel
from toggle_mock.errors import ContractError
from toggle_mock.recording.records import Metadata

T = TypeVar("T")

_BETWEEN_LOOKS = 0.05
"""Seconds; the longer it takes until all is there, the rarer are the looks."""

_MOST_BETWEEN_LOOKS = 1.0

_ONE_RODENT = threading.Lock()
"""Held by the case that is the Rodent, where there is but one token for all."""


class ToggleRig(Rig[ToggleContract]):
    """What a case holds of a Toggle, from the case's beginning to its end.

    Args:
        contract: What is said of the Toggle.
        case_id: Of the case that it is for.
        folder: An own empty folder.
        story: Tells what is done.

    Raises:
        ContractError: What is said of the Toggle cannot be.
    """

    def __init__(self, contract: ToggleContract, case_id: str, folder: Path, story: Story) -> None:
        super().__init__(contract, folder, story)
        self.address: Final = address_of(contract)
        """``host:port`` of the Toggle, or ``unix:PATH``."""
        mark = f"{case_id}-{secrets.token_hex(4)}"
        self.who: Final = Identity(f"rodent-{mark}", contract.organization or f"org-{mark}")
        """The Rodent of the case."""
        self.batches: Final = Batches(mark)
        """Makes its events."""
        self.tokens: Final = TokenMaker(contract)
        self._observer: Observer | None = None

    def __enter__(self) -> Self:
        if self.contract.jwt_key is None:
            self._stack.enter_context(_ONE_RODENT)
        return super().__enter__()

    @property
    def output(self) -> dict[str, str]:
        """Nothing: a Toggle is not started here, so nothing is seen of what it prints."""
        return {}

    # Rodents

    def caller(self, number: int = 0) -> Caller:
        """A Rodent by hand, on a connection of its own.

        Args:
            number: 0 is the Rodent of the case; each other number is another one.
        """
        return self.caller_with(self.metadata(number))

    def caller_with(self, metadata: Metadata) -> Caller:
        """One whose calls come with other metadata."""
        made = Caller(self._channel(), metadata, self.patience("answer"), self.story.tell)
        self._stack.callback(made.close)
        return made

    def callers(self, count: int) -> list[Caller]:
        """So many Rodents, the first of them that of the case."""
        return [self.caller(number) for number in range(count)]

    def identity(self, number: int) -> Identity:
        """Who a Rodent of this number is; see :meth:`caller`."""
        return Identity(f"{self.who.rid}-{number}", self.who.sub) if number else self.who

    def metadata(self, number: int = 0) -> Metadata:
        """The metadata of a Rodent's calls; see :meth:`caller`."""
        return bearer(self.tokens.right(self.identity(number)))

    def headers(self) -> dict[str, str]:
        """The same as headers of HTTP, for calls by hand."""
        return {key: value for key, value in self.metadata() if isinstance(value, str)}

    def _channel(self) -> grpc.Channel:
        options = list(CHANNEL_OPTIONS)
        if self.contract.server_name is not None:
            options.append(("grpc.ssl_target_name_override", self.contract.server_name))
        credentials = None
        if self.contract.is_secure:
            credentials = grpc.ssl_channel_credentials(self._roots())
        return channel(self.address, options, credentials)

    def _roots(self) -> bytes | None:
        if self.contract.ca is None:
            return None
        try:
            return Path(self.contract.ca).read_bytes()
        except OSError as error:
            raise ContractError(f"ca is {self.contract.ca}: {error.strerror}") from None

    def http2(
        self, context: ssl.SSLContext | None = None, *, window: int = 65_535
    ) -> Http2Connection:
        """A connection by hand; see :class:`Http2Connection`.

        Args:
            context: That of TLS; None is the usual one, if Toggle speaks TLS.
            window: Bytes that Toggle may send for a call.

        Raises:
            Breach: It does not come about.
        """
        if context is None and self.contract.is_secure:
            context = self.tls_context()
        self.story.tell("Rodent", "connects by hand")
        timeout = self.patience("answer")
        name = self.contract.server_name
        try:
            made = Http2Connection(self.address, context, name, window=window, timeout=timeout)
        except OSError as error:
            raise Breach(f"there is no connection of HTTP/2: {error}") from None
        return self._stack.enter_context(made)

    def half_a_batch(self) -> bytes:
        """The first half of a batch, as gRPC frames a message."""
        batch = self.batches.batch().SerializeToString()
        return b"\x00" + len(batch).to_bytes(4) + batch[: len(batch) // 2]

    def tls_context(self) -> ssl.SSLContext:
        """What a client of TLS trusts and asks for: 1.2 or newer, and HTTP/2."""
        roots = self._roots()
        context = ssl.create_default_context(cadata=roots.decode("ascii") if roots else None)
        context.set_alpn_protocols(["h2"])
        return context

    def revoke(self) -> None:
        """Have the tokens of the case's Rodent revoked.

        Raises:
            Inconclusive: The command for that fails.
        """
        self.story.tell("suite", f"revoke the tokens of {self.who.rid}")
        told = {"RODENT_ID": self.who.rid, "ORGANIZATION_ID": self.who.sub}
        assert self.contract.revoke_command is not None
        try:
            run_shell("revoke_command", self.contract.revoke_command, told)
        except ContractError as error:
            raise Inconclusive(str(error)) from None

    # What Toggle has stored

    def observe(self) -> None:
        """Begin to look at what Toggle stores.

        Raises:
            Inconclusive: It does not show it.
        """
        try:
            self._observer = observer_of(self.contract)
            self._stack.callback(self._observer.close)
            self._observer.begin()
        except ContractError as error:
            raise Inconclusive(str(error)) from None

    def look(self) -> list[StoredEvent]:
        """The events of the case that Toggle shows now, in its order.

        Raises:
            Inconclusive: It does not show them.
        """
        seen = self._events()
        self.story.tell("suite", f"sees {len(seen)} events stored")
        return seen

    def wait_stored(self, count: int) -> list[StoredEvent]:
        """Wait until so many events of the case are stored, or more; returns them.

        Raises:
            Breach: They are not, in the time that is said of it.
            Inconclusive: It does not show them.
        """
        return self._wait(self._events, len, count)

    def wait_counted(self, count: int) -> int:
        """The same, without looking at them; returns how many there are."""
        return self._wait(self._count, int, count)

    def _events(self) -> list[StoredEvent]:
        return self._look(lambda observer: observer.events(self.batches.mark))

    def _count(self) -> int:
        return self._look(lambda observer: observer.count(self.batches.mark))

    def _look(self, look: Callable[[Observer], T]) -> T:
        assert self._observer is not None  # the case has begun to observe
        try:
            return look(self._observer)
        except ContractError as error:
            raise Inconclusive(str(error)) from None

    def _wait(self, look: Callable[[], T], size: Callable[[T], int], count: int) -> T:
        timeout = self.patience("stored")
        end = clock.monotonic() + timeout
        pause, pauses = _BETWEEN_LOOKS, threading.Event()
        while size(seen := look()) < count:
            if clock.monotonic() >= end:
                raise Breach(
                    f"of {count} events that were accepted {size(seen)} are stored {timeout:g} s "
                    "later"
                )
            pauses.wait(pause)
            pause = min(2 * pause, _MOST_BETWEEN_LOOKS)
        self.story.tell("suite", f"sees {size(seen)} events stored")
        return seen

    # Streams

    def heartbeat(self, stream: Stream) -> ToggleRequest:
        """The next heartbeat on a stream.

        Raises:
            Breach: There is none in time.
        """
        return stream.heartbeat(self.patience("heartbeat"))

    def serves(self, stream: Stream) -> None:
        """See that what was said on a stream has done no harm: it ends as any other does.

        When the Rodent has nothing more to say, Toggle has taken all that was said; the stream then
        ends as one does on which nothing was said.

        Raises:
            Breach: It does not.
        """
        stream.must_be_open()
        stream.end()
        status = stream.ended()
        other = self.caller().connect()
        other.end()
        if status is not other.ended():
            raise Breach(
                f"{stream.told}, after what was said on it; one on which nothing was said: "
                f"{other.told}"
            )


def address_of(contract: ToggleContract) -> str:
    """The address of a Toggle, without a scheme.

    Raises:
        ContractError: There is none, or what is said is none.
    """
    try:
        target = EventConfig(target=contract.to or None).target
    except ConfigError as error:
        raise ContractError(f"to is {contract.to!r}: {error}") from None
    if target is None:
        raise ContractError("there is no Toggle to judge: give its address as host:port (to)")
    return target
