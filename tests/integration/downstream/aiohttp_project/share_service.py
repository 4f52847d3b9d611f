"""Starts and stops services by HTTP; whoever does so hears that it has been reported."""

from aiohttp import web

from rodent_events import EVENT_LEVEL_INFO, EventBus, EventConfig, ServiceStatusPayload

STATUS = {"start": "running", "stop": "stopped"}
BUS = web.AppKey("bus", EventBus)


def make_app(config: EventConfig) -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(_bus(config))
    app.router.add_post("/services/{name}/{action:start|stop}", _act)
    app.router.add_get("/health", _health)
    return app


def _bus(config: EventConfig):
    async def run(app: web.Application):
        async with EventBus(config) as app[BUS]:
            yield

    return run


async def _act(request: web.Request) -> web.Response:
    name, action = request.match_info["name"], request.match_info["action"]
    bus = request.app[BUS]
    payload = ServiceStatusPayload(service_name=name, status=STATUS[action])
    event_id = bus.emit_service_status(EVENT_LEVEL_INFO, payload)
    is_delivered = await bus.flush_async(timeout=1)
    return web.json_response({"event": event_id, "delivered": is_delivered}, status=202)


async def _health(request: web.Request) -> web.Response:
    return web.json_response(request.app[BUS].health().as_dict())
