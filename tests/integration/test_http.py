"""The HTTP API, as a test in another language uses it: urllib stands for curl."""

import base64
import json
import socket
import threading
import time
import urllib.error
import urllib.request

import grpc
import httpx
import pytest

from rodent_events import (
    Event,
    EventBatch,
    EventBus,
    EventClient,
    StoragePoolPayload,
    UsageThresholdPayload,
)
from rodent_events.pb.base_pb2 import CommandResponse
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.http_api.app import application, description
from toggle_mock.http_api.state import Api
from toggle_mock.page import Page
from toggle_mock.recording.entries import decode
from toggle_mock.recording.playback import Player
from toggle_mock.recording.recorder import Recording

PACE = 0.001


@pytest.fixture(scope="module")
def toggle():
    with ToggleServer(http_port=0, relay=True) as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh(toggle):
    toggle.begin_test()


@pytest.fixture
def rodent(toggle):
    with SimulatedRodent(toggle.address, toggle.jwt(rid="r1"), pace=PACE) as rodent:
        toggle.wait_for("payload:startup")
        yield rodent


@pytest.fixture
def ask(toggle):
    """Sends a request; returns the status and what the answer has as JSON."""

    def send(method: str, path: str, body=None, headers=None, prefix="/api/v1"):
        request = urllib.request.Request(
            f"http://{toggle.http_address}{prefix}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers or {},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    return send


def status(toggle, **claims) -> Status:
    with EventClient(target=toggle.address, jwt=toggle.jwt(**claims)) as client:
        return client.send_batch(b"\x1a\x02b1").status


def test_it_is_ready_unless_in_an_outage(toggle, ask):
    assert ask("GET", "/readyz", prefix="") == (200, {"ready": True, "reason": None})
    with toggle.faults.outage():
        assert ask("GET", "/readyz", prefix="") == (
            503,
            {"ready": False, "reason": "the server does not listen"},
        )


def strictly(content: bytes):
    """What JSON says, if it is valid: Python's own takes NaN too."""

    def refuse(name):
        pytest.fail(f"{name} is no JSON")

    return json.loads(content, parse_constant=refuse)


def test_zeros_are_shown_large_numbers_are_exact_and_nan_is_valid(toggle, rodent):
    rodent.emit(StoragePoolPayload(pool_name="tank", size_bytes=2**63 - 1))
    rodent.emit(StoragePoolPayload(pool_name="empty", size_bytes=0))
    rodent.emit(UsageThresholdPayload(current_value=float("nan")))
    rodent.flush()
    toggle.wait_for("payload:threshold")
    url = f"http://{toggle.http_address}/api/v1/events?query="
    found = strictly(httpx.get(f"{url}payload:pool").content)["events"]
    pools = [one["event"]["storage_event"]["pool_event"] for one in found]
    assert [pool["size_bytes"] for pool in pools] == ["9223372036854775807", "0"]
    assert found[1]["event"]["metadata"] == {}
    (one,) = strictly(httpx.get(f"{url}payload:threshold").content)["events"]
    assert one["event"]["usage_event"]["threshold_event"]["current_value"] == "NaN"


def test_whatever_a_token_claims_is_valid_json(toggle):
    token = toggle.jwt(rid="\ud800", share=float("nan"))
    with EventClient(target=toggle.address, jwt=token) as client:
        client.send_batch(b"\x1a\x02b1")
    url = f"http://{toggle.http_address}/api/v1"
    (call,) = strictly(httpx.get(f"{url}/calls").content)["calls"]
    assert call["rid"] == "\ud800"
    first = strictly(httpx.get(f"{url}/recording").content.splitlines()[0])
    assert first["claims"]["share"] is None


def test_a_path_says_which_methods_it_takes(toggle):
    allowed = {
        path: httpx.options(f"http://{toggle.http_address}/api/v1{path}").headers["allow"]
        for path in ("/recording", "/faults", "/calls/wait", "/calls/1")
    }
    assert {path: set(methods.split(", ")) for path, methods in allowed.items()} == {
        "/recording": {"GET", "HEAD", "DELETE"},
        "/faults": {"GET", "HEAD", "POST", "DELETE"},
        "/calls/wait": {"POST"},
        "/calls/1": {"GET", "HEAD"},
    }
    assert httpx.head(f"http://{toggle.http_address}/api/v1/faults").status_code == 200


def test_info_tells_the_address_and_how_it_is_reached(toggle, ask):
    assert ask("GET", "/info") == (
        200,
        {
            "address": toggle.address,
            "tls": False,
            "relay": True,
            "shared": False,
            "root_certificate": None,
            "deduplicate": False,
            "page": "on",
            "file": None,
            "schema": None,
        },
    )


def pages(ask, path: str, start: str, kind: str):
    """All pages of two, the one after the other, until nothing is left."""
    after, total = start, 1
    while total:
        code, page = ask("GET", f"{path}&limit=2&after={after}")
        assert code == 200
        after, total = page["next"], page["total"]
        yield page[kind]


def names_of(events) -> list[str]:
    return [one["event"]["storage_event"]["pool_event"]["pool_name"] for one in events]


def test_pages_of_events_have_each_once_while_more_arrives(ask, rodent, toggle):
    def emit(*names):
        for name in names:
            rodent.emit(StoragePoolPayload(pool_name=name))
        rodent.flush()

    emit("a", "b", "c")
    emit("d")
    found = pages(ask, "/events?query=payload:pool%20-pool_name:d", "", "events")
    assert names_of(next(found)) == ["a", "b"]
    emit("e", "f", "g")
    assert names_of(next(found)) == ["c", "e"]
    assert names_of(next(found)) == ["f", "g"]
    assert list(found) == [[]]

    _, page = ask("GET", "/events?limit=1")
    emit("h")
    _, news = ask("GET", f"/events?after={page['next']}")
    assert names_of(news["events"]) == ["h"]
    _, nothing = ask("GET", f"/events?limit=0&after={page['next']}")
    assert (nothing["total"], nothing["next"]) == (1, page["next"])
    toggle.clear()
    emit("i", "j")
    _, news = ask("GET", f"/events?after={page['next']}")
    assert names_of(news["events"]) == ["i", "j"]
    for wrong in ("x", "1.2", "-1.0.0"):
        code, error = ask("GET", f"/events?after={wrong}")
        assert (code, error["kind"]) == (400, "ValueError")


def test_pages_of_events_go_on_where_the_oldest_were_evicted():
    with (
        ToggleServer(http_port=0, recording=Recording(max_calls=2)) as server,
        EventClient(target=server.address, jwt=server.jwt()) as client,
    ):
        url = f"http://{server.http_address}/api/v1/events"
        for number in range(4):
            event = Event(event_id=str(number))
            client.send_batch(EventBatch(batch_id=str(number), events=[event] * 2))
            if number == 1:
                first = httpx.get(url, params={"after": "", "limit": 1}).json()
        assert [one["event"]["event_id"] for one in first["events"]] == ["0"]
        rest = httpx.get(url, params={"after": first["next"]}).json()
        assert [one["event"]["event_id"] for one in rest["events"]] == ["2", "2", "3", "3"]


def test_pages_of_calls_have_each_once_while_more_arrives(ask, toggle):
    for _ in range(3):
        status(toggle)
    first = toggle.calls[0].number
    found = pages(ask, "/calls?status=OK", "0", "calls")
    assert [call["number"] - first for call in next(found)] == [0, 1]
    status(toggle)
    assert [call["number"] - first for call in next(found)] == [2, 3]
    assert list(found) == [[]]
    _, nothing = ask("GET", f"/calls?limit=0&after={first}")
    assert (nothing["total"], nothing["next"]) == (3, first)


def test_events_are_found_by_a_query_the_newest_up_to_the_limit(ask, rodent):
    for number in range(5):
        rodent.emit(StoragePoolPayload(pool_name=f"p{number}"))
    rodent.flush()
    code, found = ask("GET", "/events?query=payload:pool%20-pool_name:p0&limit=2")
    assert (code, found["total"]) == (200, 4)
    names = [e["event"]["storage_event"]["pool_event"]["pool_name"] for e in found["events"]]
    assert names == ["p3", "p4"]
    assert found["events"][0]["rid"] == "r1"
    code, error = ask("GET", "/events?query=(")
    assert code == 400
    assert "a parenthesis is never closed" in error["error"]


def test_a_wait_ends_on_arrival_or_with_what_is_missing(ask, rodent):
    later = threading.Timer(0.1, lambda: rodent.emit(StoragePoolPayload(pool_name="late")))
    later.start()
    code, found = ask("POST", "/events/wait", {"query": "pool_name:late", "timeout": 20})
    assert (code, len(found["events"])) == (200, 1)
    code, error = ask("POST", "/events/wait", {"query": "pool_name:never", "timeout": 0.01})
    assert code == 409
    assert error["error"].startswith("waited 0.01 s for 1 event that matches, received 0")
    later.join()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"received": "payload:startup"}, 200),
        ({"received": "payload:startup", "count": 1}, 200),
        ({"received": "payload:startup", "count": 2, "timeout": 0.01}, 409),
        ({"received": "payload:pool", "count": 0}, 200),
        ({"not_received": "payload:pool"}, 200),
        ({"not_received": "payload:startup", "within": 0.01}, 409),
        ({"only": "payload:startup"}, 200),
        ({"only": "payload:pool"}, 409),
        ({"in_order": ["payload:startup"]}, 200),
        ({"in_order": ["payload:startup", "payload:pool"], "timeout": 0}, 409),
        ({"received": "(", "timeout": 0}, 400),
        ({"received": "a", "only": "b"}, 400),
        ({}, 400),
        ({"in_order": "payload:pool"}, 400),
        ({"received": "x", "count": -1}, 400),
        ({"received": "x", "timeout": "soon"}, 400),
        ({"received": "x", "timeout": 1e9}, 400),
        ({"recieved": "x"}, 400),
        ({"not_received": "x", "timeout": 1}, 400),
        ({"received": None}, 400),
        ([], 400),
    ],
)
def test_what_holds_is_ok_and_what_does_not_is_explained(ask, rodent, body, code):
    got, answer = ask("POST", "/events/verify", body)
    assert got == code, answer
    assert answer == {"ok": True} if code == 200 else answer["error"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            {"received": "payload:startup", "count": 2, "timeout": 0.01},
            "waited 0.01 s for 2 events",
        ),
        ({"received": "payload:startup", "count": 0}, "expected 0 events that match, received 1"),
        ({"only": "payload:startup", "count": 2}, "for 2 events"),
        ({"only": "payload:startup", "count": 0}, "expected 0 events that match, received 1"),
        ({"in_order": ["payload:pool"], "timeout": 0.02}, "waited 0.02 s for a sequence"),
    ],
)
def test_verifying_so_many_within_so_long(ask, rodent, body, problem):
    code, answer = ask("POST", "/events/verify", body)
    assert (code, problem in answer["error"]) == (409, True), answer


def test_verifying_that_nothing_comes_for_a_while(ask, rodent):
    later = threading.Timer(0.1, lambda: rodent.emit(StoragePoolPayload(pool_name="late")))
    later.start()
    assert ask("POST", "/events/verify", {"not_received": "payload:pool", "within": 25})[0] == 409
    later.join()


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_a_limit_shows_the_most_recent(ask, rodent, limit):
    for name in "ab":
        rodent.emit(StoragePoolPayload(pool_name=name))
    rodent.flush()
    code, found = ask("GET", f"/events?query=payload:pool&limit={limit}")
    assert (code, found["total"]) == (200, 2)
    names = [e["event"]["storage_event"]["pool_event"]["pool_name"] for e in found["events"]]
    assert names == ["a", "b"][2 - limit :]
    code, found = ask("GET", f"/calls?limit={limit}")
    numbers = [call["number"] for call in ask("GET", "/calls")[1]["calls"]]
    assert (code, found["total"]) == (200, len(numbers))
    assert [call["number"] for call in found["calls"]] == numbers[len(numbers) - limit :]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"method": "Register", "count": 2, "timeout": 0.01}, "waited 0.01 s for 2 × Register"),
        ({"status": "ABORTED", "timeout": 0.02}, "waited 0.02 s for 1 × call ABORTED"),
    ],
)
def test_waiting_for_so_many_calls(ask, rodent, body, problem):
    code, answer = ask("POST", "/calls/wait", body)
    assert (code, problem in answer["error"]) == (409, True), answer


def test_calls_are_listed_shown_and_waited_for(ask, rodent, toggle):
    code, found = ask("GET", "/calls?method=Register")
    assert (code, found["total"]) == (200, 1)
    (register,) = found["calls"]
    assert (register["status"], register["rid"]) == ("OK", "r1")
    assert ["authorization", "[redacted]"] in register["metadata"]
    code, call = ask("GET", f"/calls/{register['number']}")
    assert base64.b64decode(call["messages"][0]["raw"]) == b"\x0a\x00"
    answer = call["messages"][1]["message"]
    assert (answer["success"], answer["message"], answer["domain"]) == (True, "registered", "")
    assert ask("GET", "/calls/99999")[0] == 404
    assert ask("POST", "/calls/wait", {"method": "Connect"})[0] == 200
    assert ask("POST", "/calls/wait", {"status": "ABORTED", "timeout": 0.01})[0] == 409


def test_a_fault_is_in_force_until_it_is_deleted(ask, toggle):
    code, made = ask("POST", "/faults", {"method": "SendEvents", "returns": ["UNAVAILABLE", "OK"]})
    assert code == 200
    spec = "{'method': 'SendEvents', 'returns': ['UNAVAILABLE', 'OK']}"
    state = {"spec": spec, "session": None, "remaining": 2}
    faults = {"faults": {made["fault"]: state}, "in_force": [spec]}
    assert ask("GET", "/faults") == (200, faults)
    assert status(toggle) is Status.UNAVAILABLE
    assert ask("GET", "/faults")[1]["faults"][made["fault"]]["remaining"] == 1
    (call,) = ask("GET", "/calls?status=UNAVAILABLE")[1]["calls"]
    assert call["fault"] == spec
    assert call["ended"] >= call["arrived"]
    assert ask("DELETE", f"/faults/{made['fault']}") == (200, {"ok": True})
    assert ask("DELETE", f"/faults/{made['fault']}")[0] == 404
    assert ask("POST", "/faults", {"refuse": {}})[0] == 200
    assert status(toggle) is Status.UNAVAILABLE
    assert ask("DELETE", "/faults") == (200, {"ok": True})
    assert status(toggle) is Status.OK
    code, error = ask("POST", "/faults", {"method": "SendEvents", "returns": ["BROKEN"]})
    assert code == 400
    assert "'BROKEN' is no status" in error["error"]


def test_a_rodent_takes_commands_configurations_and_requests(ask, rodent, toggle):
    code, reply = ask("POST", "/rodents/r1/command", {"type": "system.status"})
    assert (code, reply["success"], reply["payload"]["status"]) == (200, True, "healthy")
    code, reply = ask("POST", "/rodents/r1/command", {"type": "nonsense"})
    assert (code, reply["error"]["code"]) == (200, 1106)
    code, ack = ask("POST", "/rodents/r1/config", {"type": "log", "payload": {"level": "x"}})
    assert (code, ack["success"]) == (200, True)
    rodent.services["api"] = lambda request: (200, {"a": "b"}, request["body"].upper())
    request = {"service": "api", "method": "PUT", "path": "/", "body": "aGk="}
    code, reply = ask("POST", "/rodents/r1/http", request)
    assert (code, reply) == (200, {"status_code": 200, "headers": {"a": "b"}, "body": "SEk="})
    assert ask("POST", "/rodents/r1/http", request | {"service": "no"})[0] == 502
    code, listed = ask("GET", "/rodents")
    assert [(one["rid"], one["connected"]) for one in listed["rodents"]] == [("r1", True)]
    assert len(ask("GET", "/rodents/r1")[1]["history"]) == 10
    assert ask("POST", "/rodents/r1/disconnect", {"status": "ABORTED"})[0] == 200
    toggle.wait_for_call("Connect", status="ABORTED")
    assert ask("POST", "/rodents/ghost/command", {"type": "x", "timeout": 0.01})[0] == 409
    assert ask("POST", "/rodents/r1/command", {})[0] == 400


def test_a_command_without_an_answer_is_a_timeout_of_the_gateway(ask, rodent):
    async def never(_payload):
        import asyncio

        await asyncio.Event().wait()

    rodent.commands["never"] = never
    code, error = ask("POST", "/rodents/r1/command", {"type": "never", "timeout": 0.3})
    assert code == 504
    assert "did not answer command never" in error["error"]


def test_a_token_is_taken_until_it_is_revoked(ask, toggle):
    code, made = ask("POST", "/tokens", {"rid": "r5", "expires_in": 60})
    assert code == 200
    with EventClient(target=toggle.address, jwt=made["jwt"]) as client:
        assert client.send_batch(b"").status is Status.OK
        assert ask("POST", "/tokens/revoke", {"rid": "r5"})[0] == 200
        assert client.send_batch(b"").status is Status.UNAUTHENTICATED
    assert ask("POST", "/tokens/revoke", {})[0] == 400


def test_a_session_sees_and_clears_its_own_calls_alone(ask, toggle):
    opened = [ask("POST", "/sessions", {})[1] for _ in range(2)]
    names = [one["session"] for one in opened]
    for name in names:
        jwt = ask("POST", f"/tokens?session={name}", {})[1]["jwt"]
        with EventClient(target=toggle.address, jwt=jwt) as client:
            client.send_batch(b"")
    for one in opened:
        found = ask("GET", f"/calls?session={one['session']}")[1]
        assert [call["sub"] for call in found["calls"]] == [one["sub"]]
    assert ask("DELETE", f"/recording?session={names[0]}")[0] == 200
    assert ask("GET", f"/calls?session={names[0]}")[1]["total"] == 0
    assert ask("GET", f"/calls?session={names[1]}")[1]["total"] == 1
    assert ask("DELETE", f"/sessions/{names[0]}")[0] == 200
    assert ask("GET", f"/calls?session={names[0]}")[0] == 404


def test_a_session_of_one_rodent(ask):
    opened = ask("POST", "/sessions", {"rid": "r9", "sub": "o9"})[1]
    assert (opened["rid"], opened["sub"]) == ("r9", "o9")


@pytest.mark.parametrize("prv", [False, True])
def test_a_token_says_whether_its_rodent_is_in_a_private_network(ask, prv):
    jwt = ask("POST", "/tokens", {"prv": prv})[1]["jwt"]
    claims = jwt.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["prv"] is prv


def test_a_session_lists_and_deletes_its_own_faults_alone(ask):
    name = ask("POST", "/sessions", {})[1]["session"]
    body = {"method": "SendEvents", "returns": ["UNAVAILABLE"]}
    mine = ask("POST", f"/faults?session={name}", body)[1]["fault"]
    other = ask("POST", "/faults", body)[1]["fault"]
    assert set(ask("GET", f"/faults?session={name}")[1]["faults"]) == {mine}
    assert set(ask("GET", "/faults")[1]["faults"]) == {mine, other}
    assert ask("DELETE", f"/faults/{other}?session={name}")[0] == 404
    assert ask("DELETE", f"/faults?session={name}")[0] == 200
    assert set(ask("GET", "/faults")[1]["faults"]) == {other}
    assert ask("GET", "/faults?session=none")[0] == 404
    assert ask("DELETE", f"/sessions/{name}")[0] == 200
    assert ask("DELETE", "/faults")[0] == 200
    assert ask("GET", "/faults")[1]["faults"] == {}


@pytest.mark.parametrize("end", ["/faults?session={}", "/sessions/{}"])
def test_a_session_that_shows_a_recording_heals_what_was_asked_for_in_it_alone(ask, end):
    body = {"method": "SendEvents", "always": "UNAVAILABLE"}
    server = ask("POST", "/faults", body)[1]["fault"]
    name = ask("POST", "/recording/load", {"name": "x.ndjson", "content": ""})[1]["session"]
    ask("POST", f"/faults?session={name}", {"method": "Register", "always": "ABORTED"})
    assert len(ask("GET", "/faults")[1]["in_force"]) == 2
    assert ask("DELETE", end.format(name))[0] == 200
    assert list(ask("GET", "/faults")[1]["faults"]) == [server]
    assert len(ask("GET", "/faults")[1]["in_force"]) == 1
    assert ask("DELETE", "/faults")[0] == 200


def test_further_claims_are_in_the_token_and_those_that_are_null_are_not(ask, toggle):
    jwt = ask("POST", "/tokens", {"rid": "r7", "claims": {"exp": None, "color": "red"}})[1]["jwt"]
    with EventClient(target=toggle.address, jwt=jwt) as client:
        assert client.send_batch(b"").status is Status.OK
    (call,) = toggle.wait_for_call("SendEvents")
    assert call.claims["color"] == "red"
    assert "exp" not in call.claims


def test_a_raw_payload_is_sent_as_it_is(ask, rodent):
    rodent.commands["echo"] = lambda payload: payload
    body = {"type": "echo", "raw_payload": base64.b64encode(b'{"a": 1.0}').decode()}
    code, reply = ask("POST", "/rodents/r1/command", body)
    assert (code, reply["payload"]) == (200, {"a": 1.0})
    response = CommandResponse.FromString(base64.b64decode(reply["raw"]))
    assert json.loads(response.payload) == {"a": 1.0}


def test_a_recording_is_exported_whole_and_cleared(ask, toggle, rodent):
    with urllib.request.urlopen(f"http://{toggle.http_address}/api/v1/recording") as response:
        lines = response.read().splitlines()
    recording = Recording()
    player = Player(recording)
    for line in lines:
        player.play(decode(line))
    assert [call.method for call in recording.calls] == [call.method for call in toggle.calls]
    assert ask("DELETE", "/recording") == (200, {"ok": True})
    assert ask("GET", "/calls")[1]["total"] == 0


def test_events_are_streamed_as_they_arrive(toggle, rodent):
    url = f"http://{toggle.http_address}/api/v1/events/stream?query=payload:pool"
    with urllib.request.urlopen(url, timeout=30) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.readline() == b": connected\n"
        for name in ("a", "b"):
            rodent.emit(StoragePoolPayload(pool_name=name))
            rodent.flush()
            while not (line := response.readline()).startswith(b"data: "):
                pass
            event = json.loads(line.removeprefix(b"data: "))["event"]
            assert event["storage_event"]["pool_event"]["pool_name"] == name


def test_server_sent_events_are_read_under_the_schema_of_the_server(tmp_path):
    with (
        ToggleServer(http_port=0, schema="2025-12-09") as toggle,
        urllib.request.urlopen(
            f"http://{toggle.http_address}/api/v1/events/stream", timeout=30
        ) as response,
        EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=tmp_path) as bus,
    ):
        disk = toggle.schema.message_class("rodent.events.StorageDiskPayload")
        bus.emit(disk(device_id="sda", power_on_hours=7))
        assert bus.flush(30)
        line = next(line for line in response if line.startswith(b"data: "))
    event = json.loads(line.removeprefix(b"data: "))["event"]
    assert event["storage_event"]["disk_event"]["power_on_hours"] == "7"


def test_metrics_count_calls_and_events(toggle, rodent):
    with urllib.request.urlopen(f"http://{toggle.http_address}/metrics") as response:
        text = response.read().decode()
    assert 'toggle_mock_calls{method="Register",status="OK"} 1.0' in text
    assert "toggle_mock_events 1.0" in text


def test_the_description_is_of_what_is_served(toggle, ask):
    _, described = ask("GET", "/openapi.json", prefix="")
    served = {
        (route.path, method.lower())
        for route in application(Api(toggle, description, Page("off")), None).routes
        for method in route.methods - {"HEAD"}
    }
    assert {(path, verb) for path, verbs in described["paths"].items() for verb in verbs} == served
    assert described["openapi"].startswith("3.")


def test_what_is_not_there_is_refused_with_the_remedy(ask):
    assert ask("GET", "/nothing")[0] == 404
    assert ask("PUT", "/events")[0] == 405
    assert ask("GET", "/events?limit=-1")[0] == 400
    code, error = ask("GET", "/events?qurey=x")
    assert code == 400
    assert error["error"].startswith("qurey is unknown, did you mean query?")


def test_a_body_that_is_too_large_is_refused(ask):
    code, error = ask("POST", "/events/wait", {"query": "x" * (16 << 20)})
    assert (code, error["kind"]) == (413, "HTTPException 413")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},  # another program of this machine
        {"origin": "http://127.0.0.1"},
        {"origin": "null"},
    ],
)
def test_pages_of_other_sites_are_kept_out(ask, toggle, headers):
    assert ask("DELETE", "/recording", headers=headers)[0] == 403
    own = {"origin": f"http://{toggle.http_address}"}
    assert ask("DELETE", "/recording", headers=own)[0] == 200


def test_a_body_that_is_no_json_is_refused(toggle):
    address = toggle.http_address.rpartition(":")
    with socket.create_connection((address[0], int(address[2])), timeout=20) as connection:
        connection.sendall(
            b"POST /api/v1/faults HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n{a}"
        )
        assert b" 400 " in connection.recv(1000)


def test_many_may_wait_at_once(ask, toggle):
    codes = []
    waiting = [
        threading.Thread(
            target=lambda: codes.append(ask("POST", "/calls/wait", {"timeout": 30})[0])
        )
        for _ in range(60)
    ]
    for thread in waiting:
        thread.start()
    assert ask("GET", "/readyz", prefix="")[0] == 200
    status(toggle)
    for thread in waiting:
        thread.join(30)
    assert codes == [200] * 60


def test_a_port_in_use_is_named(toggle):
    port = int(toggle.http_address.rpartition(":")[2])
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
        ToggleServer(http_port=port).start()


def test_stopping_does_not_wait_for_streams():
    with ToggleServer(http_port=0) as server:
        url = f"http://{server.http_address}/api/v1/events/stream"
        response = urllib.request.urlopen(url, timeout=30)
        response.readline()
        start = time.monotonic()
    assert time.monotonic() - start < 10
    response.close()


def test_tls_tells_its_root():
    with ToggleServer(http_port=0, tls=True) as server:
        with urllib.request.urlopen(f"http://{server.http_address}/api/v1/info") as response:
            info = json.loads(response.read())
        credentials = grpc.ssl_channel_credentials(info["root_certificate"].encode())
        with grpc.secure_channel(info["address"], credentials) as channel:
            grpc.channel_ready_future(channel).result(20)


BODIES = "toggle_mock.http_api.bodies"


@pytest.mark.parametrize(
    ("path", "slow"),
    [
        ("/api/v1/events", f"{BODIES}.events.as_object"),
        ("/api/v1/calls", f"{BODIES}.calls.Call.of"),
        ("/api/v1/calls/{register}", f"{BODIES}.calls.message_object"),
        ("/api/v1/rodents/r1", f"{BODIES}.calls.message_object"),
        ("/metrics", "toggle_mock.http_api.handlers.server.exposition"),
    ],
)
def test_what_is_slow_holds_nobody_up(ask, toggle, rodent, monkeypatch, path, slow):
    """A batch is taken while an answer is being put together, and so is another request."""
    assert toggle.rodents["r1"].command("system.status").success
    entered, released = threading.Event(), threading.Event()

    def block(*_arguments, **_keywords):
        entered.set()
        assert released.wait(30)
        raise ValueError("released")

    monkeypatch.setattr(slow, block)
    answers = []
    (register,) = toggle.wait_for_call("Register")
    path = path.format(register=register.number)
    asking = threading.Thread(target=lambda: answers.append(ask("GET", path, prefix="")))
    asking.start()
    assert entered.wait(30)
    assert status(toggle) is Status.OK
    assert ask("GET", "/readyz", prefix="") == (200, {"ready": True, "reason": None})
    assert answers == []
    released.set()
    asking.join(30)
    assert answers == [(400, {"error": "released", "kind": "ValueError"})]


def test_an_error_that_nobody_has_foreseen_is_told_and_logged(ask, toggle, monkeypatch, caplog):
    monkeypatch.setattr("toggle_mock.http_api.handlers.server.Info", lambda **_: 1 / 0)
    assert ask("GET", "/info") == (
        500,
        {"error": "division by zero", "kind": "ZeroDivisionError"},
    )
    assert "GET /api/v1/info failed" in caplog.text


INFINITY = float("inf")
JUNK = [
    ("/events/wait", {"count": INFINITY}),
    ("/events/wait", {"count": 1.7}),
    ("/events/wait", {"query": "after:" + "9" * 400 + "d"}),
    ("/events/wait", {"query": "(" * 5_000}),
    ("/events/wait", {"query": 5}),
    ("/events/verify", {"received": "", "count": INFINITY}),
    ("/calls/wait", {"count": "x"}),
    ("/tokens", {"expires_in": INFINITY}),
    ("/tokens", {"expires_in": "x"}),
    ("/faults", {"method": "SendEvents", "at": INFINITY, "outcome": "OK"}),
    ("/faults", {"method": "SendEvents", "rates": {"OK": 10**400}}),
    ("/faults", {"method": "SendEvents", "rates": {"OK": 0.1}, "seed": INFINITY}),
    ("/faults", {"method": "SendEvents", "message_limit": INFINITY}),
    ("/faults", {"method": "SendEvents", "returns": {"delay": 10**400}}),
    ("/faults", {"method": "SendEvents", "returns": {"fail": "ABORTED", "trailers": 1}}),
    ("/faults", {"method": "SendEvents", "returns": {"fail": "ABORTED", "trailers": {"a": 1}}}),
    ("/faults", {"method": "SendEvents", "returns": {"fail": "ABORTED", "message": [1]}}),
    ("/faults", {"method": "SendEvents", "returns": {"fail": "ABORTED", "retry_after": 1e30}}),
    ("/faults", {"method": "SendEvents", "returns": {"cut": "ABORTED", "after_messages": {}}}),
    ("/faults", {"method": "SendEvents", "returns": {"hang": "x"}}),
    ("/faults", {"method": "SendEvents", "returns": {"reject": 5}}),
    ("/faults", {"method": "SendEvents", "returns": "OK", "rid": [1]}),
    ("/faults", {"latency": {"seconds": "fast"}}),
    ("/faults", {"latency": {"seconds": float("nan")}}),
    ("/faults", {"bandwidth": {"bytes_per_second": 0}}),
    ("/rodents/r1/disconnect", {"status": "NOPE"}),
    ("/tokens/revoke", {"rid": 5, "status": "NOPE"}),
]


@pytest.mark.parametrize(("path", "body"), JUNK)
def test_junk_is_a_mistake_of_its_sender(ask, path, body):
    code, answer = ask("POST", path, body)
    assert code == 400, answer
    assert answer["error"]
    assert ask("GET", "/faults")[1]["faults"] == {}


@pytest.mark.parametrize("headers", [{"host": "["}, {"host": "[::1"}, {"origin": "http://["}])
def test_requests_for_other_hosts_are_refused(ask, headers):
    assert ask("GET", "/info", headers=headers)[0] == 403


def test_a_tunnel_that_answers_nonsense_is_a_bad_gateway(ask, rodent):
    for nonsense in ([], {}, 5, {"status_code": "x"}):
        rodent.commands["tunnel.http"] = lambda _request, answer=nonsense: answer
        request = {"service": "api", "method": "GET", "path": "/"}
        code, answer = ask("POST", "/rodents/r1/http", request)
        assert code == 502
        assert "which has no status_code" in answer["error"]


def test_sessions_have_names_of_their_own(ask):
    first = ask("POST", "/sessions", {"sub": "a/b", "rid": "c"})[1]
    second = ask("POST", "/sessions", {"sub": "a", "rid": "b/c"})[1]
    assert first["session"] != second["session"]
