"""The middleware around applications that know their lifespan, do not, or fail in it."""

import pytest

import rodent_events
from rodent_events.integrations.asgi import EventsMiddleware

LIFESPAN = {"type": "lifespan"}


class Server:
    """Asks an application as a server does, and notes what it answers."""

    def __init__(self) -> None:
        self.answers: list[dict] = []
        self._asks = iter(["startup", "shutdown"])
        self.running: list[bool] = []

    async def receive(self) -> dict:
        self.running.append(rodent_events.is_initialized())
        return {"type": f"lifespan.{next(self._asks)}"}

    async def send(self, message) -> None:
        self.answers.append(message)
        self.running.append(rodent_events.is_initialized())

    @property
    def heard(self) -> list[str]:
        return [answer["type"].removeprefix("lifespan.") for answer in self.answers]


@pytest.fixture
def server():
    yield Server()
    assert not rodent_events.is_initialized()


@pytest.fixture
def live(server, tmp_path):
    async def run(app, **settings):
        settings = {"target": "127.0.0.1:9", "jwt": "a.b.c", "events_dir": tmp_path} | settings
        await EventsMiddleware(app, **settings)(LIFESPAN, server.receive, server.send)

    return run


async def test_the_bus_runs_from_before_the_startup_to_after_the_shutdown(live, server):
    seen = []

    async def app(_scope, receive, send):
        for name in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{name}"
            seen.append(rodent_events.is_initialized())
            await send({"type": f"lifespan.{name}.complete"})

    await live(app)
    assert server.heard == ["startup.complete", "shutdown.complete"]
    assert seen == [True, True]
    assert server.running == [False, True, True, False]


async def refuses(scope, _receive, _send):
    assert scope["type"] == "http"


async def ignores(_scope, _receive, _send):
    pass


@pytest.mark.parametrize("app", [refuses, ignores])
async def test_an_application_that_knows_no_lifespan_has_a_bus_too(app, live, server):
    await live(app)
    assert server.heard == ["startup.complete", "shutdown.complete"]
    assert server.running == [False, True, True, False]


async def test_a_setting_that_is_wrong_fails_the_start(live, server):
    async def app(_scope, _receive, _send):
        pytest.fail("it is not started")

    await live(app, target="nonsense")
    assert server.heard == ["startup.failed"]
    assert "target" in server.answers[0]["message"]


async def test_a_startup_that_fails_ends_the_bus(live, server):
    async def app(_scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    await live(app)
    assert server.answers == [{"type": "lifespan.startup.failed", "message": "no database"}]


async def test_an_application_that_fails_later_ends_the_bus(live, server):
    async def app(_scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        raise KeyError("later")

    with pytest.raises(KeyError, match="later"):
        await live(app)
    assert server.heard == ["startup.complete"]


async def test_all_else_is_passed_on_as_it_is(server, tmp_path):
    seen = []

    async def app(*arguments):
        seen.append(arguments)

    scope = {"type": "http"}
    await EventsMiddleware(app, events_dir=tmp_path)(scope, server.receive, server.send)
    assert seen == [(scope, server.receive, server.send)]
