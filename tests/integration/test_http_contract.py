"""Each endpoint, called for real, says what the OpenAPI document says that it says."""

import asyncio
import json
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jsonschema
import pytest

from rodent_events import StoragePoolPayload
from toggle_mock import Refusal, ToggleServer
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.http_api.endpoints import ENDPOINTS

STRANGER = {"host": "evil.example"}


async def never(_payload):
    await asyncio.Event().wait()


@pytest.fixture(scope="module")
def toggle():
    """A server on which something has happened, and one Rodent is connected."""
    with ToggleServer(http_port=0, relay=True) as server:
        commands = {"never": never}
        with SimulatedRodent(
            server.address, server.jwt(rid="r1"), pace=0.001, commands=commands
        ) as rodent:
            rodent.services["api"] = lambda request: (200, {"a": "b"}, request["body"])
            server.wait_for("payload:startup")
            rodent.emit(StoragePoolPayload(pool_name="tank"))
            rodent.flush()
            server.rodents["r1"].wait_connected()
            server.recording.refuse(Refusal("http1", "ipv4:127.0.0.1:1", "GET /"))
            yield server


@dataclass
class Reply:
    status: int
    media_type: str
    content: bytes


@pytest.fixture
def ask(toggle):
    """Sends a request; of an endless answer, the first line is read."""

    def send(method: str, path: str, body: Any = None, headers: dict | None = None) -> Reply:
        request = urllib.request.Request(
            f"http://{toggle.http_address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers or {},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                endless = answer.headers.get("content-length") is None
                content = answer.readline() if endless else answer.read()
                return Reply(answer.status, answer.headers["content-type"], content)
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers["content-type"], error.read())

    return send


@pytest.fixture(scope="module")
def document(toggle):
    with urllib.request.urlopen(f"http://{toggle.http_address}/openapi.json") as answer:
        document = json.load(answer)
    # What stands in no schema must not be answered either.
    for schema in document["components"]["schemas"].values():
        if schema.get("properties"):
            schema["additionalProperties"] = False
    return document


@dataclass
class Case:
    """A request, and the status that it is answered with; ``{new}`` is what was made before."""

    status: int
    path: str
    body: Any = None
    headers: dict = field(default_factory=dict)


# Of each endpoint a request that is answered, and one that is refused.
CASES = {
    ("GET", "/readyz"): [Case(200, "/readyz"), Case(403, "/readyz", headers=STRANGER)],
    ("GET", "/metrics"): [Case(200, "/metrics"), Case(400, "/metrics?name=x")],
    ("GET", "/openapi.json"): [
        Case(200, "/openapi.json"),
        Case(403, "/openapi.json", headers=STRANGER),
    ],
    ("GET", "/api/v1/info"): [
        Case(200, "/api/v1/info"),
        Case(403, "/api/v1/info", headers=STRANGER),
    ],
    ("GET", "/api/v1/events"): [
        Case(200, "/api/v1/events?query=payload:pool"),
        Case(400, "/api/v1/events?query=("),
        Case(404, "/api/v1/events?session=none"),
    ],
    ("GET", "/api/v1/events/rows"): [
        Case(200, "/api/v1/events/rows?query=payload:pool&first=-1&count=5"),
        Case(400, "/api/v1/events/rows?count=1001"),
        Case(404, "/api/v1/events/rows?session=none"),
    ],
    ("POST", "/api/v1/events/wait"): [
        Case(200, "/api/v1/events/wait", {"query": "payload:pool", "timeout": 20}),
        Case(409, "/api/v1/events/wait", {"query": "payload:acl", "timeout": 0}),
        Case(400, "/api/v1/events/wait", {"count": "x"}),
    ],
    ("POST", "/api/v1/events/verify"): [
        Case(200, "/api/v1/events/verify", {"received": "payload:pool", "count": 1}),
        Case(409, "/api/v1/events/verify", {"not_received": "payload:pool"}),
        Case(409, "/api/v1/events/verify", {"no_refusals": True}),
        Case(400, "/api/v1/events/verify", {"no_refusals": False}),
        Case(400, "/api/v1/events/verify", {"received": "", "only": ""}),
    ],
    ("GET", "/api/v1/events/stream"): [
        Case(200, "/api/v1/events/stream"),
        Case(400, "/api/v1/events/stream?query=("),
    ],
    ("GET", "/api/v1/calls"): [
        Case(200, "/api/v1/calls?method=Register&status=OK&limit=5"),
        Case(400, "/api/v1/calls?limit=-1"),
    ],
    ("GET", "/api/v1/calls/{number}"): [
        Case(200, "/api/v1/calls/1"),
        Case(404, "/api/v1/calls/99999"),
        Case(400, "/api/v1/calls/first"),
    ],
    ("GET", "/api/v1/calls/{number}/events/{place}"): [
        Case(200, "/api/v1/calls/{accepted}/events/0"),
        Case(404, "/api/v1/calls/{accepted}/events/99"),
        Case(400, "/api/v1/calls/{accepted}/events/first"),
    ],
    ("GET", "/api/v1/attempts"): [
        Case(200, "/api/v1/attempts?batch_id={batch}"),
        Case(400, "/api/v1/attempts?limit=1"),
        Case(404, "/api/v1/attempts?batch_id=x&session=none"),
    ],
    ("GET", "/api/v1/changes"): [
        Case(200, "/api/v1/changes?query=payload:pool"),
        Case(400, "/api/v1/changes?query=("),
    ],
    ("GET", "/api/v1/activity"): [
        Case(200, "/api/v1/activity?seconds=60&buckets=10"),
        Case(400, "/api/v1/activity?seconds=1"),
    ],
    ("GET", "/api/v1/schema"): [
        Case(200, "/api/v1/schema"),
        Case(404, "/api/v1/schema?session=none"),
    ],
    ("GET", "/api/v1/query"): [
        Case(200, "/api/v1/query?query=payload:pool"),
        Case(200, "/api/v1/query?query=pol_name:tank"),
        Case(400, "/api/v1/query?text=x"),
    ],
    ("POST", "/api/v1/calls/wait"): [
        Case(200, "/api/v1/calls/wait", {"method": "Connect"}),
        Case(409, "/api/v1/calls/wait", {"status": "ABORTED", "timeout": 0}),
        Case(400, "/api/v1/calls/wait", {"method": "Send"}),
    ],
    ("GET", "/api/v1/refusals"): [
        Case(200, "/api/v1/refusals?limit=5"),
        Case(400, "/api/v1/refusals?limit=-1"),
        Case(404, "/api/v1/refusals?session=none"),
    ],
    ("GET", "/api/v1/recording"): [
        Case(200, "/api/v1/recording"),
        Case(403, "/api/v1/recording", headers=STRANGER),
    ],
    ("DELETE", "/api/v1/recording"): [
        Case(200, "/api/v1/recording?session={session}"),
        Case(404, "/api/v1/recording?session=none"),
    ],
    ("POST", "/api/v1/recording/load"): [
        Case(200, "/api/v1/recording/load", {"name": "x.ndjson", "content": ""}),
        Case(400, "/api/v1/recording/load", {"content": "{}"}),
    ],
    ("POST", "/api/v1/recording/replay"): [
        Case(200, "/api/v1/recording/replay?session={session}", {}),
        Case(404, "/api/v1/recording/replay?session=none", {}),
    ],
    ("GET", "/api/v1/recording/compare"): [
        Case(200, "/api/v1/recording/compare?other={session}"),
        Case(404, "/api/v1/recording/compare?other=none"),
    ],
    ("GET", "/api/v1/recording/feed"): [
        Case(200, "/api/v1/recording/feed"),
        Case(404, "/api/v1/recording/feed?session=none"),
    ],
    ("POST", "/api/v1/recording/feed/mark"): [
        Case(200, "/api/v1/recording/feed/mark", {"feed": "{feed}", "mark": 1}),
        Case(404, "/api/v1/recording/feed/mark", {"feed": "none", "mark": 1}),
        Case(400, "/api/v1/recording/feed/mark", {}),
    ],
    ("GET", "/api/v1/faults"): [
        Case(200, "/api/v1/faults"),
        Case(404, "/api/v1/faults?session=none"),
    ],
    ("POST", "/api/v1/faults"): [
        Case(200, "/api/v1/faults", {"method": "Register", "returns": ["OK"]}),
        Case(200, "/api/v1/faults", {"latency": {"seconds": 0.001}}),
        Case(400, "/api/v1/faults", {"method": "Register"}),
    ],
    ("DELETE", "/api/v1/faults"): [
        Case(200, "/api/v1/faults?session={session}"),
        Case(404, "/api/v1/faults?session=none"),
    ],
    ("DELETE", "/api/v1/faults/{fault}"): [
        Case(200, "/api/v1/faults/{fault}"),
        Case(404, "/api/v1/faults/none"),
    ],
    ("GET", "/api/v1/rodents"): [
        Case(200, "/api/v1/rodents"),
        Case(400, "/api/v1/rodents?rid=x"),
    ],
    ("GET", "/api/v1/rodents/{rid}"): [
        Case(200, "/api/v1/rodents/r1"),
        Case(404, "/api/v1/rodents/r1?session=none"),
    ],
    ("POST", "/api/v1/connected/wait"): [
        Case(200, "/api/v1/connected/wait", {"count": 1}),
        Case(409, "/api/v1/connected/wait", {"count": 9, "timeout": 0}),
        Case(400, "/api/v1/connected/wait", {"count": -1}),
    ],
    ("POST", "/api/v1/rodents/{rid}/wait"): [
        Case(200, "/api/v1/rodents/r1/wait", {}),
        Case(409, "/api/v1/rodents/ghost/wait", {"timeout": 0}),
        Case(504, "/api/v1/rodents/r1/wait", {"connected": False, "timeout": 0}),
        Case(400, "/api/v1/rodents/r1/wait", {"connected": 1}),
    ],
    ("POST", "/api/v1/rodents/{rid}/send"): [
        Case(200, "/api/v1/rodents/r1/send", {"raw": "CgJpZA=="}),
        Case(409, "/api/v1/rodents/ghost/send", {"raw": "", "timeout": 0}),
        Case(400, "/api/v1/rodents/r1/send", {}),
    ],
    ("POST", "/api/v1/rodents/{rid}/commands"): [
        Case(200, "/api/v1/rodents/r1/commands", {"type": "never"}),
        Case(409, "/api/v1/rodents/ghost/commands", {"type": "x", "timeout": 0}),
        Case(400, "/api/v1/rodents/r1/commands", {}),
    ],
    ("POST", "/api/v1/rodents/{rid}/commands/{command}/wait"): [
        Case(200, "/api/v1/rodents/r1/commands/{system.status}/wait", {}),
        Case(504, "/api/v1/rodents/r1/commands/{never}/wait", {"timeout": 0}),
        Case(404, "/api/v1/rodents/r1/commands/none/wait", {}),
        Case(400, "/api/v1/rodents/r1/commands/none/wait", {"timeout": -1}),
    ],
    ("POST", "/api/v1/rodents/{rid}/command"): [
        Case(200, "/api/v1/rodents/r1/command", {"type": "system.status"}),
        Case(200, "/api/v1/rodents/r1/command", {"type": "unknown", "payload": [1]}),
        Case(409, "/api/v1/rodents/ghost/command", {"type": "x", "timeout": 0}),
        Case(504, "/api/v1/rodents/r1/command", {"type": "never", "timeout": 0.05}),
        Case(400, "/api/v1/rodents/r1/command", {"payload": 1}),
    ],
    ("POST", "/api/v1/rodents/{rid}/config"): [
        Case(200, "/api/v1/rodents/r1/config", {"type": "log", "payload": {"level": "x"}}),
        Case(409, "/api/v1/rodents/ghost/config", {"type": "x", "timeout": 0}),
        Case(400, "/api/v1/rodents/r1/config", {"type": 5}),
    ],
    ("POST", "/api/v1/rodents/{rid}/http"): [
        Case(
            200,
            "/api/v1/rodents/r1/http",
            {"service": "api", "method": "PUT", "path": "/", "headers": {"x": "y"}, "body": "aGk="},
        ),
        Case(502, "/api/v1/rodents/r1/http", {"service": "no", "method": "GET", "path": "/"}),
        Case(400, "/api/v1/rodents/r1/http", {"service": "api", "method": "GET"}),
    ],
    ("POST", "/api/v1/rodents/{rid}/disconnect"): [
        Case(200, "/api/v1/rodents/r1/disconnect", {"status": "ABORTED", "details": "over"}),
        Case(409, "/api/v1/rodents/ghost/disconnect", {}),
        Case(400, "/api/v1/rodents/ghost/disconnect", {"status": "NOPE"}),
    ],
    ("POST", "/api/v1/tokens"): [
        Case(200, "/api/v1/tokens", {"rid": "r5", "claims": {"exp": None, "x": 1}}),
        Case(400, "/api/v1/tokens", {"expires_in": "x"}),
    ],
    ("POST", "/api/v1/tokens/revoke"): [
        Case(200, "/api/v1/tokens/revoke", {"rid": "r9", "status": "PERMISSION_DENIED"}),
        Case(400, "/api/v1/tokens/revoke", {}),
    ],
    ("POST", "/api/v1/tokens/restore"): [
        Case(200, "/api/v1/tokens/restore", {}),
        Case(400, "/api/v1/tokens/restore?rid=x", {}),
        Case(404, "/api/v1/tokens/restore?session=none", {}),
    ],
    ("GET", "/api/v1/sessions"): [
        Case(200, "/api/v1/sessions"),
        Case(400, "/api/v1/sessions?session={session}"),
    ],
    ("POST", "/api/v1/sessions"): [
        Case(200, "/api/v1/sessions", {"rid": "r9"}),
        Case(400, "/api/v1/sessions", {"name": "x"}),
    ],
    ("POST", "/api/v1/sessions/{session}/renew"): [
        Case(200, "/api/v1/sessions/{session}/renew"),
        Case(404, "/api/v1/sessions/none/renew"),
    ],
    ("DELETE", "/api/v1/sessions/{session}"): [
        Case(200, "/api/v1/sessions/{session}"),
        Case(404, "/api/v1/sessions/none"),
    ],
}


def test_each_endpoint_has_its_cases():
    assert set(CASES) == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    statuses = [{case.status for case in cases} for cases in CASES.values()]
    assert all(200 in found and max(found) >= 400 for found in statuses)


@pytest.mark.parametrize(
    ("method", "path", "case"),
    [
        pytest.param(*endpoint, case, id=f"{' '.join(endpoint)} {case.status}")
        for endpoint, cases in CASES.items()
        for case in cases
    ],
)
def test_what_is_answered_is_what_is_described(toggle, ask, document, method, path, case):
    operation = document["paths"][path][method.lower()]
    with opened_feed(toggle, case) as feed:
        text = json.dumps([case.path, case.body])
        for name, make in {**MAKERS, "{feed}": lambda _: feed}.items():
            text = text.replace(name, make(ask)) if name in text else text
        filled, body = json.loads(text)
        answer = ask(method, filled, body, case.headers)
    toggle.rodents["r1"].wait_connected()  # again, where it was disconnected
    assert answer.status == case.status, answer.content
    described = operation["responses"][str(case.status)]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    described = described["content"]
    media_type = answer.media_type.partition(";")[0]
    assert media_type in described
    if "schema" in described[media_type]:
        validate(json.loads(answer.content), described[media_type]["schema"], document)
    if body is not None and "requestBody" in operation and case.status != 400:
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        validate(body, asked, document)


@pytest.mark.parametrize(
    ("method", "path", "case"),
    [
        pytest.param(*endpoint, case, id=" ".join(endpoint))
        for endpoint, cases in CASES.items()
        for case in cases
        if case.status == 400 and case.body
    ],
)
def test_what_is_refused_is_described_as_no_request(document, method, path, case):
    operation = document["paths"][path][method.lower()]
    asked = operation["requestBody"]["content"]["application/json"]["schema"]
    with pytest.raises(jsonschema.ValidationError):
        validate(case.body, asked, document)


def validate(data, schema, document):
    jsonschema.validate(
        data, schema | {"components": document["components"]}, jsonschema.Draft202012Validator
    )


def session(ask) -> str:
    return json.loads(ask("POST", "/api/v1/sessions", {}).content)["session"]


def fault(ask) -> str:
    body = {"method": "Register", "returns": ["OK"]}
    return json.loads(ask("POST", "/api/v1/faults", body).content)["fault"]


def command(kind: str):
    def send(ask) -> str:
        answer = ask("POST", "/api/v1/rodents/r1/commands", {"type": kind})
        return json.loads(answer.content)["command"]

    return send


def accepted(ask) -> str:
    """The number of a call whose batch was accepted."""
    answer = ask("GET", "/api/v1/events/rows?query=payload:pool")
    return str(json.loads(answer.content)["rows"][0]["call"])


def batch(ask) -> str:
    answer = ask("GET", "/api/v1/events/rows?query=payload:pool")
    return json.loads(answer.content)["rows"][0]["batch_id"]


MAKERS = {
    "{accepted}": accepted,
    "{batch}": batch,
    "{session}": session,
    "{fault}": fault,
    "{system.status}": command("system.status"),
    "{never}": command("never"),
}


@contextmanager
def opened_feed(toggle, case):
    """The name of a feed that is open as long as a case needs it."""
    if "{feed}" not in json.dumps(case.body):
        yield ""
        return
    url = f"http://{toggle.http_address}/api/v1/recording/feed"
    with urllib.request.urlopen(url, timeout=30) as answer:
        yield json.loads(answer.readline())["feed"]


def test_what_the_server_is_not_ready_for(toggle, ask, document):
    with toggle.faults.outage():
        answer = ask("GET", "/readyz")
    assert answer.status == 503
    described = document["paths"]["/readyz"]["get"]["responses"]["503"]["content"]
    validate(json.loads(answer.content), described["application/json"]["schema"], document)
