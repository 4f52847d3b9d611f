"""The page at ``/``, by what a person sees in it: events, queries, one event, the first look."""

import json
import re
import time

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect
from support.browser import axe_finds, opened_page, opened_tab, opened_window
from support.many_events import record_batch, record_many

from rodent_events import (
    EVENT_CATEGORY_STORAGE,
    EVENT_LEVEL_ERROR,
    EVENT_LEVEL_INFO,
    Event,
    StorageEvent,
    StoragePoolPayload,
)
from toggle_mock import ToggleServer

pytestmark = pytest.mark.slow

POOL = StoragePoolPayload.STORAGE_POOL_OPERATION_CREATED


def pool_event(name: str, level=EVENT_LEVEL_INFO, **more) -> Event:
    pool = StoragePoolPayload(pool_name=name, size_bytes=3 * 2**40, operation=POOL)
    return Event(
        event_id=f"id-{name}",
        level=level,
        category=EVENT_CATEGORY_STORAGE,
        timestamp=int(time.time() * 1000),
        storage_event=StorageEvent(pool_event=pool),
        **{"source": "zfs-pool-manager", **more},
    )


@pytest.fixture(scope="module")
def toggle():
    with ToggleServer(http_port=0, relay=True) as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh(toggle):
    toggle.begin_test()


@pytest.fixture(scope="module")
def window(browser, toggle):
    permissions = ["clipboard-read", "clipboard-write"]
    with opened_window(browser, toggle.http_address, permissions=permissions) as window:
        yield window


@pytest.fixture
def page(window):
    with opened_tab(window) as page:
        yield page


@pytest.fixture
def record(toggle):
    """Records a batch of events, as if it had come."""

    def record(*events: Event, batch_id: str = "batch-1") -> None:
        record_batch(toggle.recording, list(events), batch_id)

    return record


def rows(page):
    return page.get_by_role("grid", name="Events").locator(".row:not(.awaited)")


def copied(page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


# Events


def test_events_appear_as_they_arrive_the_newest_first_with_what_matters_in_a_line(page, record):
    record(pool_event("tank", metadata={"action": "create"}))
    page.goto("/")
    expect(rows(page)).to_have_count(1)
    for text in ("INFO", "STORAGE", "storage_pool", "operation=CREATED", "size_bytes=3.00 TiB"):
        expect(rows(page).first).to_contain_text(text)
    for text in ("pool_name=tank", "action: create", "node-1"):
        expect(rows(page).first).to_contain_text(text)
    record(pool_event("dozer", EVENT_LEVEL_ERROR), batch_id="batch-2")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("dozer")
    expect(rows(page).first).to_contain_text("ERROR")
    page.get_by_role("button", name="Newest first").click()
    expect(rows(page).first).to_contain_text("tank")


def test_paused_the_list_stays_as_it_is_until_one_goes_on(page, record):
    record(pool_event("tank"))
    page.goto("/")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    record(pool_event("dozer"), pool_event("data"), batch_id="batch-2")
    page.get_by_role("button", name="2 new events").click()
    expect(rows(page)).to_have_count(3)


def test_grouped_each_batch_has_its_head_which_leads_to_its_events(page, record):
    record(pool_event("tank"), pool_event("dozer"), batch_id="first-of-all")
    record(pool_event("data"), batch_id="second-of-all")
    page.goto("/")
    page.get_by_role("button", name="By batch").click()
    heads = rows(page).get_by_role("button")
    expect(heads).to_have_count(2)
    heads.last.click()
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_role("combobox", name="Query")).to_have_value("batch_id:first-of-all")


def test_100_000_events_scroll_and_a_page_of_them_is_all_that_is_fetched(page, toggle):
    record_many(toggle.recording, 1000, [pool_event(f"pool-{n}") for n in range(100)])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/")
    expect(page.locator(".found")).to_have_text("100,000 events")
    grid = page.get_by_role("grid", name="Events")
    expect(rows(page).first).to_contain_text("pool-99")
    grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2 }")
    middle = page.locator('[aria-rowindex="50001"]:not(.awaited)')
    expect(middle).to_contain_text("pool-99")
    grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    expect(page.locator('[aria-rowindex="100000"]:not(.awaited)')).to_contain_text("pool-0")
    assert page.locator(".row").count() < 100
    assert sum("/events/rows" in url for url in asked) < 20
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    assert heap < 300 * 2**20


# Queries


# The rows that were moved, made or changed, but for those that have come into view.
_TOUCHED_BY_SCROLLING = """
async grid => {
  const before = new Set(grid.querySelectorAll(".row"));
  const touched = new Set();
  const changes = new MutationObserver(all => all.forEach(one => {
    const nodes = one.type === "childList" ? [...one.addedNodes] : [one.target];
    nodes.filter(node => before.has(node)).forEach(node => touched.add(node.id));
  }));
  changes.observe(grid, {subtree: true, childList: true, attributes: true});
  grid.scrollTop += 10 * 28;
  const last = Math.ceil((grid.scrollTop + grid.clientHeight) / 28);
  while (!grid.querySelector(`#row-${last - 1}`)) await new Promise(requestAnimationFrame);
  changes.disconnect();
  return [...touched];
}
"""


def test_rows_that_stay_in_view_are_not_touched_while_one_scrolls(page, toggle):
    record_many(toggle.recording, 10, [pool_event(f"pool-{n}") for n in range(100)])
    page.goto("/")
    grid = page.get_by_role("grid", name="Events")
    expect(rows(page).first).to_be_visible()
    assert grid.evaluate(_TOUCHED_BY_SCROLLING) == []


def test_rows_are_fetched_before_they_come_into_view(page, toggle):
    record_many(toggle.recording, 10, [pool_event(f"pool-{n}") for n in range(100)])
    page.goto("/")
    expect(rows(page).first).to_be_visible()
    with page.expect_response(lambda answer: "first=800&" in answer.url):
        page.get_by_role("grid", name="Events").evaluate("grid => { grid.scrollTop = 30 * 28 }")
    assert page.locator("#row-100").count() == 0


# How often a list is to be made anew after rows could not be fetched; it asks for them again then.
_CHANGES_AFTER_A_FAILURE = """
async () => {
  const { RowSource } = await import(document.querySelector('[href$="row_source.js"]').href);
  return new Promise(resolve => {
    let changes = 0;
    const failed = () => setTimeout(() => resolve(changes));
    new RowSource({}, () => { changes += 1; }, failed).row(0, 1);
  });
}
"""


def test_rows_that_cannot_be_fetched_are_not_asked_for_at_once_again(page, record):
    page.goto("/")
    page.route("**/events/rows?*", lambda route: route.abort())
    assert page.evaluate(_CHANGES_AFTER_A_FAILURE) == 0
    record(pool_event("tank"))
    expect(page.locator(".toast")).to_have_text("Failed to fetch")
    page.unroute("**/events/rows?*")
    expect(rows(page)).to_have_count(1)


def test_what_the_page_asks_first_it_asks_once(page, record):
    record(pool_event("tank"))
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/api/v1")[2]))
    page.goto("/")
    expect(rows(page)).to_have_count(1)
    assert [asked.count(path) for path in ("/info", "/schema")] == [1, 1]


def test_a_query_narrows_the_list_and_stands_in_the_url(page, record, browser, toggle):
    record(pool_event("tank"), pool_event("dozer", EVENT_LEVEL_ERROR))
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("level:ERROR")
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(1)
    expect(page.locator(".found")).to_have_text("1 event of 2")
    expect(page).to_have_url(re.compile(r"query=level%3AERROR"))
    page.reload()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("combobox", name="Query").fill("")
    expect(rows(page)).to_have_count(2)


def test_names_and_values_are_completed_from_the_schema(page, record):
    record(pool_event("tank"))
    page.goto("/")
    box = page.get_by_role("combobox", name="Query")
    box.press_sequentially("payl")
    expect(page.get_by_role("option").first).to_contain_text("payload")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("payload:")
    box.press_sequentially("storage_po")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("payload:storage_pool ")
    box.press_sequentially("operation:scrub_c")
    expect(page.get_by_role("option", name="SCRUB_COMPLETED")).to_be_visible()


def test_what_is_wrong_is_told_under_the_word_that_is(page, record):
    record(pool_event("tank"))
    page.goto("/")
    box = page.get_by_role("combobox", name="Query")
    box.fill("level:INFO pol_name:tank")
    expect(page.get_by_role("alert")).to_contain_text("did you mean pool_name?")
    expect(page.locator(".mirror .wrong")).to_have_text("pol_name:tank")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(rows(page)).to_have_count(1)  # of the query before
    box.fill("level:INFO pool_name:tank")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.goto("/?query=(")
    expect(page.get_by_role("alert")).to_contain_text("a parenthesis is never closed")


def test_queries_are_remembered_and_saved(page, record):
    record(pool_event("tank"))
    page.goto("/")
    box = page.get_by_role("combobox", name="Query")
    box.fill("pool_name:tank")
    expect(page).to_have_url(re.compile("query="))
    box.press("Enter")
    page.get_by_role("button", name="Save this query").click()
    page.goto("/")
    box.focus()
    option = page.get_by_role("option", name="pool_name:tank")
    expect(option).to_contain_text("saved")
    option.click()
    expect(box).to_have_value("pool_name:tank")


def test_a_query_is_copied_as_an_assertion_and_for_curl_and_both_hold(page, record, toggle):
    record(pool_event("it's"))
    query = 'pool_name:"it\'s" -level:ERROR'
    page.goto("/")
    page.get_by_role("combobox", name="Query").fill(query)
    page.get_by_role("button", name="Copy as pytest assertion").click()
    expect(page.get_by_text("Copied: the query as an assertion")).to_be_visible()
    names: dict = {}
    exec(copied(page), names)
    names["test_it_arrives"](toggle)
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied: the query for curl")).to_be_visible()
    assert copied(page).startswith("curl ")
    assert "'query=pool_name:\"it'\\''s\" -level:ERROR'" in copied(page)


# One event


def opened(page, record, *events: Event):
    record(*events)
    page.goto("/")
    rows(page).first.click()
    detail = page.get_by_role("complementary", name="Event")
    expect(detail.get_by_role("row").nth(1)).to_be_visible()
    return detail


def test_pointing_at_a_field_marks_its_bytes_and_back(page, record):
    detail = opened(page, record, pool_event("tank"))
    field = detail.get_by_role("row").filter(has_text="pool_name")
    field.hover()
    marked = detail.locator(".hex b.marked")
    expect(marked.nth(2)).to_have_text("74 ")  # behind tag and length, the t of tank
    assert "".join(detail.locator(".hex span:last-child b.content").all_text_contents()) == "tank"
    detail.locator(".hex b", has_text="74").last.hover()
    detail.locator(".hex span:last-child b", has_text="k").last.hover()
    expect(detail.locator("tr.marked")).to_contain_text("pool_name")


def test_fields_have_units_enum_names_and_what_the_schema_lacks(page, record):
    event = pool_event("tank")
    strange = Event.FromString(event.SerializeToString() + b"\xfa\x3f\x03new")
    detail = opened(page, record, strange)
    expect(detail.get_by_role("row").filter(has_text="size_bytes")).to_contain_text("= 3.00 TiB")
    operation = detail.get_by_role("row").filter(has_text="StoragePoolOperation")
    expect(operation).to_contain_text("STORAGE_POOL_OPERATION_CREATED (1)")
    expect(detail.get_by_text("unknown 1023")).to_be_visible()
    expect(rows(page).first).to_contain_text("+1")


def test_json_text_delivery_and_the_same_as_this(page, record):
    detail = opened(page, record, pool_event("tank"), pool_event("x", EVENT_LEVEL_ERROR))
    detail.get_by_role("tab", name="JSON").click()
    said = json.loads(detail.locator("pre").inner_text())
    assert said["storage_event"]["pool_event"]["pool_name"] == "x"
    detail.get_by_role("tab", name="Text").click()
    expect(detail.locator("pre")).to_contain_text('pool_name: "x"')
    detail.get_by_role("tab", name="Delivery").click()
    expect(detail).to_contain_text("2 in the batch")
    expect(detail).to_contain_text("One try")
    detail.get_by_role("button", name="Same as this").click()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("combobox", name="Query")).to_have_value(
        "payload:storage_pool level:ERROR source:zfs-pool-manager rid:node-1"
    )


def test_two_events_are_compared_field_by_field(page, record):
    detail = opened(page, record, pool_event("tank"), pool_event("dozer"))
    detail.get_by_role("button", name="Compare with…").click()
    rows(page).last.click()
    detail.get_by_role("button", name="See the difference").click()
    difference = detail.get_by_role("row").filter(has_text="pool_name")
    expect(difference).to_contain_text("dozer")
    expect(difference).to_contain_text("tank")
    expect(detail.get_by_role("row").filter(has_text="size_bytes")).to_have_count(0)


def test_keys_choose_open_and_close(page, record):
    record(pool_event("a"), pool_event("b"), pool_event("c"))
    page.goto("/")
    expect(rows(page)).to_have_count(3)
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    expect(rows(page).nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Event")).to_contain_text("id-b")
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Event")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("write a query")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


# The first look, and what goes wrong


def test_where_nothing_has_arrived_it_says_how_to_point_an_agent_here(page, toggle, record):
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    expect(page.locator("dd code").first).to_have_text(toggle.address)
    page.get_by_role("button", name="Copy a token").click()
    expect(page.get_by_text("Copied: a token")).to_be_visible()
    assert copied(page).count(".") == 2
    for language, word in (
        ("Python", "initialize"),
        ("Go", "grpc.NewClient"),
        ("JavaScript", "@grpc"),
    ):
        page.get_by_role("tab", name=language).click()
        expect(page.locator("pre")).to_contain_text(word)
        expect(page.locator("pre")).to_contain_text(toggle.address)
    record(pool_event("tank"))
    expect(rows(page)).to_have_count(1)


def test_a_server_that_goes_away_is_shown_and_found_again(browser):
    server = ToggleServer(http_port=0).start()
    record_batch(server.recording, [pool_event("tank")], "batch-1")
    port = int(server.http_address.rpartition(":")[2])
    with opened_page(browser, server.http_address) as page:
        page.goto("/")
        expect(rows(page)).to_have_count(1)
        server.stop()
        expect(page.get_by_role("alert")).to_contain_text("The mock is gone")
        with ToggleServer(http_port=port) as another:
            record_batch(another.recording, [pool_event("a"), pool_event("b")], "batch-2")
            expect(page.get_by_role("alert")).to_have_count(0)
            expect(rows(page)).to_have_count(2)
            expect(rows(page).first).to_contain_text("pool_name=b")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser, toggle, record, scheme):
    # axe itself needs what the page's policy forbids.
    with opened_page(browser, toggle.http_address, color_scheme=scheme, bypass_csp=True) as page:
        page.goto("/")
        expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
        assert axe_finds(page) == []
        record(pool_event("tank", metadata={"a": "b"}), pool_event("x", EVENT_LEVEL_ERROR))
        rows(page).first.click()
        expect(page.get_by_role("complementary", name="Event").locator(".hex")).to_be_visible()
        page.get_by_role("combobox", name="Query").fill("pol_name:x")
        expect(page.locator(".mirror .wrong")).to_be_visible()
        assert axe_finds(page) == []


def test_at_360_pixels_nothing_is_cut_off_sideways(browser, toggle, record):
    record(pool_event("tank"))
    phone = {"width": 360, "height": 640}
    with opened_page(browser, toggle.http_address, viewport=phone) as page:
        page.goto("/")
        expect(rows(page)).to_have_count(1)
        width = "document.documentElement.scrollWidth"
        assert page.evaluate(width) == 360
        rows(page).first.click()
        detail = page.get_by_role("complementary", name="Event")
        expect(detail.locator(".hex")).to_be_visible()
        assert page.evaluate(width) == 360
        detail.get_by_role("button", name="Close").click()
        expect(detail).to_have_count(0)


# Guards

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}}",
    "</textarea><iframe srcdoc='<script>alert(1)</script>'>",
    "' onmouseover='alert(1)",
    "\u202egpj.exe",
    "__proto__",
    "constructor",
    "\x00\x07\x1b[31m",
]

texts = st.sampled_from(HOSTILE) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60
)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(given=st.lists(texts, min_size=3, max_size=12))
def test_whatever_is_recorded_is_shown_as_text(page, toggle, given):
    toggle.begin_test()
    events = [pool_event(text, source=text, metadata={text: text}) for text in given]
    record_batch(toggle.recording, events, given[0], rid=given[1])
    page.goto(f"/?event={toggle.recording.calls[0].number}.{len(given) - 1}")
    expect(rows(page)).to_have_count(len(given))
    shown = rows(page).evaluate_all("rows => rows.map(row => row.textContent)")
    for text, row in zip(reversed(given), shown, strict=True):
        assert f"pool_name={text}" in row
        assert f"{text}: {text}" in row
        assert given[1] in row
    detail = page.get_by_role("complementary", name="Event")
    expect(detail.get_by_role("row").nth(1)).to_be_visible()
    assert given[-1] in detail.evaluate("detail => detail.textContent")
    made = "document.querySelectorAll('img, script, iframe, #page svg:not(.try)').length"
    assert page.evaluate(made) == 2  # the page's own icon and script


def test_the_browser_is_told_to_run_nothing_but_the_pages_own_files(toggle):
    answer = httpx.get(f"http://{toggle.http_address}/")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in answer.text
    assert "style=" not in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    script = re.search(r'src="(/page/\w+/js/main.js)"', answer.text)[1]
    kept = httpx.get(f"http://{toggle.http_address}{script}")
    assert kept.headers["content-type"].startswith("text/javascript")
    assert "immutable" in kept.headers["cache-control"]
    assert kept.headers["content-security-policy"] == policy


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_the_page_is_kept_from_other_sites_as_the_api_is(toggle, headers):
    for path in ("/", "/page/x", "/api/v1/events/rows"):
        assert httpx.get(f"http://{toggle.http_address}{path}", headers=headers).status_code == 403


def test_a_read_only_page_changes_nothing_and_programs_still_do(browser):
    with ToggleServer(http_port=0, page="read-only") as server:
        api = f"http://{server.http_address}/api/v1"
        with opened_page(browser, server.http_address) as page:
            page.goto("/")
            expect(page.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
            expect(page.get_by_role("button", name="Copy a token")).to_have_count(0)
            asked = "fetch('/api/v1/tokens', {method: 'POST', body: '{}'}).then(one => one.status)"
            assert page.evaluate(asked) == 403
        assert httpx.post(f"{api}/tokens", json={}).status_code == 200


def test_off_there_is_no_page():
    with ToggleServer(http_port=0, page="off") as server:
        assert server.page_url is None
        assert httpx.get(f"http://{server.http_address}/").status_code == 404
        assert httpx.get(f"http://{server.http_address}/readyz").status_code == 200
    with pytest.raises(ValueError, match="page is 'maybe': give on or read-only or off"):
        ToggleServer(page="maybe")
