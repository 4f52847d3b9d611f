"""The server as a whole."""

from __future__ import annotations

from toggle_mock.http_api.bodies.base import InSession
from toggle_mock.http_api.bodies.server import Info, Ready, SchemaFiles
from toggle_mock.http_api.metrics import exposition
from toggle_mock.http_api.responses import Json, Numbers
from toggle_mock.http_api.state import Api


async def readyz(api: Api, given: InSession) -> Ready:
    """Whether the server answers calls."""
    reason = api.toggle(given.session).unready
    return Ready(ready=reason is None, reason=reason)


def metrics(api: Api) -> Numbers:
    """What is recorded and connected, in numbers, for Prometheus."""
    return Numbers(exposition(api.server))


def openapi(api: Api) -> Json:
    """This description."""
    return Json(api.document())


def info(api: Api) -> Info:
    """The server's address."""
    toggle = api.server
    root, read = toggle.root_certificate, toggle.schema
    return Info(
        address=toggle.address,
        tls=root is not None,
        relay=toggle.has_relay,
        shared=toggle.shared_faults is not None,
        root_certificate=root.decode() if root else None,
        page=api.page.mode,
        file=api.page.file or None,
        deduplicate=toggle.recording.deduplicate,
        schema=SchemaFiles(read.name, read.files.SerializeToString()) if read else None,
    )
