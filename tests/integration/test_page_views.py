"""The other tabs of the page, by what a person sees; recordings in files, the demo."""

import json
import signal
import subprocess
import time
from contextlib import contextmanager

import grpc
import httpx
import pytest
from playwright.sync_api import expect
from support.browser import axe_finds, opened_page, opened_tab, opened_window
from support.commands import TOGGLE_MOCK
from support.many_events import record_raw

from rodent_events import EventBatch, EventClient, StoragePoolPayload
from toggle_mock import Refusal, ToggleServer, lose_answer
from toggle_mock.clients.simulated_rodent import SimulatedRodent
from toggle_mock.recording.files import save
from toggle_mock.recording.recorder import Recording

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def toggle():
    with ToggleServer(http_port=0, relay=True) as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh(toggle):
    toggle.begin_test()


@pytest.fixture(scope="module")
def window(browser, toggle):
    with opened_window(browser, toggle.http_address) as window:
        yield window


@pytest.fixture
def page(window):
    with opened_tab(window) as page:
        yield page


@pytest.fixture
def rodent(toggle):
    with SimulatedRodent(toggle.address, toggle.jwt(rid="node-7"), pace=0.001) as rodent:
        toggle.wait_for("payload:startup")
        toggle.rodents["node-7"].wait_connected()
        yield rodent


def send(toggle, batch_id: str, times: int = 1) -> None:
    raw = EventBatch(batch_id=batch_id, events=[{"event_id": "e1"}]).SerializeToString()
    with EventClient(target=toggle.address, jwt=toggle.jwt(rid="node-7")) as client:
        for _ in range(times):
            client.send_batch(raw)


def panel(page, name: str):
    return page.get_by_role("region", name=name, exact=True)


# Calls


def test_a_call_has_its_fault_and_the_batch_its_tries(page, toggle):
    toggle.on_send_events.returns([grpc.StatusCode.UNAVAILABLE, lose_answer()])
    send(toggle, "batch-9", times=3)
    page.goto("/?view=calls")
    table = panel(page, "Calls").get_by_role("row")
    expect(table).to_have_count(1 + 3)
    failed = table.filter(has_text="scripted UNAVAILABLE")
    expect(failed).to_contain_text("'returns': ['UNAVAILABLE', 'lose_answer']")
    expect(failed).to_contain_text("node-7")
    failed.get_by_role("button").click()
    call = page.get_by_role("complementary", name="Call")
    expect(call).to_contain_text("[redacted]")
    expect(call).to_contain_text("3 tries within")
    expect(call.get_by_role("link")).to_have_count(3)
    call.get_by_role("link").last.click()
    expect(call.get_by_role("heading", name="Call 3: SendEvents")).to_be_visible()
    page.get_by_role("button", name="Failed only").click()
    expect(table).to_have_count(1 + 2)


def test_what_was_turned_away_is_told_with_the_reason(page, toggle):
    toggle.recording.refuse(Refusal("http1", "ipv4:127.0.0.1:1", "GET / in place of gRPC"))
    page.goto("/?view=calls")
    expect(panel(page, "Turned away")).to_contain_text("GET / in place of gRPC")


# Rodents


def test_one_speaks_to_a_rodent_sees_its_answer_and_disconnects_it(page, toggle, rodent):
    page.goto("/?view=rodents")
    row = panel(page, "Rodents").last.get_by_role("row").filter(has_text="node-7")
    expect(row).to_contain_text("connected")
    row.get_by_role("button", name="Speak to node-7").click()
    form = panel(page, "Speak to node-7")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("status")).to_contain_text("success")
    expect(form.get_by_role("status")).to_contain_text("healthy")
    form.get_by_label("What").select_option("config")
    form.get_by_label("Type").fill("log")
    form.get_by_label("Payload, as JSON").fill('{"level": "debug"}')
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("status")).to_contain_text("success")
    assert rodent.configs == [("log", b'{"level": "debug"}')]
    streams = len(toggle.rodents["node-7"].calls)
    row.get_by_role("button", name="Disconnect node-7").click()
    expect(row.get_by_role("cell").nth(4)).to_have_text(str(streams + 1))  # and it is back


# Faults


def test_an_outage_is_one_switch(page, toggle):
    page.goto("/?view=faults")
    page.get_by_role("switch").click()
    expect(page.get_by_role("alert")).to_contain_text("The mock answers no calls now")
    assert not toggle.serving
    expect(page.get_by_role("switch")).to_have_text("End the outage")
    page.get_by_role("switch").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert toggle.serving


def test_a_fault_is_added_watched_and_healed_and_a_wrong_one_explained(page, toggle):
    page.goto("/?view=faults")
    form = panel(page, "Add a fault")
    form.get_by_role("button", name="Put in force").click()
    in_force = panel(page, "In force")
    fault = in_force.get_by_role("row").filter(has_text="SendEvents")
    expect(fault.get_by_role("cell").nth(1)).to_have_text("3")
    send(toggle, "b1")
    expect(fault.get_by_role("cell").nth(1)).to_have_text("2")
    form.get_by_label("The fault, as JSON").fill('{"method": "SendEvents", "retruns": ["OK"]}')
    form.get_by_role("button", name="Put in force").click()
    expect(form.get_by_role("alert")).to_contain_text("retruns")
    fault.get_by_role("button").click()
    expect(in_force).to_contain_text("All is well.")
    assert not toggle.faults.in_force


def test_a_scenario_runs_step_by_step_and_what_is_over_is_healed(page, toggle):
    page.goto("/?view=faults")
    form = panel(page, "Scenario")
    steps = [{"at": 0, "for": 0.2, "outage": {}}, {"at": 0.1, "latency": {"seconds": 0.01}}]
    form.get_by_label("Steps, as JSON").fill(json.dumps(steps))
    form.get_by_role("button", name="Run it").click()
    rows = form.get_by_role("row")
    expect(rows.filter(has_text="outage")).to_contain_text("healed")
    expect(rows.filter(has_text="latency")).to_contain_text("in force")
    form.get_by_role("button", name="Stop and heal").click()
    expect(rows.filter(has_text="latency")).to_contain_text("healed")
    assert not toggle.faults.in_force


def test_a_fault_is_shown_as_healed_once_it_is(page, toggle):
    page.goto("/?view=faults")
    held = []
    page.route("**/faults/*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright looks into it
    form = panel(page, "Scenario")
    form.get_by_label("Steps, as JSON").fill(json.dumps([{"latency": {"seconds": 0.01}}]))
    form.get_by_role("button", name="Run it").click()
    row = form.get_by_role("row").filter(has_text="latency")
    expect(row).to_contain_text("in force")
    with page.expect_request("**/faults/*"):
        form.get_by_role("button", name="Stop and heal").click()
    expect(row).to_contain_text("in force")
    assert toggle.faults.in_force
    held[0].continue_()
    expect(row).to_contain_text("healed")
    assert not toggle.faults.in_force


# Sessions and recordings


def test_a_session_is_chosen_and_only_its_events_are_shown(page, toggle):
    send(toggle, "b1")
    url = f"http://{toggle.http_address}/api/v1/sessions"
    opened = httpx.post(url, json={"sub": "another"}).json()
    page.goto("/?view=sessions")
    page.get_by_role("button", name="Choose another").click()
    expect(panel(page, "Recording")).to_contain_text("0 events in 0 calls")
    page.get_by_role("button", name="One session only").click()
    expect(panel(page, "Recording")).to_contain_text("1 event in 1 call")
    page.get_by_role("button", name="Close another").click()
    expect(panel(page, "Sessions")).to_contain_text("None is open")
    assert httpx.delete(f"{url}/{opened['session']}").status_code == 404


def test_a_recording_is_saved_loaded_compared_and_sent_again(page, toggle, tmp_path):
    send(toggle, "b1")
    page.goto("/?view=sessions")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as .ndjson").click()
    file = tmp_path / "run.ndjson"
    download.value.save_as(file)
    send(toggle, "b2")
    page.get_by_label("Load .ndjson…").set_input_files(file)
    rows = page.get_by_role("grid", name="Events").locator(".row:not(.awaited)")
    expect(rows).to_have_count(1)
    page.get_by_role("link", name="Recordings").click()
    expect(panel(page, "Sessions")).to_contain_text("run.ndjson")
    page.get_by_role("button", name="Compare").click()
    difference = panel(page, "Compare").get_by_role("row").last
    expect(difference).to_contain_text("+1")
    page.get_by_role("button", name="Send again to this mock").click()
    expect(page.get_by_text("1 call sent again; all were answered as recorded.")).to_be_visible()
    assert [batch.batch_id for batch in toggle.batches] == ["b1", "b2", "b1"]
    page.get_by_role("button", name="Start anew").click()


# Charts


def late_batches(recording: Recording) -> None:
    """A minute of batches: each second one, a gap of ten seconds, and then one that has waited."""
    start = time.time() - 60
    for second in [*range(40), 50]:
        event = {"event_id": "e", "level": 1, "timestamp": int((start + min(second, 40)) * 1000)}
        raw = EventBatch(events=[event], batch_id=f"b{second}").SerializeToString()
        record_raw(recording, raw, 1, f"b{second}", at=start + second)


def test_charts_show_rates_and_an_outage_at_a_glance(page, toggle):
    late_batches(toggle.recording)
    page.goto("/?view=charts")
    for name in ("Events by level", "Calls by status", "Delivery latency", "Batch size"):
        expect(page.get_by_role("img", name=name, exact=True)).to_be_visible()
    levels = panel(page, "Events by level")
    expect(levels.locator(".key")).to_contain_text("INFO")
    expect(levels.locator("rect.series-1").nth(5)).to_be_attached()
    expect(levels.locator("rect.outage")).to_have_count(1)
    expect(page.get_by_text("1 gap and catch-up marked")).to_be_visible()


# All tabs


def test_axe_finds_nothing_and_nothing_is_cut_off_at_360_pixels(browser, toggle, rodent):
    rodent.emit(StoragePoolPayload(pool_name="tank"))
    rodent.flush()
    toggle.recording.refuse(Refusal("http1", "ipv4:127.0.0.1:1", "GET /"))
    phone = {"width": 360, "height": 640}
    with opened_page(browser, toggle.http_address, viewport=phone, bypass_csp=True) as page:
        page.goto("/?view=calls")
        for view in ("Calls", "Rodents", "Faults", "Recordings", "Charts"):
            page.get_by_role("link", name=view).click()
            expect(page.locator(".panel").first).to_be_visible()
            assert (view, page.evaluate("document.documentElement.scrollWidth")) == (view, 360)
            assert (view, axe_finds(page)) == (view, [])


# From the command line


def test_a_file_is_shown_without_a_server(browser, toggle, tmp_path):
    send(toggle, "b1")
    file = tmp_path / "run.ndjson"
    save(toggle.recording, file)
    with started("view", str(file), "--no-open") as lines:
        url = next(lines).split()[-1]
        with opened_page(browser, url.split("/")[2]) as page:
            page.goto("/")
            rows = page.get_by_role("grid", name="Events").locator(".row:not(.awaited)")
            expect(rows).to_have_count(1)
            expect(page.get_by_text("run.ndjson")).to_be_visible()
            expect(page.get_by_role("link", name="Faults")).to_have_count(0)
            expect(page.get_by_role("link", name="Calls")).to_be_visible()


def test_the_demo_and_serve_print_the_link():
    with started("demo", "--page", "--no-open") as lines:
        next(lines)
        url = next(lines).split()[-1]
        assert httpx.get(url).status_code == 200
    with started("serve", "--page", "read-only") as lines:
        said = [next(lines).partition(" at ")[0] for _ in range(3)]
        assert said == ["Toggle mock", "HTTP", "Page"]


@contextmanager
def started(*arguments: str):
    """The lines of a command's output, which runs until it is interrupted."""
    command = [TOGGLE_MOCK, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield iter(process.stdout.readline, "")
        finally:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
