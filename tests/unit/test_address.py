"""Where a face of the mock listens, as users write it."""

import pytest

from toggle_mock.address import Address, checked_names, http_url
from toggle_mock.server.exposure import warn


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1:4711"),
        ("0.0.0.0", "0.0.0.0:4711"),
        ("toggle.example", "toggle.example:4711"),
        ("::1", "[::1]:4711"),
        ("[::]", "[::]:4711"),
        ("fe80::1%eth0", "[fe80::1%eth0]:4711"),
    ],
)
def test_a_host_with_its_port(host, shown):
    assert str(Address.of(host, 4711)) == str(Address.of(host).at(4711)) == shown
    assert http_url(shown) == f"http://{shown}"


@pytest.mark.parametrize("host", ["unix:/run/t.sock", "unix:///run/t.sock"])
def test_a_socket_has_no_port(host):
    address = Address.of(host)
    assert str(address) == str(address.at(1)) == http_url(str(address)) == "unix:/run/t.sock"
    assert str(Address.of("unix:t.sock")) == "unix:t.sock"


@pytest.mark.parametrize(
    ("host", "port", "problem"),
    [
        ("", 0, "'' is no host"),
        ("http://mock", 0, "'http://mock' is no host"),
        (" mock", 0, "is no host"),
        ("localhost:4711", 0, "a port is given apart"),
        ("[::1]:4711", 0, "a port is given apart"),
        ("unix-abstract:t", 0, "is no address of IPv6"),
        ("unix:", 0, "needs the path"),
        ("unix:/a\0b", 0, "needs the path"),
        ("unix:/run/t.sock", 4711, "has no port"),
    ],
)
def test_what_can_be_no_address_is_told(host, port, problem):
    with pytest.raises(ValueError, match=problem):
        Address.of(host, port)


@pytest.mark.parametrize(
    ("host", "everywhere", "of_this_machine"),
    [
        ("127.0.0.3", False, True),
        ("::1", False, True),
        ("localhost", False, True),
        ("unix:t", False, True),
        ("0.0.0.0", True, False),
        ("::", True, False),
        ("192.0.2.1", False, False),
        ("toggle.example", False, False),
    ],
)
def test_who_gets_there(host, everywhere, of_this_machine):
    address = Address.of(host)
    assert address.is_everywhere is everywhere
    assert address.is_of_this_machine is of_this_machine


def test_names_are_compared_as_hosts_are():
    names = ["Toggle.Example.", "*.example", "192.0.2.1", "::1", "müller.example"]
    assert checked_names("names", names) == [
        "toggle.example",
        "*.example",
        "192.0.2.1",
        "::1",
        "müller.example",
    ]
    assert checked_names("names", ["*"], special={"*"}) == ["*"]


@pytest.mark.parametrize(
    "name", ["", "*", "a b", "http://toggle", "toggle:80", "10.0.0.0/8", "a..b"]
)
def test_what_is_no_name_is_told(name):
    with pytest.raises(ValueError, match="give a name such as"):
        checked_names("names", ["toggle", name])


def test_a_single_name_is_no_list_of_them():
    with pytest.raises(TypeError, match="names is 'toggle': give a list"):
        checked_names("names", "toggle")


def test_what_others_can_do_is_told_where_they_get_there(caplog):
    warn("HTTP", Address("0.0.0.0", 8080))
    warn("gRPC", Address("toggle.example"))
    warn("gRPC", Address.of("unix:t"))
    warn("gRPC", Address())
    http, grpc = caplog.messages
    assert http.startswith("HTTP listens on 0.0.0.0:8080, which other machines may reach: without")
    assert "report as Rodents" in grpc


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("0.0.0.0", "127.0.0.1:80"),
        ("::", "127.0.0.1:80"),
        ("192.0.2.1", "192.0.2.1:80"),
        ("unix:t", "unix:t"),
    ],
)
def test_who_listens_everywhere_is_reached_by_any_host(host, reached):
    assert str(Address.of(host).at(80).reached_by("127.0.0.1")) == reached
