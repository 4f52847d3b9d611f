"""TLS and mTLS between the client and a server."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
import trustme
from support.delivery import assert_balanced, emit

from rodent_events import (
    ConfigError,
    EventBatch,
    EventBatchResponse,
    EventBus,
    EventClient,
    HealthState,
)
from rodent_events.client import SEND_EVENTS
from rodent_events.retry_policy import Status


@pytest.fixture(autouse=True)
def _roots_of_no_variable(monkeypatch):
    for name in ("SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def files(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    client = authority.issue_cert("rodent-1")
    client.private_key_pem.write_to_path(tmp_path / "key.pem")
    client.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    return tmp_path


@pytest.fixture
def make_tls_server(authority):
    servers = []

    def make(*, client_certificate: bool) -> str:
        server = grpc.server(ThreadPoolExecutor(max_workers=2))
        own = authority.issue_cert("127.0.0.1")
        credentials = grpc.ssl_server_credentials(
            [(own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())],
            root_certificates=authority.cert_pem.bytes(),
            require_client_auth=client_certificate,
        )
        answer = EventBatchResponse(success=True).SerializeToString()
        handler = grpc.unary_unary_rpc_method_handler(lambda _request, _context: answer)
        service, method = SEND_EVENTS.strip("/").split("/")
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        servers.append(server)
        return f"127.0.0.1:{port}"

    yield make
    for server in servers:
        server.stop(None).wait()


def status(target: str, **settings) -> Status:
    with EventClient(target=target, jwt="a.b.c", send_timeout=10, **settings) as client:
        return client.send_batch(EventBatch()).status


def test_with_tls_only_a_client_that_knows_the_root_gets_through(make_tls_server, files):
    target = make_tls_server(client_certificate=False)
    assert status(target, tls_ca_file=files / "ca.pem") is Status.OK
    assert status(target, tls=True) is Status.UNAVAILABLE  # the system's roots do not know it
    assert status(target) is Status.UNAVAILABLE  # plaintext


def test_without_a_file_the_roots_are_those_of_the_system(make_tls_server, files, monkeypatch):
    target = make_tls_server(client_certificate=False)
    monkeypatch.setattr("rodent_events.tls.SYSTEM_ROOTS", ("/no/file", str(files / "ca.pem")))
    assert status(target, tls=True) is Status.OK


def test_or_those_of_a_variable_of_openssl_or_of_grpc(make_tls_server, files, monkeypatch):
    target = make_tls_server(client_certificate=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(files / "ca.pem"))
    assert status(target, tls=True) is Status.OK
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "/no/file")
    assert status(target, tls=True) is Status.UNAVAILABLE


def test_an_authority_that_is_added_to_the_system_is_known_at_once(
    make_tls_server, files, monkeypatch
):
    target = make_tls_server(client_certificate=False)
    bundle = files / "bundle.pem"
    trustme.CA().cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with EventClient(target=target, jwt="a.b.c", send_timeout=10, tls=True) as client:
        assert client.send_batch(EventBatch()).status is Status.UNAVAILABLE
        with bundle.open("ab") as stream:
            stream.write((files / "ca.pem").read_bytes())
        assert client.send_batch(EventBatch()).status is Status.OK


def test_with_mtls_only_a_client_with_a_certificate_gets_through(make_tls_server, files):
    target = make_tls_server(client_certificate=True)
    own = {"tls_cert_file": files / "cert.pem", "tls_key_file": files / "key.pem"}
    assert status(target, tls_ca_file=files / "ca.pem", **own) is Status.OK
    assert status(target, tls_ca_file=files / "ca.pem") is Status.UNAVAILABLE


def test_certificates_are_read_again_when_they_change(make_tls_server, authority, files):
    target = make_tls_server(client_certificate=True)
    right = {name: (files / name).read_bytes() for name in ("ca.pem", "cert.pem", "key.pem")}
    trustme.CA().cert_pem.write_to_path(files / "ca.pem")
    paths = {
        "tls_ca_file": files / "ca.pem",
        "tls_cert_file": files / "cert.pem",
        "tls_key_file": files / "key.pem",
    }
    with EventClient(target=target, jwt="a.b.c", send_timeout=10, **paths) as client:
        assert client.send_batch(EventBatch()).status is Status.UNAVAILABLE
        (files / "ca.pem").write_text("half-written")
        assert client.send_batch(EventBatch()).status is Status.UNAVAILABLE
        (files / "ca.pem").write_bytes(right["ca.pem"])
        old = client._channel
        assert client.send_batch(EventBatch()).status is Status.OK
        with pytest.raises(ValueError, match="closed channel"):
            old.unary_unary("/any/method")(b"", timeout=10)


def test_certificates_that_are_none_are_told_by_setting_and_file(files):
    (files / "junk.pem").write_text("junk")
    with pytest.raises(ConfigError, match=r"tls_ca_file .*junk\.pem cannot be used"):
        EventClient(target="localhost:1", jwt="a.b.c", tls_ca_file=files / "junk.pem")
    pair = {"tls_cert_file": files / "cert.pem", "tls_key_file": files / "junk.pem"}
    with pytest.raises(ConfigError, match=r"with tls_key_file .*junk\.pem cannot be used"):
        EventClient(target="localhost:1", jwt="a.b.c", **pair)


def test_a_certificate_that_cannot_be_read_is_told_by_setting_and_file():
    with pytest.raises(
        ConfigError, match=r"tls_ca_file /no/ca\.pem cannot be used: .*No such file"
    ):
        EventClient(target="localhost:1", jwt="a.b.c", tls_ca_file="/no/ca.pem")


def test_a_handshake_that_fails_is_an_outage_until_the_root_is_there(
    make_tls_server, authority, files, settings, wait_until
):
    target = make_tls_server(client_certificate=False)
    trustme.CA().cert_pem.write_to_path(files / "ca.pem")
    with EventBus(target=target, tls_ca_file=files / "ca.pem", **settings) as bus:
        emit(bus, 5)
        wait_until(lambda: bus.health().state is HealthState.FAILING)
        assert "CERTIFICATE_VERIFY_FAILED" in bus.health().last_error
        authority.cert_pem.write_to_path(files / "ca.pem")
        assert bus.flush(30)
        assert assert_balanced(bus)["delivered"] == 5
