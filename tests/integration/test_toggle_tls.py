"""TLS and mTLS of the mock."""

import grpc
import pytest

from rodent_events import EventBus, EventClient, StoragePoolPayload
from rodent_events.retry_policy import Status
from toggle_mock import ToggleServer
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.tokens.certificates import Authority


def status(toggle: ToggleServer, **settings) -> Status:
    settings |= {"target": toggle.address, "jwt": toggle.jwt(), "send_timeout": 10}
    with EventClient(**settings) as client:
        return client.send_batch(b"").status


def test_with_tls_only_a_client_that_knows_the_root_gets_through(make_toggle_server, tmp_path):
    toggle = make_toggle_server(tls=True)
    assert status(toggle, tls_ca_file=toggle.authority.root_file) is Status.OK
    assert status(toggle) is Status.UNAVAILABLE
    assert status(toggle, tls_ca_file=Authority().root_file) is Status.UNAVAILABLE
    (tmp_path / "root.pem").write_bytes(toggle.root_certificate)
    with EventBus(
        target=toggle.address,
        jwt=toggle.jwt(),
        events_dir=tmp_path / "events",
        tls_ca_file=tmp_path / "root.pem",
    ) as bus:
        bus.emit(StoragePoolPayload(pool_name="tank"))
        assert bus.flush(20)
    toggle.assert_received("pool_name:tank")


@pytest.mark.parametrize("relay", [False, True])
@pytest.mark.parametrize("ahead", [3600, -90_000])
def test_a_server_whose_clock_is_wrong_shows_a_certificate_that_is_not_valid(
    make_toggle_server, relay, ahead
):
    toggle = make_toggle_server(tls=True, relay=relay)
    root = toggle.authority.root_file
    with EventClient(target=toggle.address, jwt=toggle.jwt(), tls_ca_file=root) as client:
        assert client.send_batch(b"").status is Status.OK
        with toggle.faults.clock(ahead):
            outcome = client.send_batch(b"")
            assert outcome.status is Status.UNAVAILABLE
            assert status(toggle, tls_ca_file=root) is Status.UNAVAILABLE
    assert status(toggle, tls_ca_file=root) is Status.OK


@pytest.mark.parametrize("relay", [False, True])
def test_with_mtls_only_a_client_with_a_certificate_of_the_authority_gets_through(
    make_toggle_server, tmp_path, relay
):
    toggle = make_toggle_server(tls="mutual", relay=relay)
    root = toggle.authority.root_file
    assert status(toggle, tls_ca_file=root) is Status.UNAVAILABLE
    chain, key = toggle.authority.issue("rodent-1").write(tmp_path, "rodent-1")
    assert key.stat().st_mode & 0o777 == 0o600
    own = {"tls_ca_file": root, "tls_cert_file": chain, "tls_key_file": key}
    assert status(toggle, **own) is Status.OK
    chain, key = Authority().issue("rodent-1").write(tmp_path, "stranger")
    assert status(toggle, **own | {"tls_cert_file": chain, "tls_key_file": key}) is (
        Status.UNAVAILABLE
    )


def test_a_rodent_connects_with_the_certificate_that_register_gave(make_toggle_server):
    toggle = make_toggle_server(tls="mutual")
    given = toggle.authority.registration("n1.example.net")
    pair = (given.certificate.encode(), given.private_key.encode())
    with SimulatedRodent(
        toggle.address,
        toggle.jwt(rid="r1"),
        pace=0.001,
        root_certificates=toggle.root_certificate,
        certificate=pair,
    ):
        assert toggle.rodents["r1"].command("system.status").success


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0", "::1", "[::1]"])
def test_the_certificate_is_for_the_servers_address(host):
    with ToggleServer(host=host, tls=True) as toggle:
        credentials = grpc.ssl_channel_credentials(toggle.root_certificate)
        with grpc.secure_channel(toggle.address, credentials) as channel:
            grpc.channel_ready_future(channel).result(20)


def test_the_certificate_is_for_further_names_that_are_told_to_who_asks_for_others():
    def connects(name: str) -> bool:
        options = [("grpc.ssl_target_name_override", name)]
        credentials = grpc.ssl_channel_credentials(toggle.root_certificate)
        with grpc.secure_channel(toggle.address, credentials, options) as channel:
            try:
                grpc.channel_ready_future(channel).result(20 if name != "toggle.test" else 0.2)
            except grpc.FutureTimeoutError:
                return False
            return True

    names = ["toggle.example", "*.svc.example", "192.0.2.7"]
    with ToggleServer(tls=True, tls_names=names, relay=True) as toggle:
        for name in ("toggle.example", "a.svc.example", "192.0.2.7", "localhost"):
            assert connects(name)
        assert toggle.refusals == []
        assert not connects("toggle.test")
        assert "toggle.example, *.svc.example, 192.0.2.7" in toggle.refusals[0].details


def test_without_tls_there_is_no_root(toggle_server):
    assert toggle_server.root_certificate is None
