"""How people run agents, and how these end: what emit has accepted is on disk, or with Toggle.

Toggle is away, so all is to be found on disk. At an orderly end that holds though nothing is
brought to disk before; at one that nothing notices, for what is older than ``spill_after``.
"""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.delivery import saved

BIN = Path(sys.executable).parent

# What each program has: a bus by environment, and a note of what emit has accepted.
NOTED = """
import os, rodent_events
from rodent_events import StorageTransferPayload

def emit(count=20):
    for number in range(count):
        event_id = rodent_events.emit(StorageTransferPayload(size_bytes=number))
        file = os.open(os.environ["ACCEPTED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(file, f"{event_id}\\n".encode())
        os.close(file)
"""

SCRIPTS = {
    "a script": "rodent_events.initialize()\nemit()\n{end}",
    "emitted before it is initialized": "emit()\nrodent_events.initialize()\n{end}",
    "asyncio": """
import asyncio
async def main():
    rodent_events.initialize()
    await asyncio.to_thread(emit)
    {end}
asyncio.run(main())
""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
rodent_events.initialize()
with ThreadPoolExecutor(4) as threads:
    list(threads.map(emit, [5] * 4))
{end}
""",
    "initialized in another thread": """
import threading
thread = threading.Thread(target=rodent_events.initialize)
thread.start()
thread.join()
emit()
{end}
""",
    "a daemon": """
rodent_events.initialize()
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
emit()
{end}
""",
}
FINISHES = {
    "return": ("", 0),
    "sys.exit": ("import sys; sys.exit(3)", 3),
    "an exception": ("raise ValueError", 1),
    "os._exit": ("os._exit(4)", 4),
}
ORDERLY = ("return", "sys.exit", "an exception")


@dataclass
class Place:
    """Where agents run, and what they leave."""

    folder: Path

    def environment(self, *, spill_after: float) -> dict[str, str]:
        """The settings of a bus whose Toggle is away."""
        return os.environ | {
            "ACCEPTED": str(self.folder / "accepted"),
            "RODENT_EVENTS_TARGET": "127.0.0.1:9",
            "RODENT_EVENTS_JWT": "a.b.c",
            "RODENT_EVENTS_EVENTS_DIR": str(self.folder / "events"),
            "RODENT_EVENTS_SPILL_AFTER": str(spill_after),
            "RODENT_EVENTS_MAX_RETRY_ATTEMPTS": "1",
            "RODENT_EVENTS_RETRY_BACKOFF_BASE": "0.01",
            "PYTHONPATH": str(self.folder),
        }

    @property
    def accepted(self) -> set[str]:
        file = self.folder / "accepted"
        return set(file.read_text().split()) if file.exists() else set()

    @property
    def on_disk(self) -> set[str]:
        root = self.folder / "events"
        return {name for each in (root, *root.glob("process-*")) for name in saved(each)}

    @property
    def lost(self) -> int:
        return len(self.accepted - self.on_disk)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def start(place):
    """Starts a program; it is ended after the test."""
    started = []

    def start(*command: object, is_orderly: bool, **options) -> subprocess.Popen[str]:
        spill_after = 3600 if is_orderly else 0.05
        with (place.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [*map(str, command)],
                cwd=place.folder,
                env=place.environment(spill_after=spill_after),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                **options,
            )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):  # workers may be left whose master was killed
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def log(place):
    return (place.folder / "log").read_text()


@pytest.mark.parametrize("finish", FINISHES)
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_program_that_ends_by_itself(name, finish, place, start, wait_until):
    code, status = FINISHES[finish]
    is_orderly = finish in ORDERLY
    # What nothing notices is waited out, by the program itself.
    before = "" if is_orderly else "import time; time.sleep(1); "
    program = NOTED + SCRIPTS[name].format(end=before + code)
    process = start(sys.executable, "-c", program, is_orderly=is_orderly)
    process.communicate(timeout=60)
    wait_until(lambda: len(place.accepted) == 20)
    wait_until(lambda: place.lost == 0)
    assert process.returncode == (0 if name == "a daemon" else status), log(place)


SIGNALS = {
    "SIGTERM": True,
    "SIGHUP": True,
    "SIGINT": True,
    "SIGQUIT": False,
    "SIGKILL": False,
}
# A bus that is started elsewhere than in the main thread takes no signals over.
BY_SIGNAL = ("SIGTERM", "SIGHUP")


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("way", SCRIPTS)
def test_a_program_that_gets_a_signal(way, name, place, start, wait_until):
    is_orderly = SIGNALS[name] and not (
        way == "initialized in another thread" and name in BY_SIGNAL
    )
    # A shell's background ignores both.
    first = """import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
"""
    sleep = "await asyncio.sleep(60)" if way == "asyncio" else "time.sleep(60)"
    program = first + NOTED + SCRIPTS[way].format(end=f"print(os.getpid(), flush=True); {sleep}")
    process = start(sys.executable, "-c", program, is_orderly=is_orderly)
    pid = int(process.stdout.readline())
    if not is_orderly:
        wait_until(lambda: place.lost == 0)
    os.kill(pid, getattr(signal, name))
    process.wait(60)
    wait_until(lambda: place.lost == 0)
    assert len(place.accepted) == 20


CHILDREN = """
import multiprocessing, signal, sys, time
from concurrent.futures import ProcessPoolExecutor

def work(count):
    emit(count)

def work_and_initialize(count):
    rodent_events.initialize()
    emit(count)

def work_and_wait(count):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    work_and_initialize(count)
    print(os.getpid(), flush=True)
    time.sleep(60)

if __name__ == "__main__":
    way, who = sys.argv[1:]
    context = multiprocessing.get_context(way)
    if who == "the parent":
        rodent_events.initialize()
        target = work
    else:
        target = work_and_wait if who == "each child, which waits" else work_and_initialize
    if who == "a pool":
        with ProcessPoolExecutor(2, context, rodent_events.initialize) as pool:
            list(pool.map(work, [5] * 4))
    else:
        children = [context.Process(target=target, args=(10,)) for _ in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join()
"""


STARTS = ["fork", "spawn", "forkserver"]


# What is not forked has no bus of its parent's.
@pytest.mark.parametrize(
    ("way", "who"),
    [("fork", "the parent"), *((way, who) for way in STARTS for who in ("each child", "a pool"))],
)
def test_children_of_multiprocessing(way, who, place, start):
    (place.folder / "children.py").write_text(NOTED + CHILDREN)
    process = start(sys.executable, "children.py", way, who, is_orderly=True)
    process.communicate(timeout=60)
    assert process.returncode == 0, log(place)
    assert len(place.accepted) == 20
    assert place.lost == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
@pytest.mark.parametrize("way", STARTS)
def test_children_of_multiprocessing_that_get_a_signal(way, name, place, start, wait_until):
    (place.folder / "children.py").write_text(NOTED + CHILDREN)
    command = [sys.executable, "children.py", way, "each child, which waits"]
    process = start(*command, is_orderly=name != "SIGKILL")
    pids = [int(process.stdout.readline()) for _ in range(2)]
    if name == "SIGKILL":
        wait_until(lambda: place.lost == 0)
    for pid in pids:
        os.kill(pid, getattr(signal, name))
    assert process.wait(60) == 0, log(place)
    assert len(place.accepted) == 20
    assert place.lost == 0


WSGI = """
rodent_events.initialize()

def app(environ, start_response):
    emit(1)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]
"""
ASGI = """
async def bare(scope, receive, send):
    assert scope["type"] == "http"
    emit(1)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})

async def starlike(scope, receive, send):
    if scope["type"] == "lifespan":
        for name in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{name}"
            emit(1)
            await send({"type": f"lifespan.{name}.complete"})
    else:
        await bare(scope, receive, send)

async def initializing(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        rodent_events.initialize()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    else:
        await bare(scope, receive, send)

from rodent_events.integrations.asgi import EventsMiddleware
wrapped_bare, wrapped = EventsMiddleware(bare), EventsMiddleware(starlike)
"""
UVICORN = [BIN / "uvicorn", "--log-level", "warning"]
GUNICORN = [BIN / "gunicorn", "--log-level", "warning"]
# The command, and whether SIGTERM is an orderly end.
SERVERS = {
    "gunicorn, sync workers": ([*GUNICORN, "--workers", "2", "web:app"], True),
    "gunicorn, threads": ([*GUNICORN, "--workers", "2", "--threads", "3", "web:app"], True),
    "gunicorn, loaded before the fork": (
        [*GUNICORN, "--preload", "--workers", "2", "web:app"],
        True,
    ),
    "uvicorn, in the lifespan alone": ([*UVICORN, "web:initializing"], False),
    "uvicorn, wrapped": ([*UVICORN, "web:wrapped"], True),
    "uvicorn, wrapped, without a lifespan": ([*UVICORN, "web:wrapped_bare"], True),
    "uvicorn, wrapped, workers": ([*UVICORN, "--workers", "2", "web:wrapped"], True),
}


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_gets_a_signal(server, name, place, start, wait_until):
    command, is_orderly = SERVERS[server]
    is_orderly = is_orderly and name != "SIGKILL"
    (place.folder / "web.py").write_text(NOTED + (WSGI if "gunicorn" in server else ASGI))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        where = ["--bind", f"fd://{number}"] if "gunicorn" in server else ["--fd", number]
        process = start(*command, *where, is_orderly=is_orderly, pass_fds=[number])
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        for _ in range(20):
            with urllib.request.urlopen(url, timeout=60) as response:
                assert response.read() == b"done"
        assert len(place.accepted) >= 20
        if not is_orderly:
            wait_until(lambda: place.lost == 0)
        os.kill(process.pid, getattr(signal, name))
        process.wait(60)
    wait_until(lambda: place.lost == 0)


CELERY = """
from celery import Celery
from rodent_events.integrations import celery as integration

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": "broker", "data_folder_out": "broker", "control_folder": "control",
}
integration.install()

@app.task
def work():
    emit(1)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_celery(pool, name, place, start, wait_until):
    (place.folder / "tasks.py").write_text(NOTED + CELERY)
    for folder in ("broker", "control"):
        (place.folder / folder).mkdir()
    ask = [sys.executable, "-c", "import tasks\nfor _ in range(20): tasks.work.delay()"]
    assert start(*ask, is_orderly=True).wait(60) == 0, log(place)
    command = [BIN / "celery", "-A", "tasks", "worker", "--pool", pool, "--concurrency", "2"]
    is_orderly = name == "SIGTERM"
    process = start(*command, "--loglevel", "warning", is_orderly=is_orderly)
    wait_until(lambda: len(place.accepted) == 20, timeout=60)
    if not is_orderly:
        wait_until(lambda: place.lost == 0)
    os.kill(process.pid, getattr(signal, name))
    process.wait(60)
    wait_until(lambda: place.lost == 0)
