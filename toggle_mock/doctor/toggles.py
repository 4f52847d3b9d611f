"""What Toggle itself answers: over gRPC, by which schema, and over HTTP if it is a mock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from rodent_events import tls
from rodent_events.config import EventConfig
from rodent_events.payload_types import EVENT
from rodent_events.pb import POOL
from toggle_mock.dialing import channel
from toggle_mock.doctor.findings import Finding, fail, ok, warn
from toggle_mock.errors import RemoteError
from toggle_mock.http_api.bodies.server import Info
from toggle_mock.http_api.remote_api import RemoteApi
from toggle_mock.schema import REVISIONS, load_schema

_SHOWN = 3
"""How many fields that a schema lacks are named."""


def answers(config: EventConfig, timeout: float) -> Iterator[Finding]:
    """What it says to gRPC's health check, and by reflection."""
    credentials = tls.credentials(config) if config.secure else None
    with channel(config.target or "", (), credentials) as opened:
        health: Any = health_pb2_grpc.HealthStub(opened)
        try:
            state = health.Check(health_pb2.HealthCheckRequest(), timeout=timeout)
        except grpc.RpcError as error:
            yield _without_health(error)
        else:
            yield _health(state.status)
        try:
            file = ProtoReflectionDescriptorDatabase(opened).FindFileContainingSymbol(EVENT)
        except (grpc.RpcError, KeyError):
            yield ok("schema", "the server does not tell (it has no reflection)")
        else:
            yield compared(file)


def _health(status: int) -> Finding:
    if status == health_pb2.HealthCheckResponse.SERVING:
        return ok("grpc", "it answers, and serves")
    remedy = "wait until it is ready; of a mock, see which faults are in force"
    return fail("grpc", "it answers that it does not serve", remedy)


def _without_health(error: grpc.RpcError) -> Finding:
    code, details = error.code(), error.details()
    if code in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAUTHENTICATED):
        return ok("grpc", f"it answers ({code.name}: it has no health checks for all)")
    return fail("grpc", f"{code.name}: {details}", "see the server's log")


def compared(file: FileDescriptorProto) -> Finding:
    """The server's schema of events against that of this package."""
    theirs, ours = fields_of(file), fields_of(_own())
    known = [one for one in REVISIONS if fields_of(_published(one)) == theirs]
    name = "this package's own" if theirs == ours else (known or ["one of its own"])[-1]
    lacking = sorted(ours - theirs)
    if not lacking:
        return ok("schema", f"the server's is {name}, which has all that this package emits")
    shown = ", ".join(lacking[:_SHOWN]) + (", …" if len(lacking) > _SHOWN else "")
    return warn(
        "schema",
        f"the server's is {name}, without {len(lacking)} fields of this package's: {shown}",
        "toggle-mock schema check tells what becomes of them",
    )


def _own() -> FileDescriptorProto:
    return _described(POOL)


def _published(revision: str) -> FileDescriptorProto:
    return _described(load_schema(revision).pool)


def _described(pool: DescriptorPool) -> FileDescriptorProto:
    made = FileDescriptorProto()
    pool.FindMessageTypeByName(EVENT).file.CopyToProto(made)
    return made


def fields_of(file: FileDescriptorProto) -> frozenset[str]:
    """All fields of a file's messages: name, number and type."""
    return frozenset(line for message in file.message_type for line in _fields(message, ""))


def _fields(message: DescriptorProto, within: str) -> Iterator[str]:
    name = f"{within}{message.name}"
    for field in message.field:
        yield f"{name}.{field.name} = {field.number} ({field.type_name or field.type})"
    for inner in message.nested_type:
        yield from _fields(inner, f"{name}.")


def over_http(url: str) -> Finding:
    """What a mock says of itself over HTTP."""
    try:
        api = RemoteApi(url)
        try:
            readiness, info = api.readiness(), api.get("/info", Info)
        finally:
            api.close()
    except (RemoteError, ValueError) as error:
        return fail("http", str(error), "start it with serve --http PORT, and give that as --url")
    schema = info.schema.name if info.schema else "this package's own"
    told = f"a mock at {info.address}, {'TLS' if info.tls else 'plaintext'}, schema {schema}"
    if not readiness.ready:
        return fail("http", f"{told}; not ready: {readiness.reason}", "heal its faults")
    return ok("http", told)
