"""Take the picture of the page in docs/page.png and the README, from what the demo shows.

python tools/page_picture.py [docs/page.png]
"""

from __future__ import annotations

import sys

from chromium import opened_page

from toggle_mock import ToggleServer
from toggle_mock.cli.demo_page import fleet

WIDTH, HEIGHT = 1280, 760
EVENTS = 60
PATIENCE = 120_000
"""Milliseconds."""


def main() -> int:
    target = sys.argv[1] if len(sys.argv) > 1 else "docs/page.png"
    with ToggleServer(http_port=0, relay=True) as toggle:
        with fleet(toggle):
            toggle.wait_for(count=EVENTS, timeout=PATIENCE / 1000)
            with toggle.faults.outage():
                pass
            toggle.wait_for(count=2 * EVENTS, timeout=PATIENCE / 1000)
        take(f"http://{toggle.http_address}/", target)
    return 0


def take(url: str, target: str) -> None:
    """A picture of the page with one event open."""
    with opened_page(url, WIDTH, HEIGHT, PATIENCE) as page:
        rows = page.locator(".row:not(.awaited)")
        rows.filter(has_text="storage_").first.click()
        page.locator(".wire-fields tr").filter(has_text="operation").last.hover()
        page.locator("tr.marked").wait_for()
        page.screenshot(path=target)


if __name__ == "__main__":
    sys.exit(main())
