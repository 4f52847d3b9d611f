"""``toggle-mock serve`` with all its options, ``events``, ``replay``, ``rodents``, as processes."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner
from support.commands import TOGGLE_MOCK

from rodent_events import Event, EventBatch, EventBus, EventClient, StoragePoolPayload, wire
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer
from toggle_mock.cli.main import main
from toggle_mock.recording.files import load
from toggle_mock.schema import load_schema
from toggle_mock.tokens.tokens import Tokens

pytestmark = pytest.mark.slow


def run(*arguments: str, code: int = 0, **options) -> str:
    done = subprocess.run(
        [TOGGLE_MOCK, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def address_of(process) -> str:
    return process.stdout.readline().split()[-1]


def send(target: str, folder: Path, token: str, *names: str, **settings) -> None:
    with EventBus(target=target, jwt=token, events_dir=folder, **settings) as bus:
        for name in names:
            bus.emit(StoragePoolPayload(pool_name=name))
        assert bus.flush(30)


def test_what_serve_records_is_found_by_queries_and_exported(serve, tmp_path):
    path = tmp_path / "run.sqlite"
    process = serve("--record", str(path))
    send(address_of(process), tmp_path / "events", run("token"), "tank", "backup", "tmp")
    process.terminate()
    process.wait(20)
    assert run("events", str(path)).count("storage_pool") == 3
    found = run("events", str(path), "payload:pool", "-pool_name:tmp", "pool_name:*a*", "--json")
    names = [json.loads(line)["event"]["storage_event"] for line in found.splitlines()]
    assert [name["pool_event"]["pool_name"] for name in names] == ["tank", "backup"]
    exported = tmp_path / "run.ndjson"
    run("events", str(path), "--export", str(exported))
    assert len(load(exported).events) == 3
    assert "exists" in run("events", str(path), "--export", str(exported), code=1)
    assert "a parenthesis is never closed" in run("events", str(path), "(", code=1)


def test_events_are_read_as_the_recording_says_or_under_the_revision_that_they_fit(tmp_path):
    event = load_schema("2025-12-09").message_class("rodent.events.Event")()
    event.storage_event.disk_event.device_id = "sda"
    batch = wire.delimited(1, event.SerializeToString())
    for name, options in (("auto", {"schema": "auto"}), ("own", {})):
        with ToggleServer(record=tmp_path / f"{name}.ndjson", **options) as toggle:
            assert send_batch(toggle.address, batch, toggle.jwt()) is Status.OK

    def found(name: str, *options: str) -> list[str]:
        arguments = ["events", str(tmp_path / f"{name}.ndjson"), "device_id?:sda", "--json"]
        lines = CliRunner().invoke(main, [*arguments, *options]).output.splitlines()
        disks = [json.loads(line)["event"]["storage_event"]["disk_event"] for line in lines]
        return [disk["device_id"] for disk in disks]

    assert found("auto") == found("own", "--schema", "auto") == ["sda"]
    assert found("own") == found("auto", "--schema", "2025-09-17") == []


def test_replay_tells_which_answers_differ(serve, tmp_path):
    path = tmp_path / "run.ndjson"
    with ToggleServer(record=path) as first:
        send(first.address, tmp_path / "a", first.jwt(), "tank")
        first.on_send_events.returns(grpc.StatusCode.UNAVAILABLE)
        send(first.address, tmp_path / "b", first.jwt(), "backup", retry_backoff_base=0.01)
    with ToggleServer(tokens=Tokens(verify=False)) as second:
        token = tmp_path / "token"
        token.write_text(run("token"))
        said = run("replay", str(path), "--to", second.address, "--jwt-file", str(token), code=1)
        assert "recorded UNAVAILABLE, got OK success=True" in said
        assert "3 calls sent, 1 answers differ." in said
        assert len(second.batches) == 3
        assert "there is no token" in run("replay", str(path), "--to", second.address, code=1)


def test_a_proxy_records_what_a_toggle_elsewhere_answers(start_command, tmp_path):
    path = tmp_path / "run.ndjson"
    with ToggleServer(tls="mutual") as real:
        chain, key = real.authority.issue("the-proxy").write(tmp_path, "proxy")
        to = ["--to", real.address, "--to-ca", str(real.authority.root_file)]
        to += ["--to-cert", str(chain), "--to-key", str(key)]
        process = start_command("proxy", *to, "--record", str(path), "--json", "--no-relay")
        addresses = json.loads(process.stdout.readline())
        assert addresses["upstream"] == real.address
        send(addresses["listening"], tmp_path / "events", real.jwt(rid="r1"), "tank")
        assert json.loads(process.stdout.readline())["rid"] == "r1"
        assert real.events[0].payload.pool_name == "tank"
        answers = [call.responses for call in real.calls]
    assert [call.responses for call in load(path).calls] == answers


def test_a_recording_is_replayed_and_what_it_has_not_is_refused(serve, tmp_path):
    path = tmp_path / "run.sqlite"
    with ToggleServer(record=path) as recorded:
        recorded.on_send_events.returns([grpc.StatusCode.ABORTED])
        for _ in range(2):
            send_batch(recorded.address, b"\x1a\x01b", recorded.jwt())
    for options, status in (
        ([], Status.INVALID_ARGUMENT),
        (["--replay-mode", "lenient"], Status.OK),
    ):
        process = serve("--replay", str(path), *options)
        target = address_of(process)
        token = run("token").strip()
        answers = [send_batch(target, b"\x1a\x02" + batch, token) for batch in (b"b2", b"b3")]
        assert answers == [Status.ABORTED, Status.OK]
        unknown = EventBatch(events=[Event(source="x", metadata={"k": "v"})]).SerializeToString()
        assert send_batch(target, unknown, token) is status
        if not options:
            told = process.stdout.readline()
            assert told.startswith(
                "turned away: a call that the recording which is replayed has no"
            )
            assert told.endswith(
                "1 of its events are not in it, the first one without payload from 'x'\n"
            )
    assert "record to another" in run("serve", "--replay", str(path), "--record", str(path), code=2)


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (["--to", "toggle"], 1, "target is str 'toggle': give host:port"),
        (["--to", "x:1", "--to-ca", __file__], 1, "root_certificates are no certificates as PEM"),
        (["--to", "x:1", "--to-cert", __file__], 2, "--to-cert and --to-key are given together"),
        (["--to", "x:1", "--heartbeat", "1"], 2, "--heartbeat"),
        ([], 2, "Missing option '--to'"),
    ],
)
def test_an_upstream_that_is_none_is_told(options, code, problem):
    result = CliRunner().invoke(main, ["proxy", *options])
    assert (result.exit_code, problem in result.output) == (code, True), result.output


def test_only_tokens_of_the_given_key_are_accepted(serve, tmp_path):
    key = tmp_path / "key.pem"
    key.write_bytes(Tokens(algorithm="ES256").private_key)
    options = ["--jwt-algorithm", "ES256", "--jwt-key", str(key)]
    target = address_of(serve(*options))
    good, bad = run("token", "--rid", "r7", *options).strip(), run("token").strip()
    for token, expected in ((good, Status.OK), (bad, Status.UNAUTHENTICATED)):
        with EventClient(target=target, jwt=token) as client:
            assert client.send_batch(b"").status is expected
    assert "no private key as PEM" in run("serve", *options[:3], __file__, code=1)


def test_the_root_is_written_where_it_was_asked_for_and_mtls_demands_a_certificate(serve, tmp_path):
    root = tmp_path / "root.pem"
    process = serve("--tls", "--ca-file", str(root))
    target = address_of(process)
    token = run("token").strip()
    with EventClient(target=target, jwt=token, tls_ca_file=root) as client:
        assert client.send_batch(b"").status is Status.OK
    cert, key = tmp_path / "client.pem", tmp_path / "client-key.pem"
    key.touch(mode=0o644)
    options = ["--client-cert-file", str(cert), "--client-key-file", str(key)]
    target = address_of(serve("--mtls", "--ca-file", str(root), *options))
    own = {"tls_cert_file": cert, "tls_key_file": key}
    assert key.stat().st_mode & 0o777 == 0o600
    for shown, expected in (({}, Status.UNAVAILABLE), (own, Status.OK)):
        with EventClient(target=target, jwt=token, tls_ca_file=root, **shown) as client:
            assert client.send_batch(b"").status is expected


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--ca-file", "root.pem"], "there are no certificates without --tls or --mtls"),
        (["--tls-name", "toggle"], "there are no certificates without tls"),
        (["--mtls", "--client-key-file", "key.pem"], "give --client-cert-file and"),
        (["--tls", "--tls-name", "https://toggle"], "tls_names has 'https://toggle'"),
    ],
)
def test_certificates_that_there_cannot_be_are_told(tmp_path, monkeypatch, options, problem):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["serve", *options])
    assert (result.exit_code, problem in result.output) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_is_carried_out(serve, tmp_path):
    path = tmp_path / "scenario.yml"
    path.write_text(
        """
        steps:
          - method: SendEvents
            returns: [UNAVAILABLE, {fail: ABORTED, message: as told}, OK]
          - at: 0.2
            for: 0.3
            outage: {}
        """
    )
    target = address_of(serve("--scenario", str(path)))
    with EventClient(target=target, jwt=run("token").strip(), send_timeout=20) as client:
        seen = []
        while seen[-1:] != [Status.OK]:
            seen.append(client.send_batch(b"").status)
    assert seen.count(Status.ABORTED) == 1
    path.write_text("steps: [{outrage: {}}]")
    assert "a fault has a method, or one of outage" in run("serve", "--scenario", str(path), code=1)


def test_faults_that_the_command_gives_are_in_force(serve):
    faults = ["{method: SendEvents, returns: [{reject: as told}], rid: r1}", "{clock: {ahead: 60}}"]
    target = address_of(serve(*(word for fault in faults for word in ("--fault", fault))))
    for lifetime, status in ((3600, Status.REJECTED), (30, Status.UNAUTHENTICATED)):
        token = Tokens().issue(rid="r1", expires_in=lifetime)
        with EventClient(target=target, jwt=token, send_timeout=20) as client:
            assert client.send_batch(b"").status is status


def send_batch(target: str, batch: bytes, token: str | None = None) -> Status:
    token = token or run("token").strip()
    with EventClient(target=target, jwt=token, send_timeout=20) as client:
        return client.send_batch(batch).status


@pytest.mark.parametrize("how", ["closed", "not read"])
def test_it_goes_on_whether_or_not_what_it_prints_is_read(serve, how):
    process = serve()
    target = address_of(process)
    if how == "closed":
        process.stdout.close()
    more_than_a_pipe_holds = EventBatch(events=[Event(source="x" * 100)] * 2000)
    for _ in range(2):
        assert send_batch(target, more_than_a_pipe_holds.SerializeToString()) is Status.OK
    process.terminate()
    assert process.wait(20) == 0


def test_it_says_that_it_is_ready_and_ends_with_its_parent(tmp_path, wait_until):
    ready = tmp_path / "ready.json"
    script = f"{TOGGLE_MOCK} serve --exit-with-parent --ready-file {ready} & read _"
    shell = subprocess.Popen(
        ["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        target = address_of(shell)
        wait_until(ready.exists)
        assert json.loads(ready.read_text()) == {"listening": target}
    finally:
        shell.communicate(timeout=30)  # its end, and that of whoever has its stdout
    assert not ready.exists()


def test_options_stand_in_the_environment_and_in_a_file(serve, tmp_path, monkeypatch):
    config = tmp_path / "config.yml"
    config.write_text("json: false\nhttp: 0\nheartbeat: 0\nquiet: true\n")
    monkeypatch.setenv("TOGGLE_MOCK_JSON", "1")  # before the file
    monkeypatch.setenv("TOGGLE_MOCK_CONFIG", str(config))
    process = serve()
    first = json.loads(process.stdout.readline())
    assert first["http"].startswith("http://127.0.0.1:")
    batch = EventBatch(events=[Event(source="x")]).SerializeToString()
    assert send_batch(first["listening"], batch) is Status.OK
    process.terminate()
    assert process.stdout.read() == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("htpp: 5", "there is no option 'htpp', did you mean http?"),
        ("port: x", "'x' is not a valid integer range"),
        ("- port", "has no names of options with values"),
        ("{", "is no YAML"),
    ],
)
def test_a_config_that_is_none_is_told(tmp_path, text, problem):
    config = tmp_path / "config.yml"
    config.write_text(text)
    result = CliRunner().invoke(main, ["serve", "--config", str(config)])
    assert result.exit_code == 2
    assert problem in result.output


def test_where_it_listens_stands_in_the_environment_and_in_a_file(serve, tmp_path, monkeypatch):
    config = tmp_path / "config.yml"
    config.write_text(f"host: unix:{tmp_path}/t\nhttp-allowed-host: toggle\nhttp-host: 0.0.0.0\n")
    monkeypatch.setenv("TOGGLE_MOCK_HTTP", "0")
    with subprocess.Popen(
        [TOGGLE_MOCK, "serve", "--json", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        first = json.loads(process.stdout.readline())
        assert first["listening"] == f"unix:{tmp_path}/t"
        assert first["http"].startswith("http://0.0.0.0:")
        url = f"{first['http'].replace('0.0.0.0', '127.0.0.1')}/readyz"
        headers = {"Host": "toggle"}
        assert urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30)
        assert send_batch(first["listening"], b"") is Status.OK
        process.terminate()
        told = process.stderr.read()
    assert "HTTP listens on 0.0.0.0:" in told
    assert "gRPC listens" not in told
    monkeypatch.setenv("TOGGLE_MOCK_HTTP_ALLOWED_HOST", "toggle http://mock")
    result = CliRunner().invoke(main, ["serve", "--config", str(config)])
    assert (result.exit_code, "has 'http://mock': give a name" in result.output) == (2, True)


def say(address: str, data: bytes) -> None:
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(data)
        with suppress(OSError):
            client.recv(1000)


def test_http_is_served_where_serve_says(serve):
    process = serve("--http", "0")
    grpc_address = address_of(process)
    url = address_of(process)
    with urllib.request.urlopen(f"{url}/readyz", timeout=20) as response:
        assert json.loads(response.read()) == {"ready": True, "reason": None}
    assert process.stdout.readline() == f"Page at {url}/\n"
    say(grpc_address, b"GET /\x1b[2J HTTP/1.1\r\n\r\n")
    told = process.stdout.readline()
    assert told.startswith("turned away: HTTP/1 in place of gRPC, from ipv4:127.0.0.1:")
    assert told.endswith(": GET /\\x1b[2J\n")
    process = serve("--http", "0", "--json")
    first = json.loads(process.stdout.readline())
    assert first["http"].startswith("http://127.0.0.1:")
    say(first["listening"], b"\x16\x03\x01")
    refusal = json.loads(process.stdout.readline())["refusal"]
    assert refusal["kind"] == "tls"


def test_rodents_end_by_a_signal_that_does_not_interrupt_their_main_thread(serve):
    process = serve()
    rodents = subprocess.Popen(
        [TOGGLE_MOCK, "rodents", "1", "--to", address_of(process)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "interrupt to end" in rodents.stdout.readline()
    threads = [int(thread.name) for thread in Path(f"/proc/{rodents.pid}/task").iterdir()]
    os.kill(next(thread for thread in threads if thread != rodents.pid), signal.SIGTERM)
    try:
        rest, _ = rodents.communicate(timeout=30)
    finally:
        rodents.kill()
        rodents.communicate()
    assert rodents.returncode == 0, rest
    assert "events emitted" in rest


def test_simulated_rodents_report_and_say_how_many_gave_up(serve, tmp_path):
    path = tmp_path / "run.ndjson"
    process = serve("--record", str(path), "--heartbeat", "0.1")
    options = ["--pace", "0.001", "--rate", "20", "--seconds", "2", "--profile", "guarantees"]
    said = run("rodents", "5", "--to", address_of(process), *options)
    assert said.startswith("5 Rodents report to 127.0.0.1:")
    assert ", 0 of them given up" in said
    process.terminate()
    process.wait(20)
    recording = load(path)
    assert {call.rid for call in recording.calls} == {f"rodent-{n}" for n in range(1, 6)}
    assert len(recording.events) > 20
    commands = [m for call in recording.calls if call.method == "Connect" for m in call.messages]
    assert any(message.sent for message in commands)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_a_signal(serve, number):
    process = serve("--http", "0", "--heartbeat", "1")
    address_of(process)
    process.send_signal(number)
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["serve", "--record", "run.txt"], "no suffix of a recording"),
        (["serve", "--scenario", "missing.yml"], "does not exist"),
        (["events", "missing.sqlite"], "does not exist"),
        (["events", __file__], "no suffix of a recording"),
        (["replay", __file__, "--to", "x"], "no suffix of a recording"),
        (["rodents", "0", "--to", "x"], "is not in the range"),
        (["token", "--jwt-key", __file__, "--jwt-algorithm", "RS256"], "no private key as PEM"),
    ],
)
def test_mistakes_are_explained(tmp_path, arguments, problem):
    done = subprocess.run(
        [TOGGLE_MOCK, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert problem in done.stderr
    assert "Traceback" not in done.stderr
