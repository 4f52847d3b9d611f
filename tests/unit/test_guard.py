"""Who may ask the HTTP API, by what stands in Host and Origin."""

import asyncio
import json

import pytest

from toggle_mock.address import Address
from toggle_mock.http_api.guard import SameOrigin, allowed_hosts

TOGGLE = allowed_hosts(Address("0.0.0.0", 8080), ["toggle"])


def refusal(allowed, host: str, origin: str | None = None) -> str:
    """Why a request is refused; empty if it is passed on."""
    sent = []

    async def app(_scope, _receive, _send): ...

    async def send(message):
        sent.append(message)

    headers = {"host": host} | ({"origin": origin} if origin else {})
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "headers": raw}
    asyncio.run(SameOrigin(app, allowed)(scope, None, send))
    if not sent:
        return ""
    assert sent[0]["status"] == 403
    return json.loads(sent[1]["body"])["error"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:80",
        "127.0.0.1:8080",
        "192.0.2.7:80",
        "[::1]:8080",
        "toggle:8080",
        "Toggle",
        "toggle.",
    ],
)
def test_addresses_and_names_that_are_allowed_get_through(host):
    assert refusal(TOGGLE, host) == ""


@pytest.mark.parametrize("host", ["evil.example", "toggle.evil.example", "", "[", "1.2.3", "*"])
def test_other_names_are_told_how_to_be_allowed(host):
    assert "(0.0.0.0, localhost, toggle), or start it with" in refusal(TOGGLE, host)
    assert "--http-allowed-host NAME" in refusal(TOGGLE, host)


def test_an_origin_is_the_server_itself():
    assert refusal(TOGGLE, "toggle:8080", "http://toggle:8080") == ""
    assert "another site's" in refusal(TOGGLE, "192.0.2.7:8080", "http://toggle:8080")


@pytest.mark.parametrize(
    ("address", "names"), [(Address("0.0.0.0"), ["*"]), (Address.of("unix:/run/t"), [])]
)
def test_any_name_gets_through_where_that_is_asked_for_and_over_a_socket(address, names):
    allowed = allowed_hosts(address, names)
    assert refusal(allowed, "any.example") == ""
    assert "another site's" in refusal(allowed, "any.example", "http://evil.example")


def test_the_name_where_it_listens_is_allowed():
    assert refusal(allowed_hosts(Address("Toggle.example"), []), "toggle.example:80") == ""
