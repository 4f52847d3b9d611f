"""The recording as a whole."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from toggle_mock.http_api.bodies.base import Body


class Mark(Body):
    """A mark, and the feed to put it into."""

    feed: Annotated[str, Meta(description="As the first line of the feed names it.")]
    mark: Annotated[Any, Meta(description="What comes out of the feed again.")] = None
