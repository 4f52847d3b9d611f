"""Register: what Toggle answers to a Rodent's first call."""

from __future__ import annotations

import re
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from grpc import StatusCode

from rodent_events.pb.base_pb2 import RegisterRequest, RegisterResponse, SystemInfo
from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.batches import with_unknown_fields
from toggle_mock.contract.toggle.caller import EMPTY_REGISTER
from toggle_mock.contract.toggle.rig import ToggleRig

REGISTER: Group[ToggleRig] = Group("register", "Register")

_SCHEMA = "the schema: RegisterResponse"
_NEEDS = ("register",)

_INFO = SystemInfo(
    cpu_usage=12.5,
    memory_usage=50.0,
    disk_usage=99.9,
    warnings=["pool tank is 90 % full"],
    errors=["disk ata-1 has failed"],
)

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")

_AT_ONCE = 20


@REGISTER.case(
    "first",
    "A Rodent that registers is answered with success",
    rule="The request of the published Rodent, an empty SystemInfo (0a 00), ends with OK and "
    "success=true.",
    source="the published Rodent on the wire: it repeats Register each 60 s until success=true, "
    "and does nothing else before",
    cost="The Rodent reports nothing, for ever.",
    needs=_NEEDS,
)
def first(rig: ToggleRig) -> None:
    """Its bytes are those of the published one."""
    rig.caller().registered(EMPTY_REGISTER)


@REGISTER.case(
    "again",
    "A Rodent that is registered may register again",
    rule="Register with the same token, on the same connection and on another one, ends with "
    "success=true each time.",
    source="the published Rodent on the wire: it registers at each start",
    cost="A node that is restarted does not come back.",
    needs=_NEEDS,
)
def again(rig: ToggleRig) -> None:
    """Twice, and once more from elsewhere."""
    caller = rig.caller()
    caller.registered()
    caller.registered()
    rig.caller().registered()


@REGISTER.case(
    "at-once",
    "One Rodent may register many times at once",
    rule="Twenty calls of one Rodent at the same time all end with success=true.",
    source="the published Rodent on the wire: it registers again whenever it is restarted, also "
    "while an earlier call is under way",
    cost="A supervisor that restarts a Rodent fast leaves it unregistered.",
    needs=_NEEDS,
)
def register_at_once(rig: ToggleRig) -> None:
    """On one connection."""
    for answer in rig.caller().call_at_once("Register", [EMPTY_REGISTER] * _AT_ONCE):
        answer.successful(RegisterResponse)


@REGISTER.case(
    "no-info",
    "A Register without SystemInfo is answered with success",
    rule="An empty RegisterRequest, of no bytes, ends with success=true.",
    source="protobuf: a field of proto3 that is a message may be absent; the schema: "
    "RegisterRequest.system_info",
    cost="Rodents in other languages, which leave out what is empty, cannot register.",
    needs=_NEEDS,
)
def no_info(rig: ToggleRig) -> None:
    """No bytes at all."""
    rig.caller().registered(b"")


@REGISTER.case(
    "filled",
    "A Register with all of SystemInfo is answered with success",
    rule="A request with usages, warnings and errors ends with success=true.",
    source="the schema: SystemInfo",
    cost="Rodents that tell of their node's state cannot register.",
    needs=_NEEDS,
)
def filled(rig: ToggleRig) -> None:
    """Text beyond ASCII is left to the events."""
    rig.caller().registered(RegisterRequest(system_info=_INFO))


@REGISTER.case(
    "unknown-fields",
    "A Register with fields of a later schema is answered with success",
    rule="A request with a field that the schema does not know, in it and in its SystemInfo, ends "
    "with success=true.",
    source="protobuf: unknown fields are no error",
    cost="Rodents can be updated only after Toggle.",
    needs=_NEEDS,
)
def unknown_fields(rig: ToggleRig) -> None:
    """Field 1999."""
    info = SystemInfo.FromString(with_unknown_fields(_INFO))
    rig.caller().registered(with_unknown_fields(RegisterRequest(system_info=info)))


@REGISTER.case(
    "expires-on",
    "expires_on is empty, or a time by RFC 3339",
    rule="RegisterResponse.expires_on is empty, or a date, a time and a zone as RFC 3339 has them.",
    source=_SCHEMA + ".expires_on: RFC 3339",
    cost="The Rodent cannot read when its certificate ends, and does not renew it.",
    needs=_NEEDS,
)
def expires_on(rig: ToggleRig) -> None:
    """Whatever it says, there is such a day."""
    text = rig.caller().registered().expires_on
    rig.expect(not text or _is_time(text), f"expires_on is {text!r}")


@REGISTER.case(
    "key-and-certificate",
    "There is a private key if, and only if, there is a certificate",
    rule="certificate and private_key are both empty or both PEM, and the key is the "
    "certificate's; expires_on is not empty then.",
    source=_SCHEMA + ": domain, certificate and private_key are all empty for a node that is "
    "registered already",
    cost="The node cannot serve its domain, and does not register again to get what is missing.",
    needs=_NEEDS,
)
def key_and_certificate(rig: ToggleRig) -> None:
    """For a node that registers for the first time, and again."""
    caller = rig.caller()
    for response in (caller.registered(), caller.registered()):
        _check_pair(rig, response)


@REGISTER.case(
    "garbage",
    "A Register that is none is refused",
    rule="Bytes that are no RegisterRequest end with INVALID_ARGUMENT or INTERNAL, and the next "
    "call on the connection is answered.",
    source="gRPC: a request that cannot be read ends with INTERNAL; status codes: INVALID_ARGUMENT",
    cost="A Rodent that is broken seems to be registered.",
    needs=_NEEDS,
)
def garbage(rig: ToggleRig) -> None:
    """A field that is longer than the message."""
    caller = rig.caller()
    answer = caller.register(b"\x0a\xff\x01")
    rig.expect(
        answer.status in {StatusCode.INVALID_ARGUMENT, StatusCode.INTERNAL},
        f"with bytes that are no RegisterRequest, {answer}",
    )
    caller.registered()


def _is_time(text: str) -> bool:
    if not _RFC_3339.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _check_pair(rig: ToggleRig, response: RegisterResponse) -> None:
    rig.expect(
        bool(response.certificate) == bool(response.private_key),
        f"there is {'a' if response.certificate else 'no'} certificate, and "
        f"{'a' if response.private_key else 'no'} private key",
    )
    if not response.certificate:
        return
    rig.expect(response.expires_on, "there is a certificate, and expires_on is empty")
    try:
        certificate = x509.load_pem_x509_certificate(response.certificate.encode())
        key = serialization.load_pem_private_key(response.private_key.encode(), None)
    except (ValueError, TypeError) as error:
        rig.expect(False, f"certificate and private_key are no PEM: {error}")
        return
    rig.expect(
        certificate.public_key() == key.public_key(), "the private key is not the certificate's"
    )
