"""Answers that are no JSON object of a known form; their types tell what they are instead."""

from __future__ import annotations

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response, StreamingResponse


class Json(Response):
    """JSON of any form."""

    media_type = "application/json"


class Numbers(Response):
    """Prometheus' text format."""

    media_type = CONTENT_TYPE_LATEST


class Lines(StreamingResponse):
    """One JSON object a line."""

    media_type = "application/x-ndjson"


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"
