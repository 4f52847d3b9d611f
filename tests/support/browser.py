"""A browser as people have it: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

AXE = Path(__file__).parent / "axe" / "axe.min.js"
"""axe-core, which finds what keeps people from using a page; for tests alone."""

PATIENCE = 60_000
"""Milliseconds to wait for what is to appear; on a busy machine a browser takes long."""

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def _program() -> str:
    found = shutil.which("chromium")
    if found is None:
        reason = "chromium is not installed: apt-get install chromium"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A browser, for all tests of a module: a loop runs in this thread as long as it is open."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_program(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def opened_window(browser: Browser, address: str, **context) -> Iterator[BrowserContext]:
    """A window on a mock, with what it remembers."""
    window = browser.new_context(base_url=f"http://{address}", reduced_motion="reduce", **context)
    window.set_default_timeout(PATIENCE)
    yield window
    window.close()


@contextmanager
def opened_page(browser: Browser, address: str, **context) -> Iterator[Page]:
    """A page of a mock in a window of its own; what its scripts complain of fails the test."""
    with opened_window(browser, address, **context) as window, opened_tab(window) as page:
        yield page


@contextmanager
def opened_tab(window: BrowserContext) -> Iterator[Page]:
    """A page in a window, which remembers nothing of it but its files."""
    page = window.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"dialog {dialog.message}"))
    page.on("console", lambda line: complaints.append(line.text) if _is_refusal(line) else None)
    try:
        yield page
        page.evaluate("localStorage.clear()")
    finally:
        page.close()
    assert not complaints


def _is_refusal(line) -> bool:
    """Whether the browser has kept something from happening."""
    return "Content Security Policy" in line.text or "Trusted" in line.text


def axe_finds(page: Page) -> list[str]:
    """What axe finds, each with the elements that it is about."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", _RULES
    )
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
