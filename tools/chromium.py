"""A page in Debian's Chromium, of which a picture is taken."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright


@contextmanager
def opened_page(url: str, width: int, height: int, patience: int = 30_000) -> Iterator[Page]:
    """A page of this size, until the end of the block; patience is in milliseconds."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(patience)
        page.goto(url)
        yield page
        browser.close()
