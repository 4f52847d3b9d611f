"""Connect: the stream, and what a Rodent answers on it."""

from __future__ import annotations

import json
from collections import Counter

from rodent_events.pb.base_pb2 import Acknowledgement, RodentRequest, ToggleRequest
from toggle_mock.contract.cases import Group
from toggle_mock.contract.rodent.conversation import Conversation, command, config, status
from toggle_mock.contract.rodent.rig import RodentRig
from toggle_mock.contract.settings import SlowCommand
from toggle_mock.wording import in_a_line

CONNECT: Group[RodentRig] = Group("connect", "The stream, and what is answered on it")

_WIRE = "the published Rodent on the wire"
_UNKNOWN = "contract.no-such-command"

_QUIET = 0.5
"""Seconds within which a Rodent that speaks unasked has spoken."""

_MIB = 1024 * 1024
_LARGE = (_MIB, 5 * _MIB, 16 * _MIB - 64 * 1024)
"""Bytes of commands that arrive."""

_STATUS_KEYS = ("status", "timestamp", "cpu_usage", "memory_usage", "disk_usage")


@CONNECT.case(
    "silent",
    "A Rodent opens its stream, and says nothing until it is spoken to",
    rule="Nothing comes over the stream within half a second; the first message is the answer to "
    "Toggle's first one.",
    source=f"{_WIRE}: it sends nothing unasked, so the server speaks first",
    cost="A Toggle that waits to be asked takes what comes for the answer to its first command.",
    needs=("connect",),
    waits=("connect",),
)
def silent(rig: RodentRig) -> None:
    """A while, then a command."""
    rig.start()
    talk = Conversation(rig)
    rig.never(lambda: talk.call.messages, _QUIET, "it has said something unasked")
    asked = status()
    answer = talk.ask(asked)
    rig.expect(
        answer.request_id == asked.request_id, f"its first message is no answer: {_told(answer)}"
    )


@CONNECT.case(
    "one-stream",
    "There is one stream of a Rodent at a time",
    rule="While its stream is open, the Rodent opens no other; seen for half a second.",
    source=f"{_WIRE}: one Connect call at a time",
    cost="Commands go to one stream or the other, and a Rodent that reads only one loses them.",
    needs=("connect",),
    waits=("connect",),
)
def one_stream(rig: RodentRig) -> None:
    """The streams for a while."""
    rig.start()
    rig.connected()
    rig.never(lambda: len(rig.calls("Connect")) > 1, _QUIET, "it has opened a second stream")


@CONNECT.case(
    "request-ids",
    "An answer has the command's request id, outside and inside",
    rule="The request_id of the RodentRequest and that of the CommandResponse in it are that of "
    "the command, for each of ten commands.",
    source=f"{_WIRE}; the schema: CommandResponse.request_id is the command's",
    cost="Toggle cannot tell which command was answered: the user sees a timeout.",
    needs=("connect",),
    waits=("connect",),
)
def request_ids(rig: RodentRig) -> None:
    """Ten commands."""
    rig.start()
    talk = Conversation(rig)
    for _ in range(10):
        asked = status()
        answer = talk.ask(asked)
        ids = (answer.request_id, answer.command_response.request_id)
        rig.expect(
            ids == (asked.request_id,) * 2,
            f"the command {asked.request_id} was answered as {ids[0]!r}, and {ids[1]!r} inside",
        )


@CONNECT.case(
    "empty-id",
    "A command without a request id is answered without one",
    rule="A command whose request_id is empty is answered; the answer's ids are empty too.",
    source=f"{_WIRE}: empty request_id, empty answer id",
    cost="An id that nobody gave belongs to another command, or to none.",
    severity="should",
    needs=("connect",),
    waits=("connect",),
)
def empty_id(rig: RodentRig) -> None:
    """One command."""
    rig.start()
    answer = Conversation(rig).ask(status(request_id=""))
    ids = (answer.request_id, answer.command_response.request_id)
    rig.expect(ids == ("", ""), f"it was answered as {ids[0]!r}, and {ids[1]!r} inside")


@CONNECT.case(
    "status",
    "system.status is answered with the state of the node",
    rule="The answer is success, its payload JSON with the keys status, timestamp, cpu_usage, "
    "memory_usage and disk_usage.",
    source=f"{_WIRE}: Toggle's heartbeat is this command",
    cost="Toggle shows the node as down.",
    needs=("connect",),
    waits=("connect",),
)
def system_status(rig: RodentRig) -> None:
    """The command, once."""
    rig.start()
    response = Conversation(rig).ask(status()).command_response
    rig.expect(response.success, f"it was answered with {response.error or response.message}")
    try:
        payload = json.loads(response.payload)
    except ValueError:
        payload = None
    rig.expect(isinstance(payload, dict), f"its payload is {response.payload[:200]!r}")
    missing = [key for key in _STATUS_KEYS if key not in payload]
    rig.expect(not missing, f"its payload has no {', '.join(missing)}: {payload}")


@CONNECT.case(
    "unknown-command",
    "An unknown command is answered with an error",
    rule=f"The command {_UNKNOWN} is answered with success=false and an error that has a text or "
    "a code.",
    source=f"{_WIRE}: success=false, and an error",
    cost="Whoever gives an old Rodent a new command waits for nothing, or believes it was done.",
    needs=("connect",),
    waits=("connect",),
)
def unknown_command(rig: RodentRig) -> None:
    """One that no Rodent has."""
    rig.start()
    response = Conversation(rig).ask(command(_UNKNOWN)).command_response
    rig.expect(not response.success, "it was answered with success")
    error = response.error
    rig.expect(error.code or error.message, "it was answered with success=false, and no error")


@CONNECT.case(
    "unknown-command-code",
    "The error of an unknown command is 1106 of SERVER, HTTP 400",
    rule="Its code is 1106, its domain SERVER, its http_status 400.",
    source=f"{_WIRE}: error code 1106, domain SERVER, http_status 400",
    cost="What Toggle shows goes by the code: it says that the node is broken.",
    severity="should",
    needs=("connect",),
    waits=("connect",),
)
def unknown_command_code(rig: RodentRig) -> None:
    """As above."""
    rig.start()
    error = Conversation(rig).ask(command(_UNKNOWN)).command_response.error
    seen = (error.code, error.domain, error.http_status)
    rig.expect(seen == (1106, "SERVER", 400), f"its code, domain and http_status are {seen}")


@CONNECT.case(
    "unknown-service",
    "A request to a service that there is not is answered with an error",
    rule="tunnel.http to the service contract-no-such-service is answered with success=false and "
    "an error.",
    source=f"{_WIRE}: 1106, and the reason in the details",
    cost="A page that is shown through the Rodent hangs.",
    needs=("connect",),
    waits=("connect",),
)
def unknown_service(rig: RodentRig) -> None:
    """One request."""
    request = {"service": "contract-no-such-service", "method": "GET", "path": "/"}
    rig.start()
    asked = command("tunnel.http", json.dumps({**request, "headers": {}, "body": ""}).encode())
    response = Conversation(rig).ask(asked).command_response
    rig.expect(not response.success, f"it was answered with success: {response.payload[:200]!r}")
    error = response.error
    rig.expect(error.code or error.message, "it was answered with success=false, and no error")


@CONNECT.case(
    "many",
    "500 commands at once are all answered, each once",
    rule="500 commands are sent without waiting; 500 answers come, one with each id, in any order.",
    source=f"{_WIRE}: up to 500 commands are queued",
    cost="Of a fleet-wide action some nodes report nothing.",
    needs=("connect",),
    waits=("connect",),
)
def many(rig: RodentRig) -> None:
    """All of them, then all answers."""
    rig.start()
    talk = Conversation(rig)
    asked = [status() for _ in range(500)]
    talk.say(*asked)
    answers = talk.hear(len(asked))
    answers += talk.the_rest()
    _expect_answers(rig, asked, answers)


@CONNECT.case(
    "twice",
    "The same command twice is answered twice",
    rule="A command that comes a second time, with the same request_id, is answered again.",
    source=f"{_WIRE}: nothing is remembered of earlier commands",
    cost="Toggle asks again since an answer was lost, and waits for ever.",
    needs=("connect",),
    waits=("connect",),
)
def twice(rig: RodentRig) -> None:
    """Twice, one after the other."""
    rig.start()
    talk = Conversation(rig)
    asked = status()
    _expect_answers(rig, [asked, asked], [talk.ask(asked), talk.ask(asked)])


@CONNECT.case(
    "slow-command",
    "A command that takes long does not hold up others",
    rule="After the contract's slow_command ten times system.status is asked; all eleven are "
    "answered, and the slow one is not the first.",
    source=f"{_WIRE}: answers come out of order",
    cost="While a scrub is started or a directory is asked, the node is shown as down.",
    needs=("connect", "slow_command"),
    waits=("connect",),
)
def slow_command(rig: RodentRig) -> None:
    """The slow one first."""
    slow = rig.contract.slow_command
    assert isinstance(slow, SlowCommand)
    rig.start()
    talk = Conversation(rig)
    payload = b"" if slow.payload is None else json.dumps(slow.payload).encode()
    asked = [command(slow.command, payload, target=slow.target), *(status() for _ in range(10))]
    talk.say(*asked)
    answers = talk.hear(len(asked))
    _expect_answers(rig, asked, answers)
    place = [answer.request_id for answer in answers].index(asked[0].request_id)
    rig.expect(place > 0, f"none of the 10 was answered before {slow.command}")


@CONNECT.case(
    "broken-payload",
    "A command whose payload is no JSON does no harm",
    rule="system.status with a payload that is neither JSON nor UTF-8 is answered, with success "
    "or with an error, and so is the next command.",
    source=f"{_WIRE}: each command is answered",
    cost="One bad request ends the agent, or its stream.",
    needs=("connect",),
    waits=("connect",),
)
def broken_payload(rig: RodentRig) -> None:
    """Bytes, then a command that is right."""
    rig.start()
    talk = Conversation(rig)
    asked = [command("system.status", b"\xff{\0"), status()]
    _expect_answers(rig, asked, [talk.ask(one) for one in asked])


@CONNECT.case(
    "large",
    "Commands of up to 16 MiB arrive",
    rule="Commands of 1 MiB, 5 MiB and 16 MiB less 64 KiB are answered, with success or an error.",
    source=f"{_WIRE}: a receive limit of 16 MiB (gRPC's own is 4 MiB)",
    cost="A large command ends the stream with RESOURCE_EXHAUSTED, and again when it is repeated.",
    needs=("connect",),
    waits=("connect",),
)
def large(rig: RodentRig) -> None:
    """Three sizes."""
    rig.start()
    for size in _LARGE:
        payload = json.dumps({"filler": "x" * (size - 512)}).encode()
        asked = command("system.status", payload)
        talk = Conversation(rig)
        talk.say(asked)
        heard = talk.hear()
        rig.expect(heard[0].request_id == asked.request_id, f"{size} bytes were answered otherwise")


@CONNECT.case(
    "empty-message",
    "A message without a payload has no answer, and does no harm",
    rule="A ToggleRequest whose oneof is empty is not answered; the commands after it are.",
    source=f"{_WIRE}: an empty oneof has no answer",
    cost="A newer Toggle that says something new ends the stream of older Rodents.",
    needs=("connect",),
    waits=("connect",),
)
def empty_message(rig: RodentRig) -> None:
    """One with an id, one that is empty altogether."""
    _expect_no_answer(rig, ToggleRequest(request_id="empty"), ToggleRequest())


@CONNECT.case(
    "acknowledgement",
    "An Acknowledgement has no answer",
    rule="An Acknowledgement of Toggle's is not answered; the commands after it are.",
    source=f"{_WIRE}: an inbound Acknowledgement has no answer",
    cost="Two sides that acknowledge acknowledgements never stop.",
    needs=("connect",),
    waits=("connect",),
)
def acknowledgement(rig: RodentRig) -> None:
    """One of something that it never sent."""
    ack = Acknowledgement(request_id="unasked", success=True, message="taken")
    _expect_no_answer(rig, ToggleRequest(request_id="unasked", ack=ack))


@CONNECT.case(
    "unknown-fields",
    "Fields that a Rodent does not know do no harm",
    rule="A command with an unknown field in its message is answered as ever.",
    source="protobuf: unknown fields are kept or dropped, and never an error",
    cost="Toggle cannot be updated before all of its Rodents are.",
    needs=("connect",),
    waits=("connect",),
)
def unknown_fields(rig: RodentRig) -> None:
    """A text in field 1000."""
    rig.start()
    talk = Conversation(rig)
    asked = status()
    talk.say(asked.SerializeToString() + b"\xc2\x3e\x03new")
    _expect_answers(rig, [asked], talk.hear())


@CONNECT.case(
    "config",
    "A ConfigUpdate is acknowledged",
    rule="It is answered with an Acknowledgement whose request_id is its own, outside and inside.",
    source=f"{_WIRE}: ConfigUpdate, an Acknowledgement",
    cost="Toggle does not know whether the node has its configuration, and sends it for ever.",
    needs=("connect",),
    waits=("connect",),
)
def config_update(rig: RodentRig) -> None:
    """One of a type that need not mean anything."""
    rig.start()
    asked = config("logging", b'{"level": "info"}')
    answer = Conversation(rig).ask(asked)
    rig.expect(answer.WhichOneof("payload") == "ack", f"it was answered with {_told(answer)}")
    ids = (answer.request_id, answer.ack.request_id)
    rig.expect(
        ids == (asked.request_id,) * 2,
        f"the update {asked.request_id} was acknowledged as {ids[0]!r}, and {ids[1]!r} inside",
    )


@CONNECT.case(
    "during-outage",
    "Commands are answered while SendEvents is not",
    rule="While a SendEvents is under way that Toggle does not answer, a command is answered.",
    source=f"{_WIRE}: the calls know nothing of each other",
    cost="Just when a node has trouble, it cannot be asked what is wrong.",
    needs=("connect", "events"),
    waits=("batch", "connect"),
)
def during_outage(rig: RodentRig) -> None:
    """A batch that hangs, then commands."""
    agent = rig.start()
    talk = Conversation(rig)
    with rig.toggle.faults.hanging():
        seen = len(rig.calls("SendEvents"))
        agent.provoke()
        rig.wait_for_call("SendEvents", seen + 1, timeout=rig.patience("batch"))
        talk.the_rest()
        hanging = rig.calls("SendEvents")[seen]
        rig.reached(hanging.status is None, f"SendEvents ended with {hanging.status}")


def _expect_no_answer(rig: RodentRig, *requests: ToggleRequest) -> None:
    """What these have been answered with by the time that two later commands are, is nothing."""
    rig.start()
    talk = Conversation(rig)
    talk.say(*requests)
    came = talk.the_rest()
    rig.expect(not came, f"it was answered: {', '.join(map(_told, came))}")


def _expect_answers(
    rig: RodentRig, asked: list[ToggleRequest], answers: list[RodentRequest]
) -> None:
    """Each was answered as often as it was asked."""
    wanted = Counter(one.request_id for one in asked)
    got = Counter(
        one.request_id for one in answers if one.WhichOneof("payload") == "command_response"
    )
    missing, more = wanted - got, got - wanted
    rig.expect(
        not missing and not more,
        f"of {len(asked)} commands {missing.total()} were not answered, and {more.total()} "
        f"answers are to none of them: {', '.join(list(more)[:3]) or 'none'}",
    )


def _told(answer: RodentRequest) -> str:
    return in_a_line(answer) or "an empty message"
