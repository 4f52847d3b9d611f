"""Each row of the table in docs/mock.md: what goes wrong, and what the mock says of it."""

import socket
import ssl
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import grpc
import pytest
from support.recorded import recorded_event

import rodent_events
from rodent_events import (
    EVENT_LEVEL_INFO,
    EventBatch,
    EventClient,
    StoragePoolPayload,
    StorageTransferPayload,
)
from toggle_mock import Assertions, RecordedCall, Recording, RemoteToggle, ToggleServer, where
from toggle_mock.assertions.snapshots import TestSnapshots, during
from toggle_mock.cli.scenario import read_scenario
from toggle_mock.faults import parse
from toggle_mock.pytest_guard import GlobalBusGuard

PAGE = Path(__file__).parents[2] / "docs/mock.md"


def recorded(*names: str, level: int = EVENT_LEVEL_INFO) -> Assertions:
    """What a test holds when pools of these names have arrived."""
    assertions = Assertions(Recording())
    call = RecordedCall("SendEvents", "peer", (), claims={"rid": "r1"})
    assertions.recording.begin(call)
    for name in names:
        raw = recorded_event(StoragePoolPayload(pool_name=name), level=level).batch.raw
        assertions.recording.accept(call, raw, batch_id="", count=1)
    assertions.recording.end(call, "UNAVAILABLE")
    return assertions


def sent_again() -> None:
    assertions = recorded("tank")
    (batch,) = assertions.batches
    for _ in range(2):
        assertions.recording.accept(batch.call, batch.raw, batch_id="b1", count=1)
    assertions.assert_received(POOL, count=1)


def ask(toggle, **how) -> None:
    toggle.wait_for(**{"timeout": 0.01} | how)


def send(toggle, raw: bytes = b"", **client) -> None:
    settings = {"target": toggle.address, "jwt": toggle.jwt(), "send_timeout": 20}
    with EventClient(**settings | client) as agent:
        agent.send_batch(raw)


def call(toggle, method: str, raw: bytes, *metadata: tuple[str, str]) -> None:
    """A call of an agent that is written without the client."""
    options = [("grpc.max_send_message_length", -1), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(toggle.address, options=options) as channel, suppress(grpc.RpcError):
        channel.unary_unary(f"/rodent.RodentService/{method}")(raw, timeout=20, metadata=metadata)


def missed(request, agent, *args, toggle: str = "toggle_server", **kwargs) -> None:
    """What a test says that waits for a pool, after a call of an agent."""
    server = request.getfixturevalue(toggle)
    agent(server, *args, **kwargs)
    ask(server, matcher="pool_name:tank")


def authorized(toggle, method: str, raw: bytes) -> None:
    call(toggle, method, raw, ("authorization", f"Bearer {toggle.jwt()}"))


def say_tls(toggle) -> None:
    host, port = toggle.address.split(":")
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, int(port)), timeout=20) as connection,
        suppress(ssl.SSLError, OSError),
        context.wrap_socket(connection, server_hostname="localhost"),
    ):
        pass


def say_plaintext(toggle) -> None:
    host, port = toggle.address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        with suppress(OSError):
            connection.recv(1)


def another_key(toggle) -> None:
    send(toggle, jwt=ToggleServer().jwt())


def snapshot(request, stored: bool) -> None:
    folder = request.getfixturevalue("tmp_path")
    if stored:
        with during(TestSnapshots(folder, folder, update=True)):
            recorded("tank").assert_snapshot("pool")
    with during(TestSnapshots(folder, folder)):
        recorded("tnak").assert_snapshot("pool")


def scenario(request) -> None:
    path = request.getfixturevalue("tmp_path") / "scenario.yml"
    path.write_text("steps:\n  - at: 1\n    outrage: {}\n")
    read_scenario(path)


def no_reply(request) -> None:
    rodent, toggle = map(request.getfixturevalue, ("rodent", "toggle_server"))
    asked = threading.Event()
    rodent.commands["slow"] = lambda _payload: asked.wait(20)
    try:
        toggle.rodents["rodent-1"].command("slow", timeout=0.1)
    finally:
        asked.set()


def left_bus(request) -> None:
    guard = GlobalBusGuard("fail")
    for _ in guard.pytest_runtest_setup():
        folder = request.getfixturevalue("tmp_path")
        rodent_events.initialize(target="127.0.0.1:1", jwt="x", events_dir=folder)
    for _ in guard.pytest_runtest_teardown():
        pass


def nobody_there(request) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    RemoteToggle(f"http://127.0.0.1:{port}")


POOL = "pool_name:tank"
IN_ORDER = (POOL, "pool_name:other")
BIG = EventBatch(batch_id="x" * 5_000_000).SerializeToString()

ROWS = {
    "A field is misspelled": lambda _: recorded().assert_not_received("pol_name:tank"),
    "A value of an enum is": lambda _: recorded().assert_not_received("level:EROR"),
    "A type of payload is": lambda _: recorded().assert_not_received("payload:pol"),
    "A query is in another language": lambda _: recorded().find("level:ERROR AND payload:pool"),
    "A pattern stands where text is meant": lambda _: ask(
        recorded("tank"), matcher=where(pool_name="ta*")
    ),
    "A method is misspelled": lambda _: recorded().wait_for_call("SendEvent"),
    "A status is": lambda _: recorded().wait_for_call(status="UNAVAILABEL"),
    "A count is none": lambda _: ask(recorded(), count=True),
    "A timeout is none": lambda _: ask(recorded(), timeout=-1),
    "A time has no zone": lambda _: recorded().find(where(after=datetime(2026, 1, 31))),  # noqa: DTZ001
    "A test does not wait": lambda _: recorded().events[0],
    "The level is another": lambda _: ask(recorded("tank"), matcher=f"{POOL} level:ERROR"),
    "The payload is of another type": lambda _: ask(
        recorded("tank"), matcher=StorageTransferPayload(source="tank")
    ),
    "There are too few": lambda _: ask(recorded("tank"), matcher=POOL, count=2),
    "There are too many": lambda _: recorded("tank", "tank").assert_received(POOL, count=1),
    "A batch was sent again, since its answer was lost": lambda _: sent_again(),
    "One came that should not have come": lambda _: recorded("tank").assert_not_received(POOL),
    "Others came too": lambda _: recorded("tank", "tnak").assert_only(POOL),
    "The order is another": lambda _: recorded("other", "tank").assert_in_order(*IN_ORDER),
    "A call ended otherwise": lambda _: recorded().wait_for_call(status="OK", timeout=0.01),
    "There is no snapshot yet": lambda request: snapshot(request, stored=False),
    "The snapshot is another": lambda request: snapshot(request, stored=True),
    "An agent speaks TLS, the server does not": lambda request: missed(request, say_tls),
    "The server speaks TLS, an agent does not": lambda request: missed(
        request, say_plaintext, toggle="tls_toggle_server"
    ),
    "An agent calls what there is not": lambda request: missed(
        request, authorized, "SendEvent", b""
    ),
    "A message is too large": lambda request: missed(request, authorized, "SendEvents", BIG),
    "A message is no protobuf": lambda request: missed(request, authorized, "SendEvents", b"{}"),
    "A token is of another server": lambda request: missed(request, another_key),
    "There is no token": lambda request: missed(request, call, "SendEvents", b""),
    "A Rodent is not connected": lambda request: (
        request.getfixturevalue("toggle_server")
        .rodents["r9"]
        .command("system.status", timeout=0.01)
    ),
    "A Rodent does not answer": no_reply,
    "A fault needs a relay": lambda _: ToggleServer().faults.latency(1),
    "A fault as data is misspelled": lambda _: parse({"method": "SendEvents", "always": "reect"}),
    "A scenario is wrong": scenario,
    "A test leaves the process-wide bus running": left_bus,
    "There is no mock at an address": nobody_there,
}


def documented() -> dict[str, str]:
    """What the mock says, by what goes wrong."""
    section = PAGE.read_text().split("## What can go wrong\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].replace("`", ""): row[1].strip("`") for row in cells}


def test_each_row_is_shown():
    assert list(documented()) == list(ROWS)


@pytest.mark.filterwarnings("ignore:.*wants this text as it is written")
@pytest.mark.parametrize("row", ROWS)
def test_what_the_mock_says(request, row):
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        ROWS[row](request)
    assert documented()[row] in str(caught.value)
