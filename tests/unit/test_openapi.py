"""The OpenAPI document that is made from the table of endpoints."""

import json
import re
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from toggle_mock.http_api.bodies.server import Info
from toggle_mock.http_api.endpoint import Endpoint
from toggle_mock.http_api.endpoints import ENDPOINTS
from toggle_mock.http_api.handlers import server
from toggle_mock.http_api.openapi import document

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def described():
    return document(ENDPOINTS)


def operations(described):
    return [operation for methods in described["paths"].values() for operation in methods.values()]


def test_the_description_is_valid(described):
    assert list(OpenAPIV31SpecValidator(described).iter_errors()) == []


def test_the_description_is_json(described):
    assert json.loads(json.dumps(described)) == described


def test_each_endpoint_is_in_it(described):
    paths = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert paths == {(endpoint.path, endpoint.method.lower()) for endpoint in ENDPOINTS}
    names = [operation["operationId"] for operation in operations(described)]
    assert len(set(names)) == len(ENDPOINTS)


def test_each_endpoint_says_what_it_does(described):
    for operation in operations(described):
        assert re.fullmatch(r"[A-Z][^\n]+\.", operation["summary"])
        for answer in operation["responses"].values():
            assert answer.get("description") or answer["$ref"]
    for answer in described["components"]["responses"].values():
        assert answer["description"]


def test_an_endpoint_knows_its_types_from_when_it_is_made(monkeypatch):
    """A test that patches what a handler calls must not change what is described after it."""
    patched = Endpoint("GET", "/info", server.info)
    monkeypatch.setattr(server, "Info", lambda **_: 1 / 0)
    assert patched.answer is Info


def test_parameters_in_a_path_are_fields(described):
    for endpoint in ENDPOINTS:
        assert set(endpoint.names_in_path) <= set(endpoint.parameters.__struct_fields__)
    (number, *_) = described["paths"]["/api/v1/calls/{number}"]["get"]["parameters"][::-1]
    assert number == {
        "name": "number",
        "in": "path",
        "required": True,
        "description": "Its place in the recording.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
    }


def test_what_can_be_left_out_of_a_url_is_not_null_there(described):
    (method,) = [
        one
        for one in described["paths"]["/api/v1/calls"]["get"]["parameters"]
        if one["name"] == "method"
    ]
    assert method["schema"] == {"enum": ["Connect", "Register", "SendEvents"]}


def test_what_blocks_runs_in_a_thread():
    """Others stream or look at what is there; whoever adds one here has thought of that."""
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.runs_in_loop} == {
        "/readyz",
        "/api/v1/changes",
        "/api/v1/events/stream",
        "/api/v1/recording/feed",
    }
