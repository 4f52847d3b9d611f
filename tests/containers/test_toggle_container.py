"""``ToggleContainer``: a mock in a container, as a test has it that runs outside."""

import socket
import ssl
import warnings

import grpc
import jwt
import pytest
from testcontainers.core.exceptions import ContainerStartException
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import FaultSpecError, NotReceivedError, SchemaError
from toggle_mock.container import Ready, RodentContainer, ToggleContainer, new_network


def emit(toggle, folder, *names: str, **settings) -> None:
    settings |= {"retry_backoff_base": 0.01, "use_proxy": False}
    with EventBus(
        target=toggle.address, jwt=toggle.jwt(), events_dir=folder / "events", **settings
    ) as bus:
        for name in names:
            bus.emit(StoragePoolPayload(pool_name=name))
        assert bus.flush(90)


def test_in_a_block_it_is_a_toggle_with_faults_and_a_schema(tmp_path):
    container = (
        ToggleContainer()
        .with_faults({"method": "SendEvents", "returns": ["UNAVAILABLE"]})
        .with_faults({"latency": {"seconds": 0.01}})
        .with_schema("2025-12-09")
        .with_setting("heartbeat", 0)
    )
    with container as toggle:
        assert toggle is container.get_toggle()
        assert toggle.address == container.get_address()
        emit(toggle, tmp_path, "tank")
        toggle.assert_received("pool_name:tank", count=1)
        assert [call.status for call in toggle.calls] == ["UNAVAILABLE", "OK"]
        assert toggle.recording.schema.name == "/schema.binpb"
        with pytest.raises(NotReceivedError, match="for 1 event that match"):
            toggle.wait_for("pool_name:backup", timeout=0.1)
        with toggle.faults.outage():
            assert not toggle.serving
        assert toggle.serving


def test_sessions_share_a_container_and_see_their_own(toggle_container, tmp_path):
    with toggle_container.session() as one, toggle_container.session() as other:
        emit(one, tmp_path, "tank")
        one.assert_only("pool_name:tank", count=1)
        other.assert_not_received()
        with one.on_send_events.always(grpc.StatusCode.UNAVAILABLE):
            emit(other, tmp_path, "backup")
        other.assert_only("pool_name:backup", count=1)


def test_with_tls_its_root_is_known(tmp_path):
    with ToggleContainer().with_tls("toggle.example") as toggle:
        root = tmp_path / "root.pem"
        root.write_bytes(toggle.root_certificate)
        emit(toggle, tmp_path, "tank", tls_ca_file=root)
        toggle.assert_received("pool_name:tank")
        host, _, port = toggle.address.rpartition(":")
        trusting = ssl.create_default_context(cafile=root)
        trusting.set_alpn_protocols(["h2"])
        with (
            socket.create_connection((host, int(port))) as connection,
            trusting.wrap_socket(connection, server_hostname="toggle.example") as secured,
        ):
            assert secured.selected_alpn_protocol() == "h2"


def test_with_a_key_only_its_tokens_are_taken():
    key = b"a secret of more than thirty-two characters"
    with ToggleContainer().with_jwt_key(key) as toggle:
        assert jwt.decode(toggle.jwt(rid="r1"), key, ["HS256"])["rid"] == "r1"


class Impatient(Ready):
    """Gives up soon after the mock has said where it listens."""

    def wait_until_ready(self, container):
        LogMessageWaitStrategy("HTTP at").with_poll_interval(0.05).wait_until_ready(container)
        self.with_startup_timeout(1)
        super().wait_until_ready(container)


def test_one_that_does_not_become_ready_tells_its_log():
    container = ToggleContainer().with_setting("http", 8026).waiting_for(Impatient())
    with pytest.raises(TimeoutError, match=r"not within 1 s: the mock is ready; .*/readyz") as told:
        container.__enter__()
    (note,) = told.value.__notes__
    assert "Toggle mock at 0.0.0.0:50051" in note


def test_one_that_ends_at_once_tells_its_log():
    container = ToggleContainer().with_setting("heartbeat", "often")
    with pytest.raises(ContainerStartException, match=r"ended with 2(?s:.*)'often' is not a valid"):
        container.__enter__()


def test_a_failure_within_the_block_tells_its_log():
    with pytest.raises(ZeroDivisionError) as caught, ToggleContainer():
        _ = 1 / 0
    (note,) = caught.value.__notes__
    assert note.startswith("log of the mock Toggle (toggle-mock:")
    assert "Toggle mock at 0.0.0.0:50051" in note


def test_what_is_wrong_is_told_before_anything_starts():
    container = ToggleContainer()
    with pytest.raises(FaultSpecError, match="did you mean latency"):
        container.with_faults({"latncy": {}})
    with pytest.raises(SchemaError, match="is no schema"):
        container.with_schema("2025-13-01")
    with pytest.raises(ValueError, match="give a name"):
        container.with_tls("http://toggle")
    with pytest.raises(ValueError, match="in no network"):
        RodentContainer("go-driver:test").with_toggle(container)
    with pytest.raises(ContainerStartException, match=r"no image toggle-mock:0\.0\.0"):
        ToggleContainer("toggle-mock:0.0.0").start()


def test_another_container_asks_by_its_name(toggle_container):
    with new_network() as network, warnings.catch_warnings():
        warnings.simplefilter("error")
        mock = ToggleContainer().with_network(network).with_network_aliases("mock")
        with mock:
            assert mock.get_network_address() == "mock:50051"
            other = ToggleContainer().with_network(network)
            with other:
                asked = other.exec(["toggle-mock", "ready", "http://mock:8025"])
                assert (asked.exit_code, asked.output) == (0, b"ready: http://mock:8025\n")
                own = mock.exec(["toggle-mock", "ready", "http://toggle:8025"])
                assert own.exit_code == 0
