"""SendEvents over gRPC: the channel, credentials and deadlines; statuses become outcomes."""

from __future__ import annotations

import asyncio
import inspect
import re
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import DecodeError

from rodent_events.batch import Batch
from rodent_events.config import EventConfig, TokenProvider
from rodent_events.delivery import Outcome, Status
from rodent_events.errors import ConfigError, describe
from rodent_events.pb.base_pb2 import EventBatch, EventBatchResponse

SEND_EVENTS = "/rodent.RodentService/SendEvents"

CHANNEL_OPTIONS = [
    # Keepalive as the Go Rodent's: a ping each 40 s also without calls, 20 s for its answer.
    ("grpc.keepalive_time_ms", 40_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
    # When a batch is sent again is decided in delivery.py alone.
    ("grpc.enable_retries", 0),
    # A restarted server is found again soon, also after an outage of hours.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # Two buses with the same target have connections of their own.
    ("grpc.use_local_subchannel_pool", 1),
]


class Sending:
    """A send under way."""

    def __init__(self, done: Callable[[Outcome], None]) -> None:
        self._done = done
        self._call: grpc.Future[bytes] | None = None
        self._cancelled = False

    def follow(self, call: grpc.Future[bytes]) -> None:
        """Have the end of a call be the end of this."""
        self._call = call
        call.add_done_callback(lambda ended: self.end(_outcome(ended)))
        if self._cancelled:
            call.cancel()

    def end(self, outcome: Outcome) -> None:
        """Tell the outcome."""
        self._done(outcome)

    def cancel(self) -> None:
        """Give it up."""
        self._cancelled = True
        if self._call is not None:
            self._call.cancel()


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
        self.config = EventConfig.load(config, **settings)
        if self.config.target is None:
            raise ConfigError("target is not set: give Toggle's address as host:port")
        if self.config.jwt is None:
            raise ConfigError("jwt is not set: give the token that Toggle issued for this node")
        self._channel = _open_channel(self.config, self.config.target)
        self._send: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(
            SEND_EVENTS
        )
        self._token: str | None = None

    def send_batch(self, batch: Batch | EventBatch | bytes) -> Outcome:
        """Send one batch once, and wait for the outcome.

        Args:
            batch: A frozen batch, an EventBatch message, or the bytes of one.

        Raises:
            TypeError: It is none of these.
        """
        request = _serialized(batch)
        try:
            return _outcome(self._call(request, self._current_token()))
        except TokenError as error:
            return Outcome(Status.UNAUTHENTICATED, str(error))

    def start_send(self, batch: Batch, done: Callable[[Outcome], None]) -> Sending:
        """Send one batch once, without waiting; not for the token provider either.

        Args:
            batch: A frozen batch.
            done: Called with the outcome, once, from some thread.
        """
        sending = Sending(done)
        if self._token is not None or not callable(self.config.jwt):
            self._start(batch, sending)
        else:
            threading.Thread(
                target=self._start, args=(batch, sending), name="rodent-events-token", daemon=True
            ).start()
        return sending

    def _start(self, batch: Batch, sending: Sending) -> None:
        try:
            sending.follow(self._call(batch.data, self._current_token()))
        except TokenError as error:
            sending.end(Outcome(Status.UNAUTHENTICATED, str(error)))
        except Exception as error:  # noqa: BLE001 - the batch must not wait forever
            sending.end(Outcome(Status.INTERNAL, f"the call cannot be made: {error!r}"))

    def forget_token(self) -> None:
        """Ask the token provider anew before the next send."""
        self._token = None

    def close(self) -> None:
        """Close the channel; a call under way ends with CANCELLED."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(self, request: bytes, token: str) -> grpc.Future[bytes]:
        return self._send.future(
            request,
            timeout=self.config.send_timeout,
            metadata=(("authorization", f"Bearer {token}"),),
        )

    def _current_token(self) -> str:
        if self._token is None:
            self._token = _ask_for_token(self.config.jwt)
        return self._token


class TokenError(Exception):
    """There is no usable token at the moment."""


# What may stand in the metadata of a call. A token with anything else would make gRPC raise.
_PRINTABLE = re.compile(r"[\x21-\x7e]+")


def _ask_for_token(source: str | TokenProvider | None) -> str:
    if not callable(source):
        return source or ""
    try:
        token = source()
        if inspect.isawaitable(token):
            token = asyncio.run(_awaited(token))
    except BaseException as error:  # SystemExit too would only end this thread
        # What it says may hold a secret.
        raise TokenError(f"the token provider raised {type(error).__name__}") from error
    if not isinstance(token, str):
        raise TokenError(f"the token provider returned {type(token).__name__}, not text")
    if not _PRINTABLE.fullmatch(token.strip()):
        raise TokenError("the token provider returned text with other characters than a token has")
    return token.strip()


async def _awaited(token: Awaitable[str]) -> str:
    return await token


def _serialized(batch: Batch | EventBatch | bytes) -> bytes:
    if isinstance(batch, Batch):
        return batch.data
    if isinstance(batch, EventBatch):
        return batch.SerializeToString()
    if isinstance(batch, bytes):
        return batch
    raise TypeError(f"send_batch() takes a Batch, an EventBatch or bytes, got {describe(batch)}")


def _outcome(call: grpc.Future[bytes]) -> Outcome:
    """The outcome of a call; waits until it has ended."""
    try:
        raw = call.result()
        response = EventBatchResponse.FromString(raw)
    except grpc.FutureCancelledError:
        return Outcome(Status.CANCELLED, "cancelled by this side")
    except grpc.RpcError as error:
        return _failure(error)
    except (DecodeError, TypeError):  # TypeError: there was no answer, though the status is OK
        return Outcome(Status.INTERNAL, "the answer is no EventBatchResponse")
    return Outcome(Status.OK if response.success else Status.REJECTED, response.message)


def _failure(error: Any) -> Outcome:
    status, message = Status(error.code().value[0]), error.details() or ""
    # A message that is too large for this side is the answer, not the batch.
    too_large = "larger than max" in message and not message.startswith("CLIENT")
    too_large = too_large and status is Status.RESOURCE_EXHAUSTED
    return Outcome(status, message, too_large=too_large)


def _open_channel(config: EventConfig, target: str) -> grpc.Channel:
    if not config.secure:
        return grpc.insecure_channel(target, CHANNEL_OPTIONS)
    _check_certificates(config)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=_read(config.tls_ca_file),
        private_key=_read(config.tls_key_file),
        certificate_chain=_read(config.tls_cert_file),
    )
    return grpc.secure_channel(target, credentials, CHANNEL_OPTIONS)


def _check_certificates(config: EventConfig) -> None:
    """Read the files as TLS will; without this, one would only see that the connection fails.

    Raises:
        ConfigError: A file cannot be read, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    what = f"tls_ca_file {config.tls_ca_file}"
    try:
        if config.tls_ca_file:
            context.load_verify_locations(config.tls_ca_file)
        if config.tls_cert_file:
            what = f"tls_cert_file {config.tls_cert_file} with tls_key_file {config.tls_key_file}"
            context.load_cert_chain(config.tls_cert_file, config.tls_key_file)
    except OSError as error:  # ssl's own errors are OSErrors
        raise ConfigError(f"{what} cannot be used: {error}") from error


def _read(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None
