"""Faults of a Rodent in its calls, in Register, and in what it answers on its stream."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import threading

import grpc
from google.protobuf.unknown_fields import UnknownFieldSet

from rodent_events import client, tokens
from rodent_events.pb.base_pb2 import (
    Acknowledgement,
    EventNotification,
    RodentRequest,
)
from support.sown.faults import Fault
from support.sown.settings import setting
from toggle_mock.clients import control_link
from toggle_mock.clients.control_link import ControlLink
from toggle_mock.contract import reference_agent
from toggle_mock.contract.reference_agent import ReferenceAgent

# How they are sown


def _calling(method, wrap):
    """Calls of a method of the link are made by what ``wrap`` makes of it."""
    begin = ControlLink.open

    async def changed(self):
        await begin(self)
        setattr(self.stub, method, wrap(getattr(self.stub, method)))

    ControlLink.open = changed


def _registering(change):
    """An answer to Register is changed before it is looked at; so is an error, raised again."""

    def wrap(call):
        async def changed(request, metadata):
            try:
                response = await call(request, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                change(error)
                raise
            change(response)
            return response

        return changed

    _calling("Register", wrap)


def _saying(change):
    """What is said on the stream is what ``change`` makes of a request and its answer, if any."""
    answer = ControlLink._answer

    async def changed(self, request, answers):
        own = asyncio.Queue()
        await answer(self, request, own)
        said = change(request, None if own.empty() else own.get_nowait())
        if said is not None:
            answers.put_nowait(said)

    ControlLink._answer = changed


def _responding(change):
    """Answers to commands are changed."""

    def changed(request, said):
        if said is not None and said.HasField("command_response"):
            change(request.command, said)
        return said

    _saying(changed)


def _give_up():
    raise asyncio.CancelledError  # which ends the link, and nothing else


# Calls


def lazy_register_token() -> None:
    """Its first Register has no token."""
    _calling("Register", _first_without_token)


def lazy_connect_token() -> None:
    """Its first Connect has no token."""
    _calling("Connect", _first_without_token)


def _first_without_token(call):
    made = []

    def changed(*args, metadata):
        made.append(True)
        return call(*args, metadata=metadata if len(made) > 1 else ())

    return changed


def lazy_events_token() -> None:
    """Its first SendEvents has an empty token."""
    current, asked = tokens.TokenSource.current, []

    def changed(self):
        asked.append(True)
        return current(self) if len(asked) > 1 else ""

    tokens.TokenSource.current = changed


def token_in_metadata() -> None:
    """The token is in another key of its metadata too."""
    metadata = reference_agent._metadata

    def changed(environ):
        usual = metadata(environ)
        return [*usual, ("x-rodent", usual[0][1])]

    reference_agent._metadata = changed


def unknown_method() -> None:
    """It calls a method that there is not."""
    live = ControlLink.live

    async def changed(self, on_registered):
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._channel.unary_unary("/rodent.RodentService/Ping")(b"")
        await live(self, on_registered)

    ControlLink.live = changed


# Register


def no_register() -> None:
    """It connects without Register."""

    async def register(_self):
        return True

    ControlLink._register = register


def registers_once() -> None:
    """It takes any answer to Register for a success."""
    register = ControlLink._register

    async def once(self):
        await register(self)
        return True

    ControlLink._register = once


def registers_hot() -> None:
    """It registers again at once."""
    control_link._REGISTER_AGAIN = 0


def gives_up_if(code) -> None:
    """It registers no more once it was told so."""

    def change(answer):
        if isinstance(answer, grpc.aio.AioRpcError) and answer.code() is code:
            _give_up()

    _registering(change)


def refuses_certificates() -> None:
    """It takes an answer to Register with a certificate for a failure."""

    def change(answer):
        if getattr(answer, "certificate", ""):
            answer.success = False

    _registering(change)


def impatient() -> None:
    """It takes a Register that is not answered for a success."""
    register = ControlLink._register

    async def changed(self):
        waiting = asyncio.ensure_future(register(self))
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        return waiting.result() if done else True

    ControlLink._register = changed


def loses_early_events() -> None:
    """It drops what is emitted between a refused Register and one that succeeds."""
    emit, refused = ReferenceAgent.emit, []
    _registering(lambda answer: refused.append(answer) if isinstance(answer, Exception) else None)

    def changed(self, payload, fields, *, count=1, **more):
        if refused and not self.link.registered.is_set():
            return count
        return emit(self, payload, fields, count=count, **more)

    ReferenceAgent.emit = changed


# Answers


def speaks_first() -> None:
    """It says something on its stream if it is not spoken to for a while."""
    write = control_link._write

    async def changed(stream, answers):
        try:
            first = await asyncio.wait_for(answers.get(), 0.2)
        except TimeoutError:
            first = RodentRequest(event=EventNotification(event_type="hello"))
        await stream.write(first)
        await write(stream, answers)

    control_link._write = changed


def two_streams() -> None:
    """It opens a second stream beside the first."""
    connect = ControlLink._connect

    async def changed(self):
        second = asyncio.ensure_future(connect(self))
        try:
            return await connect(self)
        finally:
            second.cancel()

    ControlLink._connect = changed


def no_inner_id() -> None:
    """The CommandResponse has no request id."""
    _responding(lambda _command, said: said.command_response.ClearField("request_id"))


def invents_ids() -> None:
    """It gives an answer an id if the command had none."""

    def change(_command, said):
        said.request_id = said.request_id or "none"

    _responding(change)


def status_without_disk() -> None:
    """Its status says nothing of the disk."""

    def change(command, said):
        if command.command_type == "system.status" and said.command_response.payload:
            payload = json.loads(said.command_response.payload)
            del payload["disk_usage"]
            said.command_response.payload = json.dumps(payload).encode()

    _responding(change)


def status_is_no_json() -> None:
    """Its status is text."""

    def change(command, said):
        if command.command_type == "system.status":
            said.command_response.payload = b"healthy"

    _responding(change)


def _is_unknown(command) -> bool:
    return command.command_type not in {"system.status", "tunnel.http", "contract.slow"}


def takes_unknown_commands() -> None:
    """It says that it has done what it does not know."""

    def change(command, said):
        if _is_unknown(command):
            said.command_response.success = True
            said.command_response.ClearField("error")

    _responding(change)


def ignores_unknown_commands() -> None:
    """It does not answer what it does not know."""
    _saying(lambda request, said: None if _is_unknown(request.command) else said)


def error_without_code() -> None:
    """Its errors are texts alone."""

    def change(_command, said):
        if said.command_response.HasField("error"):
            said.command_response.error.ClearField("code")

    _responding(change)


def error_without_text() -> None:
    """A failure has no error."""
    _responding(lambda _command, said: said.command_response.ClearField("error"))


def tunnel_hangs() -> None:
    """A request to an unknown service is not answered."""
    _saying(lambda request, said: None if request.command.command_type == "tunnel.http" else said)


def takes_100_commands() -> None:
    """It answers a hundred commands, and no more."""
    answered = []

    def change(_request, said):
        answered.append(said)
        return said if len(answered) <= 100 else None

    _saying(change)


def answers_once_more() -> None:
    """Each hundredth answer is sent twice."""
    answer, count = ControlLink._answer, []

    async def changed(self, request, answers):
        await answer(self, request, answers)
        count.append(request)
        if len(count) % 100 == 0:
            await answer(self, request, answers)

    ControlLink._answer = changed


def remembers_ids() -> None:
    """A command whose id it has had is not answered."""
    seen = set()

    def change(request, said):
        known = request.request_id in seen
        seen.add(request.request_id)
        return None if known else said

    _saying(change)


def one_at_a_time() -> None:
    """A command waits for the one before it."""
    answer, turn = ControlLink._answer, asyncio.Lock()

    async def changed(self, request, answers):
        async with turn:
            await answer(self, request, answers)

    ControlLink._answer = changed


def trips_over_payloads() -> None:
    """A command whose payload it cannot read is not answered."""

    def change(request, said):
        try:
            json.loads(request.command.payload or b"null")
        except ValueError:
            return None
        return said

    _saying(change)


def takes_4_mib() -> None:
    """It has gRPC's own receive limit."""
    reference_agent.CHANNEL_OPTIONS = [
        (name, value)
        for name, value in client.CHANNEL_OPTIONS
        if name != "grpc.max_receive_message_length"
    ]


def answers_nothing() -> None:
    """It answers a message that has no payload."""
    refusal = Acknowledgement(success=False, message="empty")
    _saying(
        lambda request, said: said if request.WhichOneof("payload") else RodentRequest(ack=refusal)
    )


def acknowledges_all() -> None:
    """It acknowledges acknowledgements."""
    _saying(
        lambda request, said: RodentRequest(ack=request.ack) if request.HasField("ack") else said
    )


def strict_parser() -> None:
    """A message with fields that it does not know is left unread."""
    _saying(lambda request, said: None if len(UnknownFieldSet(request)) else said)


def ignores_configs() -> None:
    """A config update is not acknowledged."""
    _saying(lambda request, said: None if request.HasField("config") else said)


def config_ack_without_id() -> None:
    """The Acknowledgement of a config update has no request id."""

    def change(request, said):
        if request.HasField("config"):
            said.ack.ClearField("request_id")
        return said

    _saying(change)


def one_thing_at_a_time() -> None:
    """No command is answered while a batch is being sent, which takes as long as it likes."""
    setting(send_timeout="60")()
    send, answer, turn = client.EventClient._send, ControlLink._answer, threading.Lock()

    def changed_send(self, data):
        with turn:
            return send(self, data)

    async def changed_answer(self, request, answers):
        await asyncio.to_thread(turn.acquire)
        turn.release()
        await answer(self, request, answers)

    client.EventClient._send = changed_send
    ControlLink._answer = changed_answer


_UNAUTHENTICATED = functools.partial(gives_up_if, grpc.StatusCode.UNAUTHENTICATED)
_UNAVAILABLE = functools.partial(gives_up_if, grpc.StatusCode.UNAVAILABLE)

FAULTS = {
    "lazy-register-token": Fault(
        lazy_register_token, {"calls.register-token": "Register has 0 authorization"}
    ),
    "lazy-connect-token": Fault(
        lazy_connect_token,
        {
            "calls.connect-token": "Connect has 0 authorization",
            "connect.one-stream": "it has opened a second stream",
        },
    ),
    "lazy-events-token": Fault(
        lazy_events_token, {"calls.events-token": "the token of SendEvents was refused"}
    ),
    "token-in-metadata": Fault(token_in_metadata, {"calls.nothing-secret": "as x-rodent"}),
    "unknown-method": Fault(
        unknown_method, {"calls.known-methods": "it has called /rodent.RodentService/Ping"}
    ),
    "no-register": Fault(
        no_register,
        {
            "register.before-connect": "never Register",
            "register.again": "not 3 calls of Register",
            "register.after-unauthenticated": "not 3 calls of Register",
            "register.not-hot": "not 3 calls of Register",
            "register.late-answer": "not 1 calls of Register",
            "register.early-events": "not 2 calls of Register",
            "calls.register-token": "not 1 calls of Register",
            "tls.right-one": "not 1 calls of Register",
            "secrets.refused": "not 3 calls of Register",
        },
    ),
    "registers-once": Fault(
        registers_once,
        {
            "register.again": "not 3 calls of Register",
            "register.after-unauthenticated": "not 3 calls of Register",
            "register.not-hot": "not 3 calls of Register",
            "register.early-events": "not 2 calls of Register",
            "secrets.refused": "not 3 calls of Register",
        },
    ),
    "registers-hot": Fault(
        registers_hot, {"register.not-hot": "three tries of Register came within"}
    ),
    "gives-up-if-unauthenticated": Fault(
        _UNAUTHENTICATED,
        {
            "register.after-unauthenticated": "not 3 calls of Register",
            "secrets.refused": "not 3 calls of Register",
        },
    ),
    "gives-up-if-unavailable": Fault(
        _UNAVAILABLE,
        {
            "register.again": "not 3 calls of Register",
            "register.not-hot": "not 3 calls of Register",
            "register.toggle-absent": "Toggle is there, and there was no Connect",
            "register.early-events": "not 2 calls of Register",
        },
    ),
    "refuses-certificates": Fault(
        refuses_certificates,
        {
            "register.certificate": "there was no Connect",
            "secrets.private-key": "there was no Connect",
        },
    ),
    "impatient": Fault(
        impatient, {"register.late-answer": "it has called Connect while Register was not answered"}
    ),
    "loses-early-events": Fault(loses_early_events, {"register.early-events": "of 10 events"}),
    "speaks-first": Fault(speaks_first, {"connect.silent": "it has said something unasked"}),
    "two-streams": Fault(two_streams, {"connect.one-stream": "it has opened a second stream"}),
    "no-inner-id": Fault(no_inner_id, {"connect.request-ids": "and '' inside"}),
    "invents-ids": Fault(invents_ids, {"connect.empty-id": "it was answered as 'none'"}),
    "status-without-disk": Fault(
        status_without_disk, {"connect.status": "its payload has no disk_usage"}
    ),
    "status-is-no-json": Fault(status_is_no_json, {"connect.status": "its payload is b'healthy'"}),
    "takes-unknown-commands": Fault(
        takes_unknown_commands,
        {
            "connect.unknown-command": "it was answered with success",
            "connect.unknown-command-code": "are (0, '', 0)",
        },
    ),
    "ignores-unknown-commands": Fault(
        ignores_unknown_commands,
        {
            "connect.unknown-command": "of 1 answers 0 came",
            "connect.unknown-command-code": "of 1 answers 0 came",
            "connect.config": "of 1 answers 0 came",
        },
    ),
    "error-without-code": Fault(
        error_without_code, {"connect.unknown-command-code": "are (0, 'SERVER', 400)"}
    ),
    "error-without-text": Fault(
        error_without_text,
        {
            "connect.unknown-command": "and no error",
            "connect.unknown-command-code": "are (0, '', 0)",
            "connect.unknown-service": "and no error",
        },
    ),
    "tunnel-hangs": Fault(tunnel_hangs, {"connect.unknown-service": "of 1 answers 0 came"}),
    "takes-100-commands": Fault(takes_100_commands, {"connect.many": "of 500 answers 100 came"}),
    "answers-once-more": Fault(
        answers_once_more, {"connect.many": "5 answers are to none of them"}
    ),
    "remembers-ids": Fault(remembers_ids, {"connect.twice": "of 1 answers 0 came"}),
    "one-at-a-time": Fault(
        one_at_a_time, {"connect.slow-command": "none of the 10 was answered before contract.slow"}
    ),
    "trips-over-payloads": Fault(
        trips_over_payloads, {"connect.broken-payload": "of 1 answers 0 came"}
    ),
    "takes-4-mib": Fault(takes_4_mib, {"connect.large": "then the stream ended"}),
    "answers-nothing": Fault(
        answers_nothing, {"connect.empty-message": 'it was answered: ack { message: "empty" }'}
    ),
    "acknowledges-all": Fault(
        acknowledges_all, {"connect.acknowledgement": "it was answered: ack"}
    ),
    "strict-parser": Fault(strict_parser, {"connect.unknown-fields": "of 1 answers 0 came"}),
    "ignores-configs": Fault(ignores_configs, {"connect.config": "of 1 answers 0 came"}),
    "config-ack-without-id": Fault(config_ack_without_id, {"connect.config": "and '' inside"}),
    "one-thing-at-a-time": Fault(
        one_thing_at_a_time, {"connect.during-outage": "of 1 answers 0 came"}
    ),
}
