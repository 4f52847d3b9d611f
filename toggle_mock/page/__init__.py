"""The page that one keeps open: plain files, as a browser takes them; nothing builds them.

``static`` has HTML, CSS and ES modules; :mod:`toggle_mock.http_api.page` serves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

PageMode = Literal["on", "read-only", "off"]
"""Whether there is a page, and whether something can be changed from it."""

PAGE_MODES: tuple[str, ...] = get_args(PageMode)
"""The modes that there are."""


@dataclass(frozen=True)
class Page:
    """What the page is to be.

    Raises:
        ValueError: There is no such mode.
    """

    mode: PageMode = "on"
    file: str = ""
    """The name of the recording that it shows; empty for a server at work."""

    def __post_init__(self) -> None:
        if self.mode not in PAGE_MODES:
            raise ValueError(f"page is {self.mode!r}: give {' or '.join(PAGE_MODES)}")

    @property
    def is_file(self) -> bool:
        """Whether it shows a recording, and no server."""
        return bool(self.file)
