"""What toggle-mock doctor says of tokens, proxies and schemas."""

import jwt
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from rodent_events.payload_types import EVENT
from rodent_events.pb import POOL
from toggle_mock.doctor import proxies, toggles, tokens
from toggle_mock.doctor.findings import fail, lines, ok
from toggle_mock.doctor.network import Endpoint, settled
from toggle_mock.schema import REVISIONS, load_schema

NOW = 1_800_000_000


def token(**claims):
    return jwt.encode({"rid": "r1", "sub": "o1", "prv": True} | claims, "secret" * 8)


@pytest.mark.parametrize(
    ("given", "level", "text"),
    [
        (token(), "ok", "rid r1, sub o1, prv True"),
        (token(exp=NOW + 3600), "ok", "it expires at 2027-01-15 09:00:00 UTC"),
        (token(exp=NOW + 60), "warn", "it expires at 2027-01-15 08:01:00 UTC"),
        (token(exp=NOW - 60), "fail", "it expired at 2027-01-15 07:59:00 UTC"),
        (token(nbf=NOW + 60), "fail", "it is not valid before 2027-01-15 08:01:00 UTC"),
        (token(rid=None), "warn", "rid None"),
        (token(exp=NOW + 3600, sub=""), "warn", "sub "),
        ("", "fail", "there is none"),
        ("nonsense", "fail", "8 characters that are no JWT"),
    ],
)
def test_a_token_is_judged_by_its_claims_and_never_shown(given, level, text):
    found = tokens.judged(given, NOW)
    assert (found.level, text in found.text) == (level, True), found
    assert bool(found.remedy) is (level != "ok")
    assert not given or given not in found.text + found.remedy


@pytest.mark.parametrize(
    ("environment", "level", "text"),
    [
        ({}, "ok", "none is named"),
        ({"HTTPS_PROXY": "http://p:3128"}, "ok", "for agents in Go alone"),
        ({"http_proxy": "http://p:3128"}, "warn", "goes through http_proxy=http://p:3128"),
        (
            {"grpc_proxy": "http://u:pw@p:1", "https_proxy": "http://q"},
            "warn",
            "grpc_proxy=http://…@p:1",
        ),
        ({"http_proxy": "u:pw@p:1"}, "warn", "http_proxy=…@p:1"),
        ({"http_proxy": "http://p", "no_proxy": "a, .example"}, "ok", "but no_proxy has"),
        (
            {"http_proxy": "http://p", "no_grpc_proxy": "other", "no_proxy": ".example"},
            "warn",
            "goes",
        ),
        ({"GRPC_ADDRESS_HTTP_PROXY": "p:1", "no_proxy": ".example"}, "warn", "goes through"),
    ],
)
def test_the_proxy_is_the_one_that_grpc_takes(environment, level, text):
    found = proxies.judged("toggle.example", environment, use_proxy=True)
    assert (found.level, text in found.text) == (level, True), found
    assert "pw" not in found.text + found.remedy
    assert proxies.judged("toggle.example", environment, use_proxy=False).level == "ok"


@pytest.mark.parametrize(
    ("host", "listed", "is_left_out"),
    [
        ("localhost", "localhost", True),
        ("a.example", "example", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("::1", "::1", True),
        ("toggle", "", False),
        ("toggle", ",", False),
    ],
)
def test_hosts_are_left_out_by_their_end_or_their_network(host, listed, is_left_out):
    assert proxies.is_left_out(host, listed) is is_left_out


@pytest.mark.parametrize(
    ("target", "endpoint"),
    [
        ("toggle:50051", Endpoint("toggle", 50051)),
        ("[::1]:1", Endpoint("::1", 1)),
        ("dns:///toggle:1", Endpoint("toggle", 1)),
        ("dns:toggle:1", Endpoint("toggle", 1)),
        ("unix:/run/toggle", None),
        ("unix:/run/toggle:1", None),
        ("toggle", None),
    ],
)
def test_a_target_names_a_host_or_is_grpcs(target, endpoint):
    assert Endpoint.of(target) == endpoint


def test_of_several_addresses_one_is_enough():
    taken, refused = ok("tcp", "127.0.0.1"), fail("tcp", "::1: refused", "start it")
    assert [one.level for one in settled([refused, taken])] == ["warn", "ok"]
    assert settled([refused, taken])[0].remedy == "others do; start it"
    assert settled([refused, refused]) == [refused, refused]


def described(pool):
    made = FileDescriptorProto()
    pool.FindMessageTypeByName(EVENT).file.CopyToProto(made)
    return made


def test_a_schema_is_told_by_its_fields():
    assert toggles.compared(described(POOL)) == ok(
        "schema", "the server's is this package's own, which has all that this package emits"
    )
    newest = toggles.compared(described(load_schema(REVISIONS[-1]).pool))
    assert f"the server's is {REVISIONS[-1]}, " in newest.text
    file = described(POOL)
    (event,) = (one for one in file.message_type if one.name == "Event")
    event.field[0].number = 99
    less = toggles.compared(file)
    assert less.level == "warn"
    assert (
        "is one of its own, without 1 fields of this package's: Event.event_id = 1 (9)" in less.text
    )


def test_a_report_has_each_remedy_below_its_line():
    found = [ok("name", "localhost is 127.0.0.1"), fail("tcp", "refused", "start it")]
    assert list(lines(found)) == [
        "ok    name      localhost is 127.0.0.1",
        "fail  tcp       refused",
        "                → start it",
    ]
