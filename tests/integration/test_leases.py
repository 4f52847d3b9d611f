"""Sessions of processes that are gone: what they have asked for hits nobody after them."""

import signal
import socket
import subprocess
import sys

import grpc
import httpx
import pytest

from rodent_events import EventClient
from rodent_events.retry_policy import Status
from toggle_mock import RemoteError, RemoteToggle, ToggleServer, UnknownIdError
from toggle_mock.http_api import client
from toggle_mock.http_api.remote_api import RemoteApi
from toggle_mock.http_api.renewal import Renewal

pytestmark = pytest.mark.slow

RUN = """
import sys
import grpc
from toggle_mock import RemoteToggle, UnknownIdError

url, rid, lease = sys.argv[1:]
toggle = RemoteToggle(url, rid=rid, lease=float(lease))
toggle.on_send_events.always(grpc.StatusCode.UNAVAILABLE)
toggle.tokens.revoke(sub=f"revoked-{rid}")
toggle.faults.partition()
print(toggle.address, flush=True)
sys.stdin.readline()
try:
    toggle.jwt()
except UnknownIdError as error:
    print(error, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def server():
    with ToggleServer(http_port=0, relay=True) as server:
        yield server


@pytest.fixture(scope="module")
def url(server):
    return f"http://{server.http_address}"


@pytest.fixture(scope="module")
def runs(url):
    """Two processes, with faults that are in force, and the addresses of their sessions."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, url, rid, lease],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for rid, lease in (("killed", "3600"), ("stopped", "3"))
    ]
    yield [(process, process.stdout.readline().strip()) for process in started]
    for process in started:
        process.kill()
        process.communicate()


def status(toggle, rid: str, sub: str | None = None) -> Status:
    token = toggle.jwt(rid=rid, sub=sub)
    with EventClient(target=toggle.address, jwt=token, send_timeout=20) as agent:
        return agent.send_batch(b"").status


def test_what_a_killed_process_has_asked_for_is_healed(server, runs, url, wait_until):
    process, address = runs[0]
    assert status(server, "killed") is Status.UNAVAILABLE
    assert status(server, "r1", "revoked-killed") is Status.UNAUTHENTICATED
    process.send_signal(signal.SIGKILL)
    wait_until(lambda: status(server, "killed") is Status.OK)
    wait_until(lambda: status(server, "r1", "revoked-killed") is Status.OK)
    host, _, port = address.rpartition(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=20)
    with RemoteToggle(url, rid="killed") as next_run:
        assert status(next_run, "killed") is Status.OK


def test_what_a_process_has_asked_for_that_is_not_heard_of_is_healed(server, runs, wait_until):
    process, _ = runs[1]
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: status(server, "stopped") is Status.OK)
    process.send_signal(signal.SIGCONT)
    process.stdin.write("\n")
    process.stdin.flush()
    assert "has ended: its client was not heard of for 3 s" in process.stdout.readline()


def test_a_lease_is_renewed_while_the_process_lives(url, monkeypatch, wait_until):
    asked, post = [], RemoteApi.post

    def noted(api, path, *arguments):
        answer = post(api, path, *arguments)
        asked.append(path)
        return answer

    monkeypatch.setattr(RemoteApi, "post", noted)
    monkeypatch.setattr(client, "RENEWALS", 1000)
    with RemoteToggle(url):
        wait_until(lambda: sum(path.endswith("/renew") for path in asked) > 2)


def test_an_end_is_told_and_the_lease_of_what_is_gone_is_renewed_no_more(caplog, wait_until):
    answers = [UnknownIdError("it has ended"), RemoteError("it does not answer"), None]
    renewal = Renewal(lambda: _raise(answers.pop()), 0.001)
    wait_until(lambda: not answers)
    renewal.close()
    assert caplog.messages == [
        "the lease of a session cannot be renewed: it does not answer [RE-404]"
    ]


def _raise(error: Exception | None) -> None:
    if error is not None:
        raise error


def test_a_session_of_bare_http_lasts_by_its_requests(url, wait_until):
    api = httpx.Client(base_url=f"{url}/api/v1")
    with api:
        lasting = api.post("/sessions", json={}).json()["session"]
        name = api.post("/sessions", json={"lease": 0.2}).json()["session"]
        fault = {"method": "Register", "always": "OK"}
        assert api.post("/faults", params={"session": name}, json=fault).is_success
        waiting = {"query": "rid:nobody", "timeout": 0.5}
        waited = api.post("/events/wait", params={"session": name}, json=waiting)
        assert waited.status_code == 409
        assert api.post(f"/sessions/{name}/renew").is_success
        wait_until(lambda: api.get("/faults").json()["faults"] == {})
        ended = api.post(f"/sessions/{name}/renew")
        assert (ended.status_code, "not heard of for 0.2 s" in ended.json()["error"]) == (404, True)
        assert api.post(f"/sessions/{lasting}/renew").is_success
        assert api.post("/sessions", json={"lease": 0}).status_code == 400


def test_the_end_of_http_is_the_end_of_its_sessions():
    with ToggleServer(http_port=0, relay=True) as server:
        remote = RemoteToggle(f"http://{server.http_address}", rid="r1")
        remote.on_send_events.always(grpc.StatusCode.UNAVAILABLE)
        server.stop()
        with pytest.raises(RemoteError):
            remote.close()
        server.start()
        assert status(server, "r1") is Status.OK


def test_a_revocation_lasts_as_long_as_its_session(server, url):
    with RemoteToggle(url) as first, RemoteToggle(url) as second:
        first.tokens.revoke(rid="r5")
        second.tokens.revoke(rid="r6")
        for end in (second.begin_test, second.close):
            end()
            assert status(first, "r5") is Status.UNAUTHENTICATED
            assert status(first, "r6") is Status.OK
    assert status(server, "r5") is Status.OK
