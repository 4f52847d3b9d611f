"""Each fault that the Rodent in Go can be given is one that is seen, and seen from outside."""

import itertools
import re
import signal
import subprocess
import uuid
from pathlib import Path

import grpc
import pytest
from support.go_driver import SOURCE, numbered

from rodent_events import ToggleRequest
from toggle_mock import Authority, NoReplyError, NotConnectedError, delay, reject

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),  # the first one may have to build it
]

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT

# What shows in how long pauses are, which the agent's own tests look at.
PAUSES = {"no-jitter", "no-backoff", "constant-redial"}


def sent(toggle, method="SendEvents"):
    """The calls of a method, refused ones too."""
    return [call for call in toggle.calls if call.method == method]


def names(toggle):
    return [event.payload.pool_name for event in toggle.events]


def one_event(start, toggle, fault, **flags):
    """What arrives of an event, from a Rodent with a fault."""
    driver = start(fault=fault, **flags)
    driver.emit(metadata={"action": "scrub"})
    assert driver.flush()
    return toggle.events[0]


def test_gives_up(start_go, toggle_server):
    toggle_server.on_send_events.returns([UNAVAILABLE] * 3)
    driver = start_go(fault="gives-up")
    driver.emit()
    assert not driver.flush()
    assert driver.stats() | {"dropped": 1, "delivered": 0} == driver.stats()
    assert len(sent(toggle_server)) == 3


def test_drops_uncounted(start_go, toggle_server):
    toggle_server.on_send_events.returns([UNAVAILABLE] * 3)
    driver = start_go(fault=["gives-up", "drops-uncounted"])
    driver.emit()
    assert driver.flush()
    assert driver.stats()["delivered"] == 1
    assert len(toggle_server.events) == 0


def test_refused_is_sent(start_go, toggle_server):
    toggle_server.on_send_events.returns([reject("no room")])
    driver = start_go(fault="refused-is-sent")
    driver.emit()
    assert driver.flush()
    assert driver.stats()["delivered"] == 1
    assert len(toggle_server.events) == 0


def test_never_splits(start_go, toggle_server):
    with toggle_server.faults.failing(INVALID_ARGUMENT, matching="pool_name:p1"):
        driver = start_go(fault="never-splits", batch_timeout="1h")
        numbered(driver, range(3))
        assert not driver.flush(0.3)
    assert len(toggle_server.events) == 0
    assert len(sent(toggle_server)) > 3


def test_keeps_token(start_go, toggle_server, tmp_path):
    file = tmp_path / "token"
    file.write_text(toggle_server.jwt(rid="old"))
    told = {"TOGGLE_JWT": "", "TOGGLE_JWT_FILE": str(file)}
    driver = start_go(fault="keeps-token", environment=told)
    toggle_server.wait_for_call("Register", status="OK")
    toggle_server.tokens.revoke(rid="old")
    file.write_text(toggle_server.jwt(rid="new"))
    driver.emit()
    assert not driver.flush(0.5)
    assert "new" not in {call.rid for call in toggle_server.calls}
    toggle_server.tokens.restore(rid="old")


def test_drops_early(start_go, toggle_server):
    toggle_server.on_register.returns([delay(0.5)])
    driver = start_go(fault="drops-early")
    driver.emit()
    assert driver.stats()["dropped"] == 1
    toggle_server.wait_for_call("Connect", timeout=20)
    driver.emit()
    assert driver.flush()
    assert len(toggle_server.events) == 1


def test_overflows(start_go, toggle_server):
    with toggle_server.faults.outage():
        driver = start_go(fault="overflows")
        assert driver.emit(count=1500) == 1500
        assert driver.stats() | {"waiting": 1000, "dropped": 500} == driver.stats()


def test_filters_silently(start_go, toggle_server):
    driver = start_go(fault="filters-silently")
    driver.emit(level="DEBUG")
    driver.emit("UsageQuotaPayload")
    driver.emit(level="CRITICAL")
    assert driver.flush()
    assert (len(toggle_server.events), driver.stats()["emitted"]) == (1, 1)


def test_loses_stop(start_go, toggle_server):
    driver = start_go(fault="loses-stop", own_events="true", batch_timeout="1h")
    driver.emit()
    driver.process.send_signal(signal.SIGTERM)
    assert driver.end()[0] == 0
    assert len(toggle_server.events) == 0
    assert start_go().flush()
    assert not toggle_server.find("payload:shutdown")


def test_never_reads_back(start_go, toggle_server):
    driver = start_go(batch_timeout="1h")
    numbered(driver, [0])
    driver.kill()
    driver = start_go(fault="never-reads-back")
    numbered(driver, [1])
    assert driver.flush()
    assert names(toggle_server) == ["p1"]


def test_shares_folder(start_go, toggle_server):
    first = start_go(batch_timeout="1h")
    numbered(first, [0])
    assert start_go(fault="shares-folder").flush()
    assert names(toggle_server) == ["p0"]
    assert first.stats()["delivered"] == 0


def test_two_senders(start_go, toggle_server):
    toggle_server.on_send_events.at(0, UNAVAILABLE)
    faults = ["two-senders", "no-jitter"]
    driver = start_go(fault=faults, batch_size=1, retry_base="500ms", retry_max="500ms")
    driver.emit(count=8)
    assert driver.flush()
    ids = [event.message.event_id for event in toggle_server.events]
    assert len(ids) == 8
    assert ids != sorted(ids)


def test_random_ids(start_go, toggle_server):
    event = one_event(start_go, toggle_server, "random-ids")
    assert uuid.UUID(event.message.event_id).version == 4


def test_other_source(start_go, toggle_server):
    start_go(fault="other-source", own_events="true")
    (event,) = toggle_server.wait_for("payload:startup", timeout=20)
    assert event.source == "rodent.system"


def test_stops_redialling(start_go, toggle_server):
    driver = start_go(fault="stops-redialling")
    rodent = toggle_server.rodents["go-1"]
    rodent.wait_connected(20)
    with toggle_server.faults.refuse():
        toggle_server.faults.reset()
        ends = (line for line in driver.process.stderr if "Connect: " in line)
        list(itertools.islice(ends, 7))  # the stream's end, and six dials
    driver.emit()
    assert driver.flush()
    with pytest.raises(NotConnectedError):
        rodent.command("system.status", timeout=0.3)


def test_new_id_each_try(start_go, toggle_server):
    toggle_server.on_send_events.returns([UNAVAILABLE])
    one_event(start_go, toggle_server, "new-id-each-try")
    first, second = sent(toggle_server)
    assert first.requests[0][:-36] == second.requests[0][:-36]
    assert first.requests[0] != second.requests[0]


def test_new_id_after_restart(start_go, toggle_server):
    toggle_server.on_send_events.always(UNAVAILABLE)
    driver = start_go()
    driver.emit()
    toggle_server.wait_for_call("SendEvents", status="UNAVAILABLE")
    driver.kill()
    before = {call.requests[0] for call in sent(toggle_server)}
    toggle_server.faults.heal()
    assert start_go(fault="new-id-after-restart").flush()
    (batch,) = toggle_server.batches
    assert len(before) == 1
    assert batch.raw not in before


def test_recuts(start_go, toggle_server):
    toggle_server.on_send_events.returns([UNAVAILABLE])
    driver = start_go(fault="recuts", batch_timeout="1h")
    numbered(driver, range(4))
    assert driver.flush()
    assert [batch.count for batch in toggle_server.batches] == [2, 2]


def test_sends_twice(start_go, toggle_server):
    one_event(start_go, toggle_server, "sends-twice")
    assert [batch.duplicate for batch in toggle_server.batches] == [False, True]


def test_empty_batches(start_go, toggle_server):
    start_go(fault="empty-batches")
    toggle_server.wait_for_call("SendEvents", status="OK", timeout=20)
    assert toggle_server.batches[0].count == 0


def test_no_size_limit(start_go, toggle_server):
    driver = start_go(fault="no-size-limit", batch_timeout="1h")
    driver.emit(count=5, metadata={"pad": "x" * 1_000_000})
    assert driver.flush()
    assert sent(toggle_server)[0].status == "RESOURCE_EXHAUSTED"


def test_writes_late(start_go, toggle_server):
    driver = start_go(fault="writes-late", batch_timeout="1h")
    driver.emit()
    driver.kill()
    assert start_go().stats()["emitted"] == 0


def test_no_shutdown_limit(start_go, toggle_server):
    with toggle_server.faults.hanging():
        driver = start_go(fault="no-shutdown-limit", shutdown_timeout="10ms")
        driver.emit()
        driver.process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            driver.process.wait(0.5)
    assert driver.end()[0] == 0


def test_ignores_sigterm(start_go, toggle_server):
    driver = start_go(fault="ignores-sigterm")
    driver.process.send_signal(signal.SIGTERM)
    driver.emit()
    assert driver.flush()


def test_seconds(start_go, toggle_server):
    event = one_event(start_go, toggle_server, "seconds")
    assert event.message.timestamp == pytest.approx(event.batch.call.arrived, abs=60)


def test_no_level(start_go, toggle_server):
    assert one_event(start_go, toggle_server, "no-level").level == "UNSPECIFIED"


def test_other_category(start_go, toggle_server):
    assert one_event(start_go, toggle_server, "other-category").category != "STORAGE"


def test_drops_metadata(start_go, toggle_server):
    assert one_event(start_go, toggle_server, "drops-metadata").metadata == {}


def test_registers_once(start_go, toggle_server):
    toggle_server.on_register.returns([UNAVAILABLE])
    driver = start_go(fault="registers-once")
    driver.emit()
    assert not driver.flush(0.5)
    assert [call.method for call in toggle_server.calls] == ["Register"]


def test_connects_early(start_go, toggle_server):
    toggle_server.on_register.always(UNAVAILABLE)
    start_go(fault="connects-early")
    toggle_server.rodents["go-1"].wait_connected(20)


def test_no_token_on_connect(start_go, toggle_server):
    start_go(fault="no-token-on-connect")
    toggle_server.wait_for_call("Connect", status="UNAUTHENTICATED", timeout=20)
    toggle_server.wait_for_call("Register", status="OK")


def test_speaks_first(start_go, toggle_server, wait_until):
    start_go(fault="speaks-first")
    toggle_server.rodents["go-1"].wait_connected(20)
    (first, *_) = wait_until(lambda: sent(toggle_server, "Connect")[0].messages)
    assert not first.sent


def test_other_request_id(start_go, toggle_server):
    start_go(fault="other-request-id")
    reply = toggle_server.rodents["go-1"].command("system.status", timeout=20)
    assert (reply.success, reply.message.request_id) == (True, "")


def test_silent_on_unknown(start_go, toggle_server):
    start_go(fault="silent-on-unknown")
    rodent = toggle_server.rodents["go-1"]
    assert rodent.command("system.status", timeout=20).success
    with pytest.raises(NoReplyError):
        rodent.command("no.such.command", timeout=0.3)


def test_no_acknowledgement(start_go, toggle_server):
    start_go(fault="no-acknowledgement")
    rodent = toggle_server.rodents["go-1"]
    assert rodent.command("system.status", timeout=20).success
    with pytest.raises(NoReplyError):
        rodent.push_config("logging", {}, timeout=0.3)


def test_dies_of_empty(start_go, toggle_server):
    driver = start_go(fault="dies-of-empty")
    toggle_server.rodents["go-1"].send(ToggleRequest(request_id="empty"), timeout=20)
    assert driver.end()[0] != 0


def test_any_certificate(start_go, toggle_server, tls_toggle_server, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(Authority().root)
    told = {
        "TOGGLE_ADDRESS": tls_toggle_server.address,
        "TOGGLE_JWT": tls_toggle_server.jwt(),
        "TOGGLE_CA_FILE": str(other),
    }
    driver = start_go(fault="any-certificate", environment=told)
    driver.emit()
    assert driver.flush()


def test_logs_token(start_go, toggle_server, go_environment):
    driver = start_go(fault="logs-token")
    driver.ask(shutdown={"timeout": 10})
    assert go_environment["TOGGLE_JWT"] in driver.end()[2]


def test_published(start_go, toggle_server):
    toggle_server.on_send_events.returns([UNAVAILABLE] * 3)
    toggle_server.on_register.returns([delay(0.3)])
    driver = start_go(published="true", own_events="true")
    numbered(driver, [0])  # Register has not succeeded yet
    toggle_server.wait_for_call("Connect", timeout=20)
    assert driver.flush()  # the startup is lost, and counted as delivered
    numbered(driver, [1])
    assert driver.flush()
    driver.ask(shutdown={"timeout": 10})
    assert driver.end()[0] == 0
    assert names(toggle_server) == ["p1"]
    assert uuid.UUID(toggle_server.events[0].message.event_id).version == 4


def test_each_fault_is_seen():
    table = (SOURCE / "README.md").read_text().split("| fault |")[1]
    faults = set(re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE))
    seen = set(re.findall(r'"([\w-]+)"', Path(__file__).read_text()))
    assert len(faults) >= 40
    assert faults <= seen
