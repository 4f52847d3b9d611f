"""What a person waits for who looks at the page, and what their browser holds of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from bench.recorded import BATCH_SIZE, recorded
from bench.suite import MissingProgramError, Sample
from toggle_mock import ToggleServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

MANY, MOST = 100_000, 1_000_000
"""Events that are recorded."""

MIB = 2**20

PATIENCE = 120_000
"""Milliseconds."""

REST = 3_000
"""Milliseconds until a browser that was just started has come to rest: people have one open."""

FRAMES = 200

# When the first event was painted: a frame is drawn after what asks for it has run.
_NOTE_FIRST_ROW = """
window.firstRow = new Promise(resolve => {
  const look = () =>
    document.querySelector(".row:not(.awaited)")
      ? requestAnimationFrame(resolve)
      : requestAnimationFrame(look);
  requestAnimationFrame(look);
});
"""

# What each frame takes, in milliseconds, while somebody scrolls by half a screen in each.
_SCROLL = """
(grid, frames) => new Promise(resolve => {
  const taken = [];
  let before = performance.now();
  const step = now => {
    taken.push(now - before);
    before = now;
    if (taken.length === frames) return resolve(taken.slice(1));
    grid.scrollTop += grid.clientHeight / 2;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})
"""


@cache
def _toggle(events: int) -> ToggleServer:
    """A mock that has recorded so many events; for all rows, as that takes its time."""
    toggle = ToggleServer(recording=recorded(events // BATCH_SIZE), http_port=0)
    return toggle.start()


@contextmanager
def _page(events: int) -> Iterator[Page]:
    """The page of such a mock in a browser that has never seen it, once it shows events."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - other rows need none

    program = shutil.which("chromium")
    if program is None:
        raise MissingProgramError("chromium is not installed: apt-get install chromium")
    options = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=options) as browser,
        browser.new_page() as page,
    ):
        page.set_default_timeout(PATIENCE)
        page.add_init_script(_NOTE_FIRST_ROW)
        page.wait_for_timeout(REST)
        page.goto(f"http://{_toggle(events).http_address}/")
        page.get_by_text(f"{events:,} events", exact=True).wait_for()
        yield page


def _of(events: int, look: Callable[[Page], float]) -> float:
    with _page(events) as page:
        return look(page)


def _first_row(page: Page) -> float:
    """Milliseconds from the beginning of the navigation."""
    return float(page.evaluate("window.firstRow"))


def _frame(page: Page) -> float:
    """Milliseconds of the 95th of a hundred frames."""
    taken = sorted(page.get_by_role("grid", name="Events").evaluate(_SCROLL, FRAMES))
    return float(taken[len(taken) * 95 // 100])


def _heap(page: Page) -> float:
    """MiB of the scripts, after scrolling."""
    _frame(page)
    return float(page.evaluate("performance.memory.usedJSHeapSize")) / MIB


def first_row() -> Sample:
    return Sample(_of(MANY, _first_row))


def frame() -> Sample:
    return Sample(_of(MANY, _frame))


def heap() -> Sample:
    return Sample(_of(MANY, _heap))


def growth() -> Sample:
    """The first row of ten times as many events."""
    return Sample(_of(MOST, _first_row), _of(MANY, _first_row))
