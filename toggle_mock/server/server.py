"""The mock Toggle: a gRPC server on a thread of its own, and what a test asks it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

import grpc

from toggle_mock.address import LOOPBACK, Address, checked_names, http_url
from toggle_mock.context import EndsWithAsyncBlock
from toggle_mock.extras import extras
from toggle_mock.faults.book import ActiveCallFault, FaultBook
from toggle_mock.faults.connections import Network
from toggle_mock.faults.first_bytes import Speaks
from toggle_mock.faults.injector import GuestInjector, LocalInjector
from toggle_mock.faults.outcomes import number
from toggle_mock.faults.shared import SharedFaults, SharedInjector
from toggle_mock.faults.tcp_relay import Relay
from toggle_mock.loop_thread import LoopEndedError, LoopThread, refuse_greenlets
from toggle_mock.page import Page, PageMode
from toggle_mock.recording.files import Place, load, name_of, open_writer, place_of, share
from toggle_mock.recording.fitting import AUTO
from toggle_mock.recording.outbox import Outbox
from toggle_mock.recording.postgres.url import StoreUrl
from toggle_mock.recording.recorder import Recording
from toggle_mock.recording.scope import Scope
from toggle_mock.recording.sinks import Recorder
from toggle_mock.rodents.register import RodentRegister
from toggle_mock.rodents.shared import SharedRegister
from toggle_mock.schema import Schema, load_schema
from toggle_mock.server.answering import REPLAY_MODES, Answering, OwnAnswers, ReplayMode
from toggle_mock.server.exposure import warn
from toggle_mock.server.host import GrpcHost
from toggle_mock.server.refuser import ROOM, Refuser, UnknownMethods
from toggle_mock.server.service import RodentService
from toggle_mock.toggle.session import LastingSession, Session
from toggle_mock.toggle.toggle import LocalToggle, Shared, TokenClaims
from toggle_mock.tokens.tokens import Tokens

if TYPE_CHECKING:
    from toggle_mock.clients.upstream import Upstream
    from toggle_mock.http_api.listener import HttpServer
    from toggle_mock.recording.postgres.sharing import Sharing
    from toggle_mock.tokens.certificates import Authority

_INT32 = 2**31 - 1
"""The greatest number that an option of gRPC can be."""

_MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""gRPC's own limit."""

_GRACE = 0.5
"""Seconds that calls under way have to end when the server stops."""


_NO_HTTP = "there is no HTTP without a port for it (http_port, --http)"


class ToggleServer(LocalToggle, EndsWithAsyncBlock):
    """A mock Toggle.

    It serves from :meth:`start` to :meth:`stop`, or inside ``with`` or ``async with``, which start
    it unless it runs. All methods may be called from any thread.

    Args:
        host: The address to listen on; loopback unless asked otherwise. ``0.0.0.0`` and ``::`` are
            all addresses of the machine, ``unix:PATH`` is a socket of the file system.
        port: The port; 0 takes a free one. A socket has none.
        max_message_bytes: Bytes in a request at the most; None is gRPC's own default, 4 MiB, or,
            with ``forward_to``, whatever the upstream takes.
        ping_interval: Seconds between two keepalive pings that a client may send at the least. A
            Rodent sends one each 40 s.
        relay: Whether clients connect through a relay, in which connections can be broken; see
            :class:`Faults`. It costs some throughput.
        tls: Whether to speak TLS, with a certificate of :attr:`authority`; ``"mutual"`` demands one
            of clients too (mTLS).
        tls_names: Names and addresses that its certificate is for, besides ``host`` and those of
            loopback; one may begin with ``*.``.
        authority: What signs those certificates; None makes one.
        tokens: Which tokens are issued and taken: ``Tokens(algorithm="ES256")``,
            ``Tokens(verify=False)``; None is HS256 with a new key.
        heartbeat: Seconds between two commands ``system.status`` to each connected Rodent; None
            for none.
        deduplicate: Whether a batch whose id was recorded before is left out of ``batches`` and
            ``events``; it stands in ``duplicates`` either way.
        recording: Where what arrives is kept, and how much of it: ``Recording(max_calls=1000)``;
            None makes one.
        schema: Under which events are read: a published revision such as ``2025-12-09``, a folder
            of .proto files, or a descriptor set; ``auto`` for the newest published revision that
            all events fit which have come; None for what the file to record to says, or else the
            project's own.
        record: A file that the recording is written to while it goes on: ``.ndjson``,
            ``.sqlite`` or ``.pb``; or a run of a store, ``postgresql://HOST/DATABASE?run=NAME``,
            which gets a name of its own without one. What it has already is read at the start.
        record_shared: Whether other servers record to the same run of a store, behind one address
            for example. Then ``recording`` is a copy of the run, in the order of its commits, with
            what all of them have taken up.
        record_best_effort: Whether calls are answered also once that can be written to no
            more, for example since the disk is full; they are refused with UNAVAILABLE otherwise.
        forward_to: A Toggle that answers in place of the mock, ``host:port`` or an
            :class:`Upstream`; what goes to and fro is recorded, without secrets.
        replay: A recording, or a file with one: the same requests get the same answers, ids and
            times aside, and a Rodent hears what its Toggle has said.
        replay_mode: What becomes of a call that it has no answer to: ``strict`` refuses it,
            ``lenient`` answers it as the mock does.
        http_port: Port of the HTTP API; 0 takes a free one, None is without.
        http_host: The address that the HTTP API listens on, or ``unix:PATH``, which needs no
            ``http_port``. Whoever reaches it can do everything.
        http_allowed_hosts: Names by which the HTTP API may be asked, besides ``localhost``,
            ``http_host`` and addresses; ``["*"]`` is any. Others are refused, since a page in a
            browser could have its name lead here.
        page: Whether HTTP has a page for people at ``/``: ``on``, ``off``, or ``read-only`` to
            refuse what a browser asks for that would change something.

    Raises:
        ValueError: An argument is out of its range.
        SchemaError: There is no such schema.
        StorageError: What is to be replayed is no recording, or the URL of a store is none.
        OSError: It cannot be read.
        MissingExtraError: What is asked for needs an extra that is not installed.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_message_bytes: int | None = None,
        ping_interval: float = 10.0,
        relay: bool = False,
        tls: bool | Literal["mutual"] = False,
        tls_names: Collection[str] = (),
        authority: Authority | None = None,
        tokens: Tokens | None = None,
        heartbeat: float | None = None,
        deduplicate: bool = False,
        recording: Recording | None = None,
        schema: Schema | Path | str | None = None,
        record: Path | str | None = None,
        record_shared: bool = False,
        record_best_effort: bool = False,
        forward_to: Upstream | str | None = None,
        replay: Recording | Path | str | None = None,
        replay_mode: ReplayMode = "strict",
        http_port: int | None = None,
        http_host: str = "127.0.0.1",
        http_allowed_hosts: Collection[str] = (),
        page: PageMode = "on",
    ) -> None:
        _check_port("port", port)
        _check_port("http_port", http_port or 0)
        if heartbeat is not None:
            number("heartbeat", heartbeat, least=0.001)
        if tls not in {True, False, "mutual"}:
            raise ValueError(f"tls is {tls!r}: give True, False or 'mutual'")
        self._tls, self._authority = tls, authority
        self._tls_names = checked_names("tls_names", tls_names)
        if self._tls_names and not tls:
            raise ValueError("tls_names is given, but there are no certificates without tls")
        recording = _recording(recording, deduplicate=deduplicate)
        book, tokens = FaultBook(), tokens or Tokens()
        address = _address("host", host, port)
        front = Relay(address, self._speaks(address)) if relay else None
        self.stale_calls: Final = Recording(max_calls=1000)
        """Calls of clients that an earlier test left behind."""
        peer_of = front.server.peer_of if front else str
        self._record = _begun(record)
        self._sharing = _shared(record, recording, schema) if record_shared else None
        self._incoming: Recorder = self._sharing.outbox if self._sharing else recording
        self._shared_rodents = (
            SharedRegister(recording, self._sharing.catch_up) if self._sharing else None
        )
        rodents = self._shared_rodents or RodentRegister()
        refuser = Refuser(self._incoming, self.stale_calls, tokens, peer_of)
        if front is not None:
            front.on_refusal = refuser.connection
        if not (replay is None or isinstance(replay, Recording) or self._record is None):
            _check_other_file(self._record, place_of(replay))
        self._answering = _answering(forward_to, replay, replay_mode)
        if max_message_bytes is None:
            max_message_bytes = _INT32 if self.upstream else _MAX_MESSAGE_BYTES
        self._service = RodentService(
            self._incoming,
            self.stale_calls,
            tokens,
            book,
            rodents,
            self._answering,
            refuser,
            max_message_bytes,
            heartbeat,
            must_record=not record_best_effort,
        )
        self._host = GrpcHost(
            address,
            self._service.handlers(),
            self._answering.other_methods() or UnknownMethods(refuser),
            options=_grpc_options(max_message_bytes, ping_interval),
            relay=front,
            credentials=self._credentials if tls else None,
        )
        self._given_schema = schema
        if schema is not None and self._sharing is None:
            recording.read_under(schema)
        network = Network(self._host, front, self.clear, self._set_clock)
        book.on_heal = self._release
        catch_up = self._sharing.catch_up if self._sharing else _there_already
        faults = SharedFaults(self._sharing.board, book, network) if self._sharing else None
        injector = partial(_injector, book, network, faults)
        shared = Shared(
            recording, self.stale_calls, injector, network, rodents, tokens, catch_up, faults
        )
        super().__init__(shared, Scope())
        self._http_address = _http_address(http_host, http_port)
        self._http_names = checked_names("http_allowed_hosts", http_allowed_hosts, special={"*"})
        if self._http_names and self._http_address is None:
            raise ValueError(f"http_allowed_hosts is given, but {_NO_HTTP}")
        self._page = Page(page)
        self._http: HttpServer | None = None
        self._has_run = False
        self._lifecycle = threading.RLock()

    # Lifecycle

    def start(self) -> Self:
        """Listen and serve.

        Raises:
            RuntimeError: It runs already.
            OSError: The port cannot be used, or the file to record to.
            StorageError: That file is no recording.
            UnsupportedError: gevent or eventlet has replaced Python's threads.
        """
        with self._lifecycle:
            return self._start()

    def _start(self) -> Self:
        if self._host.thread is not None:
            raise RuntimeError(f"this server runs already, at {self.address}")
        refuse_greenlets()
        if self._sharing is not None:
            self._take_part(self._sharing)
        elif self._record is not None:
            writer = open_writer(self._record, None if self._has_run else self.recording)
            self.recording.sinks.append(writer)
        if self._record is not None:
            self._declare_schema()
        self._has_run = True
        self._host.thread = thread = LoopThread("toggle-mock")
        try:
            thread.call(self._host.come_back)
            thread.call(self._shared.network.begin)
            if self._http_address is not None:
                self._serve_http(thread, self._http_address)
        except BaseException:
            thread.call(partial(self._stop_serving, 0.0))
            self._end_thread(thread)
            raise
        self._warn()
        return self

    def _take_part(self, sharing: Sharing) -> None:
        """Share the run, and what is asked of Rodents."""
        sharing.start()
        try:
            if self._shared_rodents is not None:
                self._shared_rodents.mail.start(sharing.letters())
        except BaseException:
            sharing.stop()
            raise

    def _warn(self) -> None:
        """Tell of faces that others than this machine get to."""
        faces = {"gRPC": self._host.address}
        if self._http is not None:
            faces["HTTP"] = self._http.address
        for face, address in faces.items():
            warn(face, address)

    def _declare_schema(self) -> None:
        """Have the file say what is asked for here, or go on with what it says."""
        schema = self._given_schema
        if self._sharing is not None:
            self._share_schema(self._sharing)
            return
        if schema is None and len(self.recording.possible_schemas) > 1:
            schema = AUTO
        if schema is not None:
            self.recording.read_under(schema)
        self.recording.tell_schema()

    def _share_schema(self, sharing: Sharing) -> None:
        """Have all who share the run read under the schema that is asked for here, if one is."""
        if self._given_schema is not None:
            asked = load_schema(self._given_schema)
            if asked != self.recording.schema:
                sharing.outbox.declare(asked)
                sharing.catch_up()

    def stop(self, grace: float = _GRACE) -> None:
        """Stop serving; calls under way may end for so many seconds. Does nothing if it is stopped.

        What was recorded stays readable.
        """
        thread = self._host.thread
        if thread is not None and thread.is_current:
            raise RuntimeError("a server cannot be stopped by what runs in it, such as an outcome")
        with self._lifecycle:
            thread = self._host.thread
            if thread is None:
                return
            try:
                with suppress(LoopEndedError):  # this process was forked from the server's
                    thread.call(partial(self._stop_serving, grace))
            finally:
                self._end_thread(thread)

    def __enter__(self) -> Self:
        return self if self._host.thread is not None else self.start()

    def _end_block(self) -> None:
        self.stop()

    def _end_thread(self, thread: LoopThread) -> None:
        self._host.thread = None
        thread.end()
        self._host.release_address()
        if self._sharing is not None:
            if self._shared_rodents is not None:
                self._shared_rodents.mail.stop()
            self._sharing.stop()
        while self.recording.sinks:
            self.recording.sinks.pop().close()

    def _serve_http(self, thread: LoopThread, address: Address) -> None:
        with extras():  # loaded only where it is asked for
            from toggle_mock.http_api.listener import HttpServer  # noqa: PLC0415

        # Not made in the loop, which whoever has a fault begin here meanwhile may wait for.
        self._http = HttpServer(self, address, self._http_names, self._page)
        thread.call(self._http.start)

    async def _stop_serving(self, grace: float) -> None:
        if self._http is not None:
            await self._http.stop()
            self._http = None
        await self._shared.network.end()
        await self._host.stop_answering(grace)
        await self._answering.close()

    def _release(self, healed: Sequence[ActiveCallFault]) -> None:
        """Let the calls go on that such faults hold."""

        async def release() -> None:
            self._service.release(healed)

        self._host.carry_out(release)

    def _speaks(self, address: Address) -> Speaks:
        if not self._tls:
            return Speaks()
        names = self._certified_names(address)
        return Speaks(tls=True, mutual=self.demands_certificates, names=names)

    def _credentials(self) -> grpc.ServerCredentials:
        return self.authority.server_credentials(
            self._certified_names(self._host.address),
            mutual=self.demands_certificates,
            ahead=self._service.ahead,
        )

    def _certified_names(self, address: Address) -> list[str]:
        with extras():  # loaded only where it is asked for
            from toggle_mock.tokens.certificates import server_names  # noqa: PLC0415

        return server_names(address, self._tls_names)

    def _set_clock(self, ahead: float) -> bool:
        """Be so many seconds ahead; returns whether what it shows to clients is of another time."""
        changed, self._service.ahead = ahead != self._service.ahead, ahead
        return changed and bool(self._tls)

    # What a client needs

    @property
    def port(self) -> int:
        """The port that it listens on, also after it was stopped; 0 before a free one was taken.

        A socket of the file system has none, which is 0 too.
        """
        return self._host.address.port

    @property
    def serving(self) -> bool:
        """Whether it answers calls."""
        return self._host.is_up

    @property
    def unready(self) -> str | None:
        """Why it answers no calls, or refuses all of them; None if it is ready for them."""
        if not self.serving:
            return "the server does not listen"
        return self._incoming.failure if self._service.must_record else None

    @property
    def root_certificate(self) -> bytes | None:
        """The root certificate as PEM if it speaks TLS, else None."""
        return self.authority.root if self._tls else None

    @property
    def upstream(self) -> Upstream | None:
        """The Toggle that answers in its place; None without one."""
        return self._answering.upstream

    @property
    def recorded_to(self) -> str | None:
        """The file that it is recorded to, or the run of a store, without a password; else None."""
        return None if self._record is None else str(self._record)

    @property
    def http_address(self) -> str | None:
        """``host:port``, or ``unix:PATH``, of the HTTP API; None without one."""
        return str(self._http.address) if self._http is not None else None

    @property
    def page_url(self) -> str | None:
        """Where a browser finds the page; None without one, or on a socket of the file system."""
        if self._http is None or self._http.address.path or self._page.mode == "off":
            return None
        return f"{http_url(str(self._http.address))}/"

    @property
    def address(self) -> str:
        """``host:port``, or ``unix:PATH``, for a client's target."""
        return str(self._host.address)

    def _issue(self, claims: TokenClaims) -> str:
        return self.tokens.issue(
            rid="rodent-1" if claims.rid is None else claims.rid,
            sub="org-1" if claims.sub is None else claims.sub,
            prv=claims.prv,
            expires_in=claims.expires_in,
            **claims.others,
        )

    @property
    def demands_certificates(self) -> bool:
        """Whether clients need a certificate that :attr:`authority` has issued (mTLS)."""
        return self._tls == "mutual"

    @property
    def authority(self) -> Authority:
        """Signs the certificates of this server and of its clients."""
        if self._authority is None:
            with extras():  # loaded only where it is asked for
                from toggle_mock.tokens.certificates import Authority  # noqa: PLC0415

            self._authority = Authority()
        return self._authority

    # What arrived

    def clear(self) -> None:
        """Forget what was recorded."""
        self._incoming.clear()
        self.catch_up()
        self.stale_calls.clear()

    def begin_test(self) -> None:
        """Forget and heal everything, and be deaf to clients that an earlier test left behind.

        Their tokens are still taken, so that they end in peace, but no call of theirs is recorded,
        and their streams are ended. Clients whose tokens are of :attr:`across_tests`, or were
        issued elsewhere, stay connected, and their calls are recorded.
        """
        self.tokens.begin_era()
        self.tokens.restore()
        self.faults.heal()
        self._shared.rodents.clear(unless=self.tokens.is_current)
        self._answering.rewind()
        self.clear()

    @property
    def across_tests(self) -> Session:
        """This server for what outlasts a test: its tokens are of no test, so of each of them."""
        return LastingSession(self, self._shared, Scope())

    def session(
        self, rid: str | None = None, sub: str | None = None, *, own_port: bool = False
    ) -> Session:
        """A part of this server for one test: it sees and disturbs only its own Rodents.

        Args:
            rid: The Rodent that it is about; None for all of its organization.
            sub: The organization; if neither is given, one of its own.
            own_port: Whether it gets a port of its own, as :attr:`address`, so that faults of the
                connection are about its clients alone. It needs a relay.

        Raises:
            NoRelayError: It is to have a port of its own, and there is no relay.
            RuntimeError: It is to have one, and the server does not run.
            ValueError: It is to have one, and the server shares its run with others.
        """
        if rid is None and sub is None:
            sub = f"session-{secrets.token_hex(4)}"
        return Session(self, self._shared, Scope(rid, sub), own_port=own_port)

    def session_named(self, name: str, scope: Scope) -> Session:
        """See :meth:`LocalToggle.session_named`."""
        return Session(self, self._shared, scope, name)

    def over(self, recording: Recording) -> Session:
        """See :meth:`LocalToggle.over`."""
        shared = replace(
            self._shared,
            recording=recording,
            injector=lambda _scope, _name: GuestInjector(self._injector),
            rodents=RodentRegister(),
            catch_up=_there_already,
        )
        return Session(self, shared, Scope())


def _recording(given: Recording | None, *, deduplicate: bool) -> Recording:
    if given is None:
        return Recording(deduplicate=deduplicate)
    if deduplicate:
        raise ValueError("deduplicate is a matter of the recording: Recording(deduplicate=True)")
    return given


def _begun(record: Path | str | None) -> Place | None:
    """Where it is recorded; a run of a store has a name from here on."""
    place = None if record is None else place_of(record)
    return place.begun() if isinstance(place, StoreUrl) else place


def _shared(
    record: Path | str | None, recording: Recording, schema: Schema | Path | str | None
) -> Sharing:
    """A server's part in a run that it shares.

    Raises:
        ValueError: There is nothing that can be shared.
    """
    place = None if record is None else place_of(record)
    if not isinstance(place, StoreUrl) or place.run is None:
        shown = "not given" if place is None else str(place)
        raise ValueError(
            f"record is {shown}, and is to be shared: give a run of a store by its name, "
            "postgresql://HOST/DATABASE?run=NAME"
        )
    if schema == AUTO:
        raise ValueError(
            "schema is 'auto', which each server would find out for itself: name one, or look at "
            "the run with `toggle-mock events --schema auto`"
        )
    if schema is not None:
        load_schema(schema)  # or it would be told at the start alone
    return share(place, recording, Outbox())


def _injector(
    book: FaultBook,
    network: Network,
    shared: SharedFaults | None,
    scope: Scope,
    session: str | None,
) -> LocalInjector | SharedInjector:
    """What puts faults in force here, or, if they are shared, at each server."""
    if shared is None:
        return LocalInjector(book, network, scope)
    return SharedInjector(shared, scope, session)


def _there_already() -> None:
    """All that has arrived is recorded."""


def _check_other_file(record: Place, replay: Place) -> None:
    if isinstance(record, StoreUrl) or isinstance(replay, StoreUrl):
        is_same = record == replay
    else:
        is_same = record.resolve() == replay.resolve()
    if is_same:
        raise ValueError(f"{replay} is to be replayed: record to another file")


def _answering(
    forward_to: Upstream | str | None, replay: Recording | Path | str | None, mode: ReplayMode
) -> Answering:
    if forward_to is not None and replay is not None:
        raise ValueError("either a Toggle answers or a recording: give forward_to or replay")
    if mode not in REPLAY_MODES:
        raise ValueError(f"replay_mode is {mode!r}: give {' or '.join(REPLAY_MODES)}")
    # Each is loaded only where it is asked for.
    if replay is not None:
        from toggle_mock.server.replaying import ReplayedAnswers  # noqa: PLC0415

        recording = replay if isinstance(replay, Recording) else load(replay)
        name = "the recording" if isinstance(replay, Recording) else name_of(place_of(replay))
        return ReplayedAnswers(recording, name, is_strict=mode == "strict")
    if forward_to is None:
        return OwnAnswers()
    from toggle_mock.clients.upstream import Upstream  # noqa: PLC0415
    from toggle_mock.server.forwarding import ForwardedAnswers  # noqa: PLC0415

    return ForwardedAnswers(Upstream(forward_to) if isinstance(forward_to, str) else forward_to)


def _grpc_options(max_message_bytes: int, ping_interval: float) -> list[tuple[str, int]]:
    return [
        # Beyond the limit by far: what gRPC itself refuses, it tells nobody here of.
        ("grpc.max_receive_message_length", min(max_message_bytes + ROOM, _INT32)),
        ("grpc.keepalive_permit_without_calls", 1),
        # A tenth less, since clocks and networks jitter.
        ("grpc.http2.min_ping_interval_without_data_ms", int(ping_interval * 900)),
        # Two servers must never share a port.
        ("grpc.so_reuseport", 0),
        # Beyond a thousand calls that wait, gRPC would cancel some: a fault that nobody asked for.
        ("grpc.server.max_pending_requests", _INT32),
        ("grpc.server.max_pending_requests_hard_limit", _INT32),
    ]


def _address(name: str, host: str, port: int) -> Address:
    try:
        return Address.of(host, port)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _http_address(host: str, port: int | None) -> Address | None:
    """Where HTTP is served; None if it is not."""
    address = _address("http_host", host, port or 0)
    if port is None and not address.path:
        if host != LOOPBACK:
            raise ValueError(f"http_host is {host!r}, but {_NO_HTTP}")
        return None
    return address


def _check_port(name: str, port: int) -> None:
    if not 0 <= port < 1 << 16:
        raise ValueError(f"{name} is {port}: give a number from 0 to 65535")
