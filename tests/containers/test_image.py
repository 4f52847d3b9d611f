"""The image: what is in it, as whom it runs, where it writes, how it ends."""

import io
import json
import tarfile
from contextlib import contextmanager, suppress

import pytest
from docker.errors import APIError

from rodent_events import EventBus, StoragePoolPayload
from toggle_mock import RemoteToggle, load
from toggle_mock.container.toggle import IMAGE

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def image(engine):
    return engine.images.get(IMAGE)


@contextmanager
def run(engine, *command: str, **options):
    """A container of the image, in the background; removed at the end."""
    container = engine.containers.run(IMAGE, list(command) or None, detach=True, **options)
    try:
        yield container
    finally:
        container.remove(force=True, v=True)


def execute(container, *command: str) -> tuple[int, str]:
    code, output = container.exec_run(list(command))
    return code, output.decode()


def read(container, path: str) -> bytes:
    stream, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
        return tar.extractfile(tar.next()).read()


def published(container, port: int) -> str:
    container.reload()
    return f"127.0.0.1:{container.ports[f'{port}/tcp'][0]['HostPort']}"


def test_what_the_image_says_of_itself(image):
    config = image.attrs["Config"]
    assert config["User"] == "65532:65532"
    assert set(config["ExposedPorts"]) == {"50051/tcp", "8025/tcp"}
    assert set(config["Volumes"]) == {"/data"}
    assert config["Healthcheck"]["Test"] == ["CMD", "toggle-mock", "ready"]
    labels = {
        name.removeprefix("org.opencontainers.image."): text for name, text in image.labels.items()
    }
    assert (labels["title"], labels["licenses"]) == ("toggle-mock", "Apache-2.0 AND MIT")
    assert labels["version"] == IMAGE.partition(":")[2]
    assert len(labels["revision"]) == 40
    assert image.attrs["Size"] <= 120 * MEGABYTE


def test_what_it_is_made_of_stands_in_it(engine):
    container = engine.containers.create(IMAGE)
    try:
        sbom = json.loads(read(container, "/usr/share/sbom/toggle-mock.cdx.json"))
        kinds = {}
        for component in sbom["components"]:
            kind = component["purl"].removeprefix("pkg:").partition("/")[0]
            kinds.setdefault(kind, set()).add(component["name"])
            assert component["version"], component
            assert kind == "deb" or component["licenses"][0]["license"]["name"], component
        assert sbom["metadata"]["component"]["name"] == "rodent-events"
        assert kinds["generic"] == {"python"}
        assert {"grpcio", "protobuf", "cryptography", "uvicorn", "click"} <= kinds["pypi"]
        assert {"libc6", "libssl3"} <= kinds["deb"]
        for package in kinds["deb"]:
            assert read(container, f"/usr/share/licenses/{package}/copyright")
        with tarfile.open(fileobj=io.BytesIO(b"".join(container.export()))) as tar:
            names = tar.getnames()
    finally:
        container.remove(v=True)
    packages = [name for name in names if name.endswith(".dist-info/METADATA")]
    assert len(packages) == len(kinds["pypi"]) + 1
    assert not any(name.endswith(("/sh", "/bash", "/pip")) for name in names)


def test_it_records_as_any_user_with_a_root_that_nobody_can_write(engine, tmp_path):
    settings = {"TOGGLE_MOCK_RECORD": "/data/run.ndjson", "TOGGLE_MOCK_HEARTBEAT": "0"}
    ports = {"50051/tcp": None, "8025/tcp": None}
    options = {"user": "12345:678", "read_only": True, "environment": settings, "ports": ports}
    with run(engine, **options) as container:
        assert execute(container, "toggle-mock", "ready", "--timeout", "90") == (
            0,
            "ready: http://127.0.0.1:8025\n",
        )
        address = published(container, 50051)
        with (
            RemoteToggle(f"http://{published(container, 8025)}", address=address) as toggle,
            EventBus(target=toggle.address, jwt=toggle.jwt(), events_dir=tmp_path) as bus,
        ):
            bus.emit(StoragePoolPayload(pool_name="tank"))
            toggle.wait_for("pool_name:tank", timeout=90)
        container.stop(timeout=90)
        assert container.wait()["StatusCode"] == 0
        path = tmp_path / "run.ndjson"
        path.write_bytes(read(container, "/data/run.ndjson"))
    (event,) = load(path).events
    assert event.payload.pool_name == "tank"


def test_health_follows_the_mock(engine, wait_until):
    ports = {"8025/tcp": None}
    often = {"interval": 500_000_000, "timeout": 60_000_000_000, "retries": 1}
    with run(engine, healthcheck=often, ports=ports) as container:

        def health() -> str:
            container.reload()
            return container.attrs["State"]["Health"]["Status"]

        wait_until(lambda: health() == "healthy", timeout=90)
        used = container.stats(stream=False)["memory_stats"]
        assert used["usage"] - used["stats"]["total_inactive_file"] <= 80 * MEGABYTE
        with RemoteToggle(f"http://{published(container, 8025)}", whole=True) as toggle:
            with toggle.faults.outage():
                wait_until(lambda: health() == "unhealthy", timeout=90)
            wait_until(lambda: health() == "healthy", timeout=90)


def test_a_command_without_a_handler_of_its_own_ends_by_a_signal_too(engine, wait_until):
    with run(engine, "ready", "http://127.0.0.1:1", "--timeout", "300") as container:

        def has_ended() -> bool:
            container.reload()
            if container.status == "running":
                with suppress(APIError):  # it has just ended
                    container.kill("SIGTERM")  # the kernel drops it before Python has begun
            return container.status == "exited"

        wait_until(has_ended, timeout=90)
        assert container.wait()["StatusCode"] == 128 + 15


def test_a_wrong_setting_is_told(engine):
    with run(engine, environment={"TOGGLE_MOCK_HEARTBEAT": "often"}) as container:
        assert container.wait(timeout=90)["StatusCode"] == 2
        assert "'often' is not a valid float range" in container.logs().decode()
