"""Requests that schemathesis draws from the OpenAPI document: each answer is one of those in it."""

import json
import urllib.request
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from rodent_events import StoragePoolPayload
from toggle_mock import ToggleServer
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.http_api.bodies.base import LONGEST_WAIT
from toggle_mock.http_api.endpoint import Endpoint
from toggle_mock.http_api.endpoints import ENDPOINTS

pytestmark = pytest.mark.slow

ENDLESS = {"/api/v1/recording/feed", "/api/v1/events/stream", "/api/v1/changes"}
EXAMPLES = 6

QUERIES = st.sampled_from(["", "payload:pool", "pool_name:t* -level:ERROR", 'rid:"r1" OR tank'])
RECORDINGS = st.sampled_from(["", '{"entry": "clear"}\n'])
schemathesis.openapi.format("toggle-query", QUERIES)
schemathesis.openapi.format("toggle-recording", RECORDINGS)


@pytest.fixture(scope="module")
def toggle() -> Iterator[ToggleServer]:
    """A server on which something has happened, and a Rodent is connected."""
    with (
        ToggleServer(http_port=0, relay=True) as server,
        SimulatedRodent(server.address, server.jwt(rid="r1"), pace=0.001) as rodent,
    ):
        server.wait_for("payload:startup")
        rodent.emit(StoragePoolPayload(pool_name="tank"))
        rodent.flush()
        server.rodents["r1"].wait_connected()
        yield server


@pytest.fixture(scope="module")
def drawn(toggle):
    """The document, as schemathesis reads it."""
    url = f"http://{toggle.http_address}"
    with urllib.request.urlopen(f"{url}/openapi.json") as answer:
        schema = schemathesis.openapi.from_dict(json.load(answer))
    schema.config.base_url = url
    return schema


# That a Rodent fails or is silent is told with 502 and 504; of a 500, the document knows nothing.
UNWANTED = [schemathesis.checks.not_a_server_error]


def ask_at_once(case, endpoint: Endpoint) -> None:
    """Have nothing be waited for, and the Rodent be one that is connected."""
    if "rid" in case.path_parameters:
        case.path_parameters["rid"] = "r1"
    if not isinstance(case.body, dict):
        return
    waits = "timeout" in getattr(endpoint.body, "__struct_fields__", ())
    usual = (
        0
        if waits and case.body.keys().isdisjoint({"only", "not_received", "no_refusals"})
        else None
    )
    for name, default in (("timeout", usual), ("within", None)):
        value = case.body.get(name, default)
        if type(value) in {int, float} and 0 <= value <= LONGEST_WAIT:
            case.body[name] = 0


def is_said_by_no_schema(body) -> bool:
    """Whether it is wrong in a way that JSON Schema has no words for: shares of more than all."""
    rates = body.get("rates") if isinstance(body, dict) else None
    shares = rates.values() if isinstance(rates, dict) else [share for _, share in rates or []]
    return sum(shares) > 1


def takes_anything(endpoint: Endpoint) -> bool:
    """Whether a request to it can be wrong."""
    behind = set(endpoint.parameters.__struct_fields__) - set(endpoint.names_in_path)
    return bool(behind) or endpoint.body is not None


CASES = [
    pytest.param(endpoint, mode, id=f"{endpoint.method} {endpoint.path} {mode.value}")
    for endpoint in ENDPOINTS
    for mode in GenerationMode
    if endpoint.path not in ENDLESS
    and (mode is GenerationMode.POSITIVE or takes_anything(endpoint))
]


@pytest.mark.parametrize(("endpoint", "mode"), CASES)
def test_each_answer_is_one_of_those_in_the_document(toggle, drawn, endpoint, mode):
    operation = drawn[endpoint.path][endpoint.method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        if mode is GenerationMode.POSITIVE:
            assume(not is_said_by_no_schema(case.body))
        ask_at_once(case, endpoint)
        case.call_and_validate(timeout=30, excluded_checks=UNWANTED)

    try:
        ask()
    finally:
        toggle.faults.heal()
        toggle.tokens.restore()
