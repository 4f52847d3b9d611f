"""SendEvents over gRPC: the channel, credentials and deadlines; statuses become outcomes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Self, TypeAlias

import grpc
from google.protobuf.message import DecodeError

from rodent_events import clock, own_threads, real_threads, tls, wire
from rodent_events.batch import Batch
from rodent_events.codes import logger
from rodent_events.config import EventConfig
from rodent_events.errors import ConfigError, describe
from rodent_events.pb.base_pb2 import EventBatch, EventBatchResponse
from rodent_events.retry_policy import Outcome, Status
from rodent_events.setting_kinds import SOCKET_SCHEMES
from rodent_events.tokens import TokenError, TokenSource

# Seconds. A server that asks for more has made a mistake.
_LONGEST_RETRY_AFTER = 86_400.0

SEND_EVENTS = "/rodent.RodentService/SendEvents"

CHANNEL_OPTIONS = [
    # Keepalive as the Go Rodent's: a ping each 40 s also without calls, 20 s for its answer.
    ("grpc.keepalive_time_ms", 40_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    # gRPC's core waits for this one, a minute by default, if it is longer.
    ("grpc.http2.ping_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # When a batch is sent again is decided in retry_policy.py alone.
    ("grpc.enable_retries", 0),
    # A restarted server is found again soon, also after an outage of hours.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A server that has moved to another address is found soon; by default a name is looked up once
    # in 30 s at the most.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    # Two buses with the same target have connections of their own.
    ("grpc.use_local_subchannel_pool", 1),
]

WITHOUT_PROXY = [
    ("grpc.enable_http_proxy", 0),
    # The above does not keep gRPC from the one that GRPC_ADDRESS_HTTP_PROXY names for addresses.
    ("grpc.address_http_proxy_enabled_addresses", ""),
]
"""Options of a channel that connects straight, whatever the environment names."""

_Request: TypeAlias = "tuple[bytes, Callable[[Outcome], None]]"

# How gRPC begins to say that it has no connection; nothing else tells this from a server's answer.
_UNKNOWN_NAME = ("errors resolving", "DNS resolution failed")
_UNREACHABLE = ("failed to connect to all addresses", *_UNKNOWN_NAME)

# Seconds after which a name that is not known is looked up anew, by a new channel: a channel's own
# backoff grows up to two minutes.
_LOOK_UP_PAUSE = 1.0

# What gRPC says of an answer that is none of gRPC.
_HTTP_STATUS = re.compile(r"(?:Received http2 header with|unexpected HTTP) status:? (\d+)")
_TOO_LARGE = "413"


class EventClient:
    """Sends batches to Toggle.

    Args:
        config: As for :meth:`EventConfig.load`; ``target`` and ``jwt`` are needed.
        settings: As for :meth:`EventConfig.load`.

    Raises:
        ConfigError: A setting is wrong or missing, or a certificate cannot be read.
    """

    def __init__(
        self, config: EventConfig | Mapping[str, Any] | str | None = None, **settings: Any
    ) -> None:
        self.config: Final = EventConfig.load(config, **settings)
        if self.config.target is None:
            raise ConfigError("target is not set: give Toggle's address as host:port")
        if self.config.jwt is None and self.config.jwt_file is None:
            raise ConfigError(
                "jwt is not set: give the token that Toggle issued for this node, or jwt_file"
            )
        self._certificates = tls.versions(self.config)
        self._channel = _open_channel(self.config)
        self._renews_at = math.inf
        self._had_its_chance = False
        self._timeout = clock.GrpcTimeout(self.config.send_timeout)
        self._tokens = TokenSource(self.config.jwt, self.config.jwt_file, self.config.send_timeout)
        self._requests: SimpleQueue[_Request | None] = real_threads.new_queue()
        self._has_sender = False
        self._calling = real_threads.new_rlock()

    def send_batch(self, batch: Batch | EventBatch | bytes) -> Outcome:
        """Send one batch once, and wait for the outcome.

        Args:
            batch: A frozen batch, an EventBatch message, or the bytes of one.

        Raises:
            TypeError: It is none of these.
        """
        return self._send(_serialized(batch))

    def start(self) -> None:
        """Start the thread for :meth:`start_send` ahead of the first send.

        That may come when the interpreter ends, and Python 3.12.0 to 3.12.2 start no thread then.
        If none can be started now either, the first send tries it again.
        """
        with suppress(RuntimeError):
            self._start_sender()

    def start_send(self, batch: Batch, done: Callable[[Outcome], None]) -> None:
        """Send one batch once, without waiting; not for the token provider either.

        Args:
            batch: A frozen batch.
            done: Called with the outcome, once, from the client's thread.

        Raises:
            RuntimeError: No thread can be started.
        """
        self._start_sender()
        self._requests.put((batch.data, done))

    def _start_sender(self) -> None:
        """Start the thread. A call that blocks one is half the work of one with a callback."""
        if not self._has_sender:
            real_threads.start(self._run_sender, "rodent-events-send")
            self._has_sender = True

    def _run_sender(self) -> None:
        own_threads.enter()
        while (request := self._requests.get()) is not None:
            data, done = request
            try:
                outcome = self._send(data)
            except BaseException as error:  # noqa: BLE001 - the batch must not wait forever
                outcome = cannot_be_made(error)
            done(outcome)

    def _send(self, data: bytes) -> Outcome:
        try:
            metadata = (("authorization", f"Bearer {self._tokens.current()}"),)
            with self._calling:  # who renews the channel ends the calls of others on it
                self._renew_channel()
                send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
                    SEND_EVENTS
                )
                raw = send(data, timeout=self._timeout, metadata=metadata)
            response = EventBatchResponse.FromString(raw)
            self._had_its_chance = True
        except TokenError as error:
            return Outcome(Status.UNAUTHENTICATED, str(error))
        except grpc.RpcError as error:
            self._renew_after(error)
            return _failure(error, self.config.target or "")
        except (DecodeError, TypeError):  # TypeError: no answer came, though the status is OK
            return Outcome(Status.INTERNAL, "the answer is no EventBatchResponse")
        return Outcome(Status.OK if response.success else Status.REJECTED, response.message)

    def pause(self, timeout: float) -> bool:
        """Wait so many seconds for the call under way; whether none is made until :meth:`resume`.

        For a fork: gRPC cannot prepare itself for one while a thread is in a call, and may then
        abort the child.
        """
        return self._calling.acquire(timeout=timeout)

    def resume(self) -> None:
        """Go on after :meth:`pause`, in the same thread."""
        self._calling.release()

    def forget_token(self) -> None:
        """Ask the token provider anew before the next send."""
        self._tokens.forget()

    def close(self) -> None:
        """Close the channel; a call under way ends with CANCELLED."""
        self._requests.put(None)
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _renew_after(self, error: Any) -> None:
        """See whether the next call should go by a new channel."""
        if (error.details() or "").startswith(_UNKNOWN_NAME):
            self._renews_at = min(self._renews_at, clock.monotonic() + _LOOK_UP_PAUSE)
        elif error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            # The connection may lead nowhere any more, and gRPC would find out late. One that may
            # still be being made has a second try: a new one would not be faster.
            if self._had_its_chance:
                self._renews_at = clock.monotonic()
            self._had_its_chance = True

    def _renew_channel(self) -> None:
        """Open a new channel if a certificate has changed, or it is time for one.

        If there is none with what the files hold now, the old one stays.
        """
        versions = tls.versions(self.config)
        if versions == self._certificates and clock.monotonic() < self._renews_at:
            return
        self._renews_at = math.inf
        self._had_its_chance = False
        self._certificates = versions
        try:
            channel = _open_channel(self.config)
        except ConfigError as error:
            logger.error("the connection keeps its certificates: %s", error)
        else:
            old, self._channel = self._channel, channel
            old.close()


def _serialized(batch: Batch | EventBatch | bytes) -> bytes:
    if isinstance(batch, Batch):
        return batch.data
    if isinstance(batch, EventBatch):
        return batch.SerializeToString()
    if isinstance(batch, bytes):
        return batch
    raise TypeError(f"send_batch() takes a Batch, an EventBatch or bytes, got {describe(batch)}")


def cannot_be_made(error: BaseException) -> Outcome:
    """The outcome of a call that could not be made."""
    return Outcome(Status.INTERNAL, f"the call cannot be made: {error!r}")


def _failure(error: Any, target: str) -> Outcome:
    status, message = Status(error.code().value[0]), error.details() or ""
    http = _HTTP_STATUS.search(message)
    if http is not None:
        return _http_failure(status, http[1])
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    # A message that is too large for this side is the answer, not the batch.
    too_large = "larger than max" in message and not message.startswith("CLIENT")
    too_large = too_large and status is Status.RESOURCE_EXHAUSTED
    unreachable = status is Status.UNAVAILABLE and message.startswith(_UNREACHABLE)
    if unreachable and message.startswith(_UNKNOWN_NAME):
        message = f"the name in {target} is not known: {message}"
    return Outcome(status, message, retry_after(details), too_large, unreachable)


def _http_failure(status: Status, number: str) -> Outcome:
    """The outcome of an answer of a proxy, or of a server that is not Toggle.

    gRPC has mapped its status: https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
    """
    message = f"HTTP status {number}, from a proxy or a server that is not Toggle"
    if number != _TOO_LARGE:
        return Outcome(status, message)
    message += ": raise its limit for bodies, such as client_max_body_size of nginx"
    return Outcome(Status.RESOURCE_EXHAUSTED, message, too_large=True)


def retry_after(details: bytes) -> float:
    """The seconds that a RetryInfo asks for.

    Args:
        details: A serialized google.rpc.Status, whose field 3 holds google.protobuf.Any: type_url
            (1) and value (2); a RetryInfo's field 1 is a Duration of seconds (1) and nanos (2).

    Returns:
        0 if there is no RetryInfo, or no sense in it.
    """
    try:
        for any_message in _values(details, 3):
            if b"".join(_values(any_message, 1)).endswith(b"google.rpc.RetryInfo"):
                duration = b"".join(_values(b"".join(_values(any_message, 2)), 1))
                parts = {
                    field.number: wire.read_varint(duration, field.content)[0]
                    for field in wire.fields(duration)
                }
                seconds = parts.get(1, 0) + parts.get(2, 0) / 1e9
                return seconds if seconds < _LONGEST_RETRY_AFTER else 0.0
    except wire.WireError:
        pass
    return 0.0


def _values(message: bytes, number: int) -> list[bytes]:
    return [
        message[field.content : field.end]
        for field in wire.fields(message)
        if (field.number, field.wire_type) == (number, wire.LENGTH_DELIMITED)
    ]


def _open_channel(config: EventConfig) -> grpc.Channel:
    target = config.target or ""
    # gRPC would ask a proxy for an abstract socket.
    use_proxy = config.use_proxy and not target.startswith(SOCKET_SCHEMES)
    options = CHANNEL_OPTIONS if use_proxy else [*CHANNEL_OPTIONS, *WITHOUT_PROXY]
    if not config.secure:
        return grpc.insecure_channel(target, options)  # noqa: TID251 - the agent's own
    return grpc.secure_channel(target, tls.credentials(config), options)  # noqa: TID251
