"""What is found out of the first bytes of a connection; real TLS, without a socket."""

import random
import ssl

import pytest

from toggle_mock import Authority
from toggle_mock.faults.first_bytes import PREFACE, Finding, Opening, Speaks
from toggle_mock.recording.refusals import KINDS

PLAIN = Speaks()
TLS = Speaks(tls=True, names=("localhost", "127.0.0.1"))
HELLO = b"\x16\x03\x01\x00\x05abcde"


def found(server: Speaks, *chunks: bytes) -> Finding | None:
    """What is found of a client that says these, one after the other, while it stays."""
    opening = Opening(server)
    findings = [opening.take(chunk, from_client=True) for chunk in chunks if opening.watching]
    assert not any(findings[:-1])
    return findings[-1]


def bytewise(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


@pytest.mark.parametrize("chunks", [[PREFACE + b"more"], bytewise(PREFACE)])
def test_grpc_in_plaintext(chunks):
    opening = Opening(PLAIN)
    assert [opening.take(one, from_client=True) for one in chunks] == [None] * len(chunks)
    assert not opening.watching
    finding = found(TLS, *chunks)
    assert finding.kind == "plaintext"
    assert "root certificate" in finding.details


@pytest.mark.parametrize(
    ("data", "kind", "details"),
    [
        (HELLO, "tls", "the server speaks plaintext"),
        (b"GET /a/b?token=secret HTTP/1.1\r\n", "http1", "GET /a/b"),
        (b"POST " + b"x" * 2000, "http1", "POST " + "x" * 200),
        (b"PRI * HTTP/1.1\r\n", "http1", "PRI *"),
        (b"garbage and more", "no_http2", "they begin with 67 61 72 62 61 67 65 20"),
        (b"\0", "no_http2", "they begin with 00"),
    ],
)
def test_what_is_no_grpc(data, kind, details):
    assert kind in KINDS
    assert found(PLAIN, data) == (kind, details)
    if kind != "tls":
        assert found(TLS, data) == (kind, details)


@pytest.mark.parametrize("server", [PLAIN, TLS])
def test_nothing_is_told_of_who_says_nothing_or_may_go_on(server):
    assert Opening(server).end(by_client=True) is None
    assert found(server, b"PRI * HT", b"TP/2.") is None
    assert found(server, b"GET /lo", b"ng") is None
    assert found(TLS, HELLO) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"PRI * HT", ("http1", "PRI *")),
        (b"PR", ("no_http2", "they begin with 50 52")),
        (b"GET /x", ("http1", "GET /x")),
    ],
)
def test_the_end_decides_what_may_have_gone_on(data, expected):
    opening = Opening(PLAIN)
    assert opening.take(data, from_client=True) is None
    assert opening.end(by_client=False) == expected
    assert not opening.watching


# TLS


class Handshake:
    """A client and a server of TLS, and what is found out of what passes between them."""

    def __init__(self, client, authority: Authority, name="localhost", mutual=False):
        speaks = Speaks(tls=True, mutual=mutual, names=("localhost",))
        self.opening = Opening(speaks)
        self.findings = []
        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.load_cert_chain(*authority.issue("localhost").write(authority.root_file.parent, "s"))
        own.set_alpn_protocols(["h2"])
        if mutual:
            own.verify_mode = ssl.CERT_REQUIRED
            own.load_verify_locations(cadata=authority.root.decode())
        self.bios = [(ssl.MemoryBIO(), ssl.MemoryBIO()) for _ in range(2)]
        client_side, server_side = self.bios
        self.client = client.wrap_bio(*client_side, server_hostname=name)
        self.server = own.wrap_bio(*server_side, server_side=True)

    def step(self, side: ssl.SSLObject, say: bytes = b"") -> bool:
        """Whether a side has not failed, in whatever it does next."""
        try:
            side.do_handshake()
            if say:
                side.write(say)
            side.read(1)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        except ssl.SSLError:
            return False
        finally:
            self.carry(side is self.client)
        return True

    def carry(self, from_client: bool) -> None:
        source, sink = self.bios if from_client else self.bios[::-1]
        if data := source[1].read():
            sink[0].write(data)
            if self.opening.watching:
                self.findings += filter(None, [self.opening.take(data, from_client=from_client)])

    def converse(self) -> None:
        """Let both say something, until one fails; that one ends the connection."""
        for _ in range(4):
            for side, text in ((self.client, PREFACE), (self.server, b"settings")):
                if not self.step(side, text):
                    self.end(by_client=side is self.client)
                    return

    def end(self, *, by_client: bool) -> None:
        if self.opening.watching:
            self.findings += filter(None, [self.opening.end(by_client=by_client)])


@pytest.fixture(scope="module")
def authority():
    return Authority()


def trusting(authority: Authority, version=None, protocols=("h2",)) -> ssl.SSLContext:
    client = ssl.create_default_context(cadata=authority.root.decode())
    if protocols:
        client.set_alpn_protocols(protocols)
    if version:
        client.maximum_version = version
    return client


VERSIONS = pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2], ids=["1.3", "1.2"]
)


@VERSIONS
def test_a_handshake_that_succeeds(authority, version):
    handshake = Handshake(trusting(authority, version), authority)
    handshake.converse()
    assert not handshake.opening.watching
    assert handshake.findings == []


@VERSIONS
def test_a_root_that_is_not_trusted(authority, version):
    handshake = Handshake(trusting(Authority(), version), authority)
    handshake.converse()
    (finding,) = handshake.findings
    assert finding.kind == "handshake"
    assert finding.details == (
        "the client says: unknown CA; the certificate is for localhost; the client asks for "
        "localhost"
    )


def test_a_name_that_the_certificate_lacks(authority):
    handshake = Handshake(trusting(authority), authority, "toggle.example")
    handshake.converse()
    (finding,) = handshake.findings
    assert "bad certificate" in finding.details
    assert finding.details.endswith(
        "the certificate is for localhost; the client asks for toggle.example"
    )


@pytest.mark.parametrize("finishes", [False, True])
def test_a_client_that_leaves_in_silence(authority, finishes):
    """As gRPC does: where the root is not trusted at once, where the name is wrong later."""
    handshake = Handshake(trusting(authority), authority)
    handshake.step(handshake.client)
    handshake.step(handshake.server)
    if finishes:
        handshake.step(handshake.client)
        handshake.step(handshake.server)
    handshake.end(by_client=True)
    (finding,) = handshake.findings
    assert "has left at the sight of the certificate" in finding.details
    assert "is for localhost; the client asks for localhost" in finding.details


def test_a_client_that_did_not_see_the_certificate_is_not_told_of(authority):
    handshake = Handshake(trusting(authority), authority)
    handshake.step(handshake.client)
    handshake.end(by_client=True)
    assert handshake.findings == []


@pytest.mark.parametrize(
    ("protocols", "offered"), [((), "nothing"), (("http/1.1", "x"), "http/1.1, x")]
)
def test_a_client_that_does_not_offer_http2(authority, protocols, offered):
    handshake = Handshake(trusting(authority, protocols=protocols), authority)
    handshake.step(handshake.client)
    handshake.end(by_client=False)
    assert handshake.findings == [
        ("handshake", f"the client offers {offered} by ALPN, h2 is needed")
    ]


def test_a_client_without_a_certificate(authority):
    handshake = Handshake(trusting(authority), authority, mutual=True)
    handshake.step(handshake.client)
    handshake.step(handshake.server)
    handshake.step(handshake.client, PREFACE)
    handshake.end(by_client=False)
    (finding,) = handshake.findings
    assert finding.details.startswith("the client has no certificate, or none that")


def test_a_handshake_that_the_server_does_not_understand():
    opening = Opening(TLS)
    assert opening.take(HELLO, from_client=True) is None
    assert opening.end(by_client=False) == ("handshake", "the server has ended it")


@pytest.mark.parametrize("server", [PLAIN, TLS])
def test_garbage_raises_nothing_and_is_not_kept(server):
    chance = random.Random(1)
    for _ in range(300):
        opening = Opening(server)
        start = chance.choice([b"", b"\x16\x03\x01", b"\x16\x03\x01\0\x60\x01", b"GET /"])
        for size in (10, 200, 100_000):
            if opening.watching:
                opening.take(start + chance.randbytes(size), from_client=chance.random() < 0.7)
                start = b""
        if opening.watching:
            opening.end(by_client=chance.random() < 0.5)
        assert not opening.watching
