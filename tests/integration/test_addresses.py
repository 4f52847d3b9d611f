"""Targets that are no name: sockets of files, abstract ones, addresses of IPv6."""

import logging

import pytest
from support.delivery import emit, ids

from rodent_events import EventBus, HealthState


@pytest.fixture
def no_proxy(monkeypatch):
    """The environment names no proxy."""
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["unix:{0}", "unix://{0}", "unix:toggle.sock", "unix-abstract:{0}"])
def socket_target(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return request.param.format(tmp_path / "toggle.sock")


def test_a_socket_of_this_machine_past_the_proxy(
    socket_target, make_scripted_toggle, settings, monkeypatch, free_port
):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port}")
    toggle = make_scripted_toggle(*reversed(socket_target.split(":", 1)))
    with EventBus(target=socket_target, **settings) as bus:
        sent = emit(bus, 5)
        assert bus.flush(30)
    assert ids(toggle.batches) == sent


@pytest.mark.usefixtures("no_proxy")
def test_a_socket_where_nobody_listens_is_an_outage_that_is_told_once(
    socket_target, make_scripted_toggle, settings, wait_until, caplog
):
    caplog.set_level(logging.INFO, "rodent_events")
    with EventBus(target=socket_target, **settings) as bus:
        sent = emit(bus, 5)
        wait_until(lambda: bus.health().state is HealthState.FAILING)
        assert bus.health().remedy.startswith("see that Toggle runs, that target is right")
        assert bus.health().last_error.startswith("UNAVAILABLE: failed to connect")
        assert socket_target.replace("//", "") in bus.health().last_error
        toggle = make_scripted_toggle(*reversed(socket_target.split(":", 1)))
        assert bus.flush(30)
    assert ids(toggle.batches) == sent
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "Toggle takes events again" in caplog.text


def test_an_address_of_ipv6(make_scripted_toggle, settings):
    toggle = make_scripted_toggle(0, "[::1]")
    with EventBus(target=toggle.address, **settings) as bus:
        sent = emit(bus, 5)
        assert bus.flush(30)
    assert ids(toggle.batches) == sent
