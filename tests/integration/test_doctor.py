"""``toggle-mock doctor`` before servers that are as they should be, and others."""

import json
import socket
import threading

import pytest
from click.testing import CliRunner

from toggle_mock import Authority
from toggle_mock.address import Address
from toggle_mock.cli.main import main
from toggle_mock.doctor import ports


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Nothing of this machine's environment has a say."""
    for name in ("http_proxy", "https_proxy", "grpc_proxy", "RODENT_EVENTS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("TOGGLE_MOCK_URL", raising=False)
    monkeypatch.delenv("RODENT_EVENTS_JWT", raising=False)


@pytest.fixture
def token(tmp_path, toggle_server):
    path = tmp_path / "token"
    path.write_text(toggle_server.jwt(rid="r1"))
    return path


def run(*arguments):
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


def steps(*arguments, ok):
    """Level and text of each step, by its name; of several of a name, the last."""
    done = run("--json", *arguments)
    told = json.loads(done.output)
    assert (done.exit_code, told["ok"]) == (0 if ok else 1, ok), done.output
    assert [one for one in told["steps"] if bool(one["remedy"]) is (one["level"] == "ok")] == []
    return {one["name"]: (one["level"], one["text"]) for one in told["steps"]}


def test_all_is_well(toggle_server, token):
    done = run("--to", toggle_server.address, "--jwt-file", token)
    assert done.exit_code == 0, done.output
    found = [line.split()[:2] for line in done.output.splitlines()]
    names = ["versions", "token", "proxy", "name", "tcp", "tls", "grpc", "schema"]
    assert found == [["ok", name] for name in names]
    assert token.read_text() not in done.output
    toggle_server.assert_no_refusals()
    assert list(toggle_server.calls) == []


def test_a_mock_is_asked_over_http_too(make_toggle_server, token):
    toggle = make_toggle_server(http_port=0, schema="2025-12-09", relay=True)
    arguments = ["--to", toggle.address, "--jwt-file", token]
    arguments += ["--url", f"http://{toggle.http_address}"]
    told = steps(*arguments, ok=True)
    assert told["http"] == (
        "ok",
        f"a mock at {toggle.address}, plaintext, schema 2025-12-09",
    )
    with toggle.faults.outage():
        told = steps(*arguments, ok=False)
    assert told["tcp"][0] == "fail"
    assert "not ready" in told["http"][1]
    assert "grpc" not in told
    assert steps("--url", "http://127.0.0.1:1", ok=False)["http"][0] == "fail"


def test_tls_is_told_with_its_reason(tls_toggle_server, toggle_ca_file, token, tmp_path):
    address = f"https://{tls_toggle_server.address}"
    given = ["--jwt-file", token, "--to"]
    told = steps(*given, address, "--ca-file", toggle_ca_file, ok=True)
    assert told["tls"][1].startswith("TLSv1.3, certificate until ")
    assert told["grpc"] == ("ok", "it answers, and serves")
    other = tmp_path / "other.pem"
    other.write_bytes(Authority().root)
    told = steps(*given, address, "--ca-file", other, ok=False)
    assert told["tls"][0] == "fail"
    assert "unable to get local issuer certificate" in told["tls"][1] or (
        "self-signed certificate" in told["tls"][1]
    )
    told = steps(*given, tls_toggle_server.address, ok=False)
    assert told["tls"] == ("fail", "the server speaks TLS")


def test_a_certificate_of_another_name_is_told(make_toggle_server, token, tmp_path, monkeypatch):
    toggle = make_toggle_server(tls=True)
    root = tmp_path / "root.pem"
    root.write_bytes(toggle.root_certificate)
    port = Address.from_target(toggle.address).port

    def resolved(_host, port, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    done = run("--to", f"https://other.example:{port}", "--jwt-file", token, "--ca-file", root)
    assert done.exit_code == 1
    assert "Hostname mismatch" in done.output
    assert "serve --tls-name other.example" in done.output


def test_plaintext_is_told_to_who_wants_tls(toggle_server, token, toggle_ca_file):
    to = f"https://{toggle_server.address}"
    told = steps("--to", to, "--jwt-file", token, "--ca-file", toggle_ca_file, ok=False)
    assert told["tls"] == ("fail", "the server speaks plaintext")


def test_the_port_of_http_is_none_of_grpc(make_toggle_server, token):
    toggle = make_toggle_server(http_port=0)
    told = steps("--to", toggle.http_address, "--jwt-file", token, ok=False)
    assert told["tls"] == ("fail", "the server speaks HTTP/1, no gRPC")


@pytest.mark.parametrize(
    ("target", "step", "text"),
    [
        ("nowhere.invalid:1", "name", "nowhere.invalid is not known"),
        ("127.0.0.1:1", "tcp", "Connection refused"),
    ],
)
def test_where_the_way_ends_is_told(target, step, text, token):
    told = steps("--to", target, "--jwt-file", token, ok=False)
    assert told[step][0] == "fail"
    assert text in told[step][1]
    assert list(told)[-1] == step


def test_who_says_nothing_is_no_server_of_grpc(token):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        closed = threading.Event()

        def answer():
            while not closed.is_set():
                try:
                    mute.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=answer)
        thread.start()
        to = f"127.0.0.1:{mute.getsockname()[1]}"
        told = steps("--to", to, "--jwt-file", token, ok=False)
        closed.set()
        socket.create_connection(mute.getsockname()).close()
        thread.join(30)
    assert told["tls"] == ("fail", "the server does not speak HTTP/2")


def test_settings_are_those_of_an_agent(monkeypatch, toggle_server):
    monkeypatch.setenv("RODENT_EVENTS_TARGET", toggle_server.address)
    assert steps(ok=False)["token"] == ("fail", "there is none")
    monkeypatch.setenv("RODENT_EVENTS_JWT", toggle_server.jwt(expires_in=-60))
    assert "it expired at" in steps(ok=False)["token"][1]
    monkeypatch.setenv("RODENT_EVENTS_JWT", toggle_server.jwt())
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert steps(ok=True)["proxy"][0] == "warn"
    monkeypatch.setenv("RODENT_EVENTS_USE_PROXY", "false")
    assert steps(ok=True)["proxy"][0] == "ok"
    monkeypatch.setenv("RODENT_EVENTS_TARGET", "toggle")
    assert "settings" in steps(ok=False)


def test_a_socket_is_grpcs_to_find(make_toggle_server, token, tmp_path):
    toggle = make_toggle_server(host=f"unix:{tmp_path}/toggle")
    told = steps("--to", toggle.address, "--jwt-file", token, ok=True)
    assert told["target"][1].startswith("unix:")
    assert told["grpc"][0] == "ok"


def test_without_a_target_the_ports_are_looked_at():
    told = steps(ok=True)
    assert list(told) == ["versions", "target", "ports"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (found,) = ports.judged([taken.getsockname()[1]])
    assert (found.level, "is taken" in found.text) == ("warn", True)
