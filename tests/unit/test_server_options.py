"""What a ToggleServer is made with, before it listens."""

import pytest

from toggle_mock import ToggleServer, Upstream
from toggle_mock.recording.recorder import Recording
from toggle_mock.tokens.certificates import Authority
from toggle_mock.tokens.tokens import Tokens


def test_objects_stand_for_more_than_the_defaults():
    recording, tokens, authority = Recording(max_calls=1), Tokens(algorithm="ES256"), Authority()
    toggle = ToggleServer(recording=recording, tokens=tokens, authority=authority, tls="mutual")
    assert toggle.recording is recording
    assert toggle.tokens is tokens
    assert toggle.root_certificate == authority.root
    assert tokens.verified([("authorization", f"Bearer {toggle.jwt()}")])["rid"] == "rodent-1"


def test_by_default_there_is_neither_tls_nor_http():
    toggle = ToggleServer(deduplicate=True)
    assert toggle.recording.deduplicate
    assert toggle.root_certificate is None
    assert toggle.http_address is None
    assert not toggle.serving


def test_a_session_is_a_toggle_like_its_server():
    toggle = ToggleServer(tls=True, port=4711)
    session = toggle.session(rid="r9")
    assert session.address == toggle.address == "127.0.0.1:4711"
    assert session.root_certificate == toggle.root_certificate
    assert (session.serving, session.http_address) == (False, None)
    assert session.tokens is toggle.tokens
    claims = toggle.tokens.verified([("authorization", f"Bearer {session.jwt(tid='t1')}")])
    assert (claims["rid"], claims["sub"], claims["tid"]) == ("r9", "org-1", "t1")
    assert session.session().scope != session.scope


def mixed() -> tuple[bytes, bytes]:
    authority = Authority()
    return authority.issue("a").chain, authority.issue("b").key


def test_an_upstream_speaks_tls_where_anything_says_so():
    own = Authority().issue("a")
    assert not Upstream("toggle:50051").secure
    assert Upstream("toggle:50051", tls=True).secure
    assert Upstream("https://toggle:443").secure
    assert Upstream("toggle:443", root_certificates=Authority().root).secure
    assert Upstream("toggle:443", certificate=(own.chain, own.key)).secure
    assert own.key.decode() not in repr(Upstream("toggle:443", certificate=(own.chain, own.key)))


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: ToggleServer(port=-1), "port is -1"),
        (lambda: ToggleServer(http_port=70_000), "http_port is 70000"),
        (lambda: ToggleServer(host="localhost:4711"), "host: 'localhost:4711' is no address"),
        (lambda: ToggleServer(host="unix:/run/t", port=4711), "host: a socket has no port"),
        (lambda: ToggleServer(http_host=""), "http_host: '' is no host"),
        (lambda: ToggleServer(http_host="0.0.0.0"), "http_host is '0.0.0.0', but there is no HTTP"),
        (lambda: ToggleServer(http_allowed_hosts=["toggle"]), "but there is no HTTP"),
        (
            lambda: ToggleServer(http_port=0, http_allowed_hosts=["http://toggle"]),
            "http_allowed_hosts has 'http://toggle'",
        ),
        (lambda: ToggleServer(heartbeat=0), "heartbeat is 0"),
        (lambda: ToggleServer(tls="mutal"), "tls is 'mutal': give True, False or 'mutual'"),
        (
            lambda: ToggleServer(recording=Recording(), deduplicate=True),
            "a matter of the recording",
        ),
        (
            lambda: ToggleServer(forward_to="not an address"),
            "target is str 'not an address': give host:port",
        ),
        (lambda: ToggleServer(forward_to=""), "target is str ''"),
        (lambda: Upstream("x:1", root_certificates=b"?"), "root_certificates are no cert"),
        (lambda: Upstream("x:1", certificate=(b"?", b"?")), "certificate is no chain with its key"),
        (lambda: Upstream("x:1", certificate=mixed()), "a key that is another certificate's"),
        (lambda: Recording(max_bytes=-1), "max_bytes is -1"),
        (lambda: Recording(max_calls=-1), "max_calls -1"),
    ],
)
def test_what_is_no_option_is_told(make, problem):
    with pytest.raises(ValueError, match=problem):
        make()
