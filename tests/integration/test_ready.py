"""``toggle-mock ready``: what it says of a mock, and how it finds it."""

import json
import socket

import pytest
from click.testing import CliRunner

from toggle_mock import ToggleServer
from toggle_mock.cli.main import main


def ready(*arguments: str, **environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["ready", *arguments], env=environment)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.fixture(scope="module", name="toggle")
def _toggle():
    with ToggleServer(http_port=0, relay=True) as toggle:
        yield toggle


def test_a_mock_is_found_by_its_url_and_by_what_serve_was_given(toggle, tmp_path):
    url = f"http://{toggle.http_address}"
    port = url.rpartition(":")[2]
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({"listening": toggle.address, "http": f"http://0.0.0.0:{port}"}))
    for arguments, environment in (
        ([url], {}),
        (["--http", port], {}),
        (["--ready-file", str(path), "--http", "1"], {}),
        ([], {"TOGGLE_MOCK_HTTP": port, "TOGGLE_MOCK_HTTP_HOST": "0.0.0.0"}),
        ([], {"TOGGLE_MOCK_READY_FILE": str(path)}),
    ):
        assert ready(*arguments, **environment) == (0, f"ready: {url}\n")


def test_it_is_found_at_a_socket(tmp_path):
    where = f"unix:{tmp_path}/http"
    with ToggleServer(http_host=where):
        assert ready("--http-host", where) == ready(where) == (0, f"ready: {where}\n")


def test_a_mock_amid_an_outage_is_not_ready_and_says_why(toggle):
    with toggle.faults.outage():
        told = ready(f"http://{toggle.http_address}")
    assert told == (1, "Error: not ready: the server does not listen\n")
    assert ready(f"http://{toggle.http_address}")[0] == 0


def test_who_does_not_answer_is_not_ready(free_port):
    code, told = ready("--http", str(free_port), "--timeout", "0.2")
    assert code == 1
    assert "not ready within 0.2 s: " in told
    assert "does not answer as a mock Toggle: " in told
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert ready("--http", str(silent.getsockname()[1]))[0] == 1


def test_it_waits_for_a_mock_that_begins(in_background, wait_until, tmp_path):
    path = tmp_path / "ready.json"
    told = ready("--ready-file", str(path))
    assert told == (1, f"Error: not ready: there is no {path} yet\n")
    waiting = in_background(ready, "--ready-file", str(path), "--timeout", "60")
    with ToggleServer(http_port=0) as toggle:
        url = f"http://{toggle.http_address}"
        written = path.with_suffix(".new")
        written.write_text(json.dumps({"listening": toggle.address, "http": url}))
        assert not waiting.done()
        written.rename(path)
        assert waiting.result(30) == (0, f"ready: {url}\n")


def test_what_serve_writes_is_what_it_reads(serve, tmp_path):
    path = tmp_path / "ready.json"
    process = serve("--http", "0", "--ready-file", str(path))
    assert ready("--ready-file", str(path), "--timeout", "30")[0] == 0
    process.terminate()
    process.wait(20)
    assert "there is no" in ready("--ready-file", str(path))[1]


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ([], 2, "where is the mock? Give the URL of its HTTP API"),
        (["--http", "0"], 2, "where is the mock?"),
        (["toggle:8025"], 2, "'toggle:8025' is no URL of a mock: give http://HOST:PORT"),
        (["--http", "99999"], 2, "99999 is not in the range"),
        (["--http-host", "http://mock"], 1, "'http://mock' is no host"),
    ],
)
def test_where_a_mock_cannot_be_is_told(arguments, code, problem):
    given, told = ready(*arguments)
    assert (given, problem in told) == (code, True), told


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "was not written by serve --ready-file: "),
        ("{}", "was not written by serve --ready-file: "),
        ('{"listening": "127.0.0.1:1"}', "the mock at 127.0.0.1:1 serves no HTTP: start it with"),
        ('{"listening": "127.0.0.1:1", "http": "http://x:y"}', "was not written"),
    ],
)
def test_a_file_that_does_not_say_where_is_told(tmp_path, text, problem):
    path = tmp_path / "ready.json"
    path.write_text(text)
    code, told = ready("--ready-file", str(path))
    assert (code, problem in told) == (1, True), told
