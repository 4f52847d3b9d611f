"""An ASGI application with the bus around it: uvicorn asgi:app"""

import os

from rodent_events import StoragePoolPayload, emit
from rodent_events.integrations.asgi import EventsMiddleware


async def pools(scope, _receive, send):
    assert scope["type"] == "http"
    emit(StoragePoolPayload(pool_name="tank"))
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


app = EventsMiddleware(pools, target=os.environ.get("TOGGLE"), jwt=os.environ.get("TOGGLE_JWT"))
