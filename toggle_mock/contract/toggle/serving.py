"""Services beside the Rodents': health and reflection."""

from __future__ import annotations

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from toggle_mock.contract.cases import Group
from toggle_mock.contract.toggle.rig import ToggleRig
from toggle_mock.recording.records import SERVICE

SERVICES: Group[ToggleRig] = Group("services", "Health and reflection")

_REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
_HEALTH = "/grpc.health.v1.Health/Check"


@SERVICES.case(
    "health",
    "It says that it is well",
    rule="grpc.health.v1.Health/Check of the whole server is answered with SERVING, without a "
    "token.",
    source="gRPC, health checking protocol",
    cost="Load balancers and Kubernetes cannot tell whether it is ready.",
    severity="should",
    needs=("health",),
)
def health(rig: ToggleRig) -> None:
    """Who checks has no token."""
    answer = rig.caller_with(()).call(_HEALTH, HealthCheckRequest())
    status = answer.message(HealthCheckResponse).status
    rig.expect(
        status == HealthCheckResponse.SERVING,
        f"its health is {HealthCheckResponse.ServingStatus.Name(status)}",
    )


@SERVICES.case(
    "unknown-health",
    "It knows nothing of the health of what there is not",
    rule="grpc.health.v1.Health/Check of a service that there is not ends with NOT_FOUND.",
    source="gRPC, health checking protocol: NOT_FOUND for a service that is unknown",
    cost="A check with a slip of the pen is green for ever.",
    severity="should",
    needs=("health",),
)
def unknown_health(rig: ToggleRig) -> None:
    """A name that nobody has."""
    answer = rig.caller_with(()).call(_HEALTH, HealthCheckRequest(service="no.such.Service"))
    rig.expect(
        answer.status is grpc.StatusCode.NOT_FOUND, f"of a service that there is not: {answer}"
    )


@SERVICES.case(
    "reflection",
    "It tells what it serves",
    rule="grpc.reflection.v1alpha.ServerReflection lists rodent.RodentService.",
    source="gRPC, server reflection",
    cost="Tools such as grpcurl need the schema from elsewhere.",
    severity="should",
    needs=("reflection",),
)
def reflection(rig: ToggleRig) -> None:
    """The list of services."""
    asked = ServerReflectionRequest(list_services="")
    answer = rig.caller_with(()).call(_REFLECTION, asked)
    listed = answer.message(ServerReflectionResponse).list_services_response.service
    names = [service.name for service in listed]
    rig.expect(SERVICE in names, f"it lists {', '.join(names) or 'nothing'}")
