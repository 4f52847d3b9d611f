import pytest
from fastapi.testclient import TestClient
from pool_api.app import app


@pytest.fixture
def configured(toggle_server, tmp_path, monkeypatch):
    settings = {
        "TARGET": toggle_server.address,
        "JWT": toggle_server.jwt(),
        "EVENTS_DIR": str(tmp_path / "events"),
        "BATCH_TIMEOUT": "0.05",
        "RETRY_BACKOFF_BASE": "0.01",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"RODENT_EVENTS_{name}", value)


@pytest.fixture
def client(configured):
    with TestClient(app) as client:
        yield client
