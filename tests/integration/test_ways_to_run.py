"""How people run agents, and how these end: what emit has accepted is on disk, or with Toggle.

Toggle is away, so all is to be found on disk. At an orderly end that holds though nothing is
brought to disk before; at one that nothing notices, for what is older than ``spill_after``.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.delivery import saved

pytestmark = pytest.mark.slow

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

def exhaust_memory():
    global hog  # it goes only with the process
    import resource
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**25,) * 2)
    hog = []
    while True:
        hog.append(bytearray(2**16))
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
    "uvloop": """
import asyncio, uvloop
async def main():
    rodent_events.initialize()
    emit()
    {end}
uvloop.run(main())
""",
    "Trio": """
import trio
async def main():
    rodent_events.initialize()
    await trio.to_thread.run_sync(emit)
    {end}
trio.run(main)
""",
    "gevent": """
import gevent
gevent.spawn(rodent_events.initialize).get()
gevent.joinall([gevent.spawn(emit, 5) for _ in range(4)], raise_error=True)
{end}
""",
    "gevent, patched after the import": """
import gevent.monkey
gevent.monkey.patch_all()
rodent_events.initialize()
gevent.joinall([gevent.spawn(emit, 5) for _ in range(4)], raise_error=True)
{end}
""",
    "gevent, patched after initialize": """
rodent_events.initialize()
import gevent.monkey
gevent.monkey.patch_all()
gevent.joinall([gevent.spawn(emit, 5) for _ in range(4)], raise_error=True)
{end}
""",
    "gevent, a fork": """
rodent_events.initialize()
import gevent
emit(10)
if child := os.fork():
    raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
gevent.joinall([gevent.spawn(emit, 5) for _ in range(2)], raise_error=True)
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
# What stands before all else.
FIRST = dict.fromkeys(
    ("gevent", "gevent, a fork"), "import gevent.monkey\ngevent.monkey.patch_all()\n"
)
FINISHES = {
    "return": ("", 0),
    "sys.exit": ("import sys; sys.exit(3)", 3),
    "an exception": ("raise ValueError", 1),
    "a MemoryError": ("exhaust_memory()", 1),
    "os._exit": ("os._exit(4)", 4),
}
ORDERLY = ("return", "sys.exit", "an exception", "a MemoryError")
# Where gRPC finds no memory as it starts, it aborts; where libc finds none for a thread, it exits
# with 127. A parent passes that on.
ABORTED = {-signal.SIGABRT, 256 - signal.SIGABRT, 127}


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


@pytest.mark.parametrize(
    ("name", "finish"),
    # Trio itself does not end where no memory is left.
    sorted(
        {(name, finish) for name in SCRIPTS for finish in FINISHES} - {("Trio", "a MemoryError")}
    ),
)
def test_a_program_that_ends_by_itself(name, finish, place, start, wait_until):
    code, status = FINISHES[finish]
    is_orderly = finish in ORDERLY
    # What nothing notices is waited out, by the program itself.
    before = "" if is_orderly else "import time; time.sleep(1); "
    program = FIRST.get(name, "") + NOTED + SCRIPTS[name].format(end=before + code)
    process = start(sys.executable, "-c", program, is_orderly=is_orderly)
    process.communicate(timeout=60)
    wait_until(lambda: len(place.accepted) == 20)
    if finish == "a MemoryError" and process.returncode in ABORTED:
        return  # nothing of Python notices such an end
    wait_until(lambda: place.lost == 0)
    assert process.returncode == (0 if name == "a daemon" else status), log(place)


SIGNALS = {
    "SIGTERM": True,
    "SIGHUP": True,
    "SIGINT": True,
    "SIGQUIT": False,
    "SIGKILL": False,
}
SLEEPS = {
    "asyncio": "await asyncio.sleep(60)",
    "uvloop": "await asyncio.sleep(60)",
    "Trio": "await trio.sleep(60)",
}
# A bus that is started elsewhere than in the main thread takes no signals over.
BY_SIGNAL = ("SIGTERM", "SIGHUP")


def end_by(name: str, pids: Iterable[int], process: subprocess.Popen[str]) -> int:
    """Send processes a signal, and wait for the end of the one that was started; its status.

    SIGINT is sent until it is seen, as somebody at a terminal does: without a bus as with one, a
    program falls asleep over a signal that comes just then, a forked one with gevent in three of a
    hundred runs. Signals that the bus takes over are seen at once.
    """
    number = signal.Signals[name]
    for _ in range(11 if number == signal.SIGINT else 0):
        send(number, pids)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(5)
    send(number, pids)
    return process.wait(60)


def send(number: signal.Signals, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended before its parent
            os.kill(pid, number)


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("way", SCRIPTS)
def test_a_program_that_gets_a_signal(way, name, place, start, wait_until):
    is_orderly = SIGNALS[name] and not (
        way == "initialized in another thread" and name in BY_SIGNAL
    )
    # A shell's background ignores both.
    before = """import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
"""
    end = f"print(os.getpid(), flush=True); {SLEEPS.get(way, 'time.sleep(60)')}"
    program = FIRST.get(way, "") + before + NOTED + SCRIPTS[way].format(end=end)
    process = start(sys.executable, "-c", program, is_orderly=is_orderly)
    pid = int(process.stdout.readline())
    if not is_orderly:
        wait_until(lambda: place.lost == 0)
    end_by(name, [pid], process)
    wait_until(lambda: place.lost == 0)
    assert len(place.accepted) == 20


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"])
def test_the_first_process_of_a_container(name, place, start, wait_until):
    """The kernel gives it only signals for which it has handlers, and SIGKILL."""
    unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    probe = subprocess.run([*unshare, "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("a namespace of processes needs root, and a system that permits it")
    before = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    end = "print(os.getpid(), flush=True)\nimport time\ntime.sleep(60)"
    program = before + NOTED + SCRIPTS["a script"].format(end=end)
    is_orderly = name != "SIGKILL"
    process = start(*unshare, sys.executable, "-c", program, is_orderly=is_orderly)
    assert process.stdout.readline() == "1\n"
    if not is_orderly:
        wait_until(lambda: place.lost == 0)
    (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    end_by(name, [int(first)], process)
    assert len(place.accepted) == 20
    assert place.lost == 0


# The files of a control group, by version, and where its parent is.
LIMITS = {
    "memory.limit_in_bytes": Path("/sys/fs/cgroup/memory"),
    "memory.max": Path("/sys/fs/cgroup"),
}


@pytest.fixture
def small_group(wait_until):
    """A control group whose processes have 300 MB."""
    group = limit = None
    for name, parent in LIMITS.items():
        with suppress(OSError):
            group = Path(tempfile.mkdtemp(prefix="rodent-test-", dir=parent))
            limit = group / name
            limit.write_text(str(300 * 2**20))
            break
        if group is not None:
            group.rmdir()
            group = None
    if group is None:
        pytest.skip("a control group with a limit of memory needs root, and a system that has them")
    yield group
    wait_until(lambda: not (group / "cgroup.procs").read_text())
    group.rmdir()


def test_a_program_that_the_kernel_ends_for_want_of_memory(place, start, wait_until, small_group):
    end = """
open(f"{os.environ['GROUP']}/cgroup.procs", "w").write(str(os.getpid()))
input()
hog = []
while True:
    hog.append(b"x" * 2**20)
"""
    program = NOTED + SCRIPTS["a script"].format(end=end)
    process = start(
        "env",
        f"GROUP={small_group}",
        sys.executable,
        "-c",
        program,
        is_orderly=False,
        stdin=subprocess.PIPE,
    )
    wait_until(lambda: len(place.accepted) == 20 and place.lost == 0)
    process.communicate("\n", timeout=60)
    assert process.returncode == -signal.SIGKILL, log(place)
    assert place.lost == 0


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
    os.write(1, f"{os.getpid()}\\n".encode())  # at once: its sibling writes too
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
    assert end_by(name, pids, process) == 0, log(place)
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
UWSGI = [BIN / "uwsgi", "--disable-logging", "--die-on-term", "--module", "web:app"]
UWSGI += ["--master", "--processes", "2", "--stats", "stats"]
BOTH, TERM = ("SIGTERM", "SIGINT"), ("SIGTERM",)
# The command, and at which signals it ends in order. At SIGINT, gunicorn's workers of gevent and of
# uvicorn do not always end, with a bus or without, and are killed.
SERVERS = {
    "gunicorn, sync workers": ([*GUNICORN, "--workers", "2", "web:app"], BOTH),
    "gunicorn, threads": ([*GUNICORN, "--workers", "2", "--threads", "3", "web:app"], BOTH),
    "gunicorn, loaded before the fork": (
        [*GUNICORN, "--preload", "--workers", "2", "web:app"],
        BOTH,
    ),
    "gunicorn, gevent": ([*GUNICORN, "-k", "gevent", "--workers", "2", "web:app"], TERM),
    # What is initialized in the master is patched in its workers.
    "gunicorn, gevent, loaded before the fork": (
        [*GUNICORN, "-k", "gevent", "--preload", "--workers", "2", "web:app"],
        TERM,
    ),
    "gunicorn, uvicorn workers": (
        [*GUNICORN, "-k", "uvicorn_worker.UvicornWorker", "--workers", "2", "asgi:wrapped"],
        TERM,
    ),
    "hypercorn, wrapped": ([BIN / "hypercorn", "--workers", "2", "asgi:wrapped"], BOTH),
    # It forks from C, and tells Python nothing of that.
    "uWSGI, workers": (UWSGI, BOTH),
    "uWSGI, workers of which Python is told": (
        [*UWSGI, "--enable-threads", "--py-call-osafterfork"],
        BOTH,
    ),
    "uWSGI, lazy-apps": ([*UWSGI, "--lazy-apps"], BOTH),
    "uvicorn, in the lifespan alone": ([*UVICORN, "asgi:initializing"], ()),
    "uvicorn, wrapped, without a lifespan": ([*UVICORN, "asgi:wrapped_bare"], BOTH),
    "uvicorn, wrapped, reloading": ([*UVICORN, "--reload", "asgi:wrapped"], BOTH),
    "uvicorn, wrapped, on asyncio": ([*UVICORN, "--loop", "asyncio", "asgi:wrapped"], BOTH),
    "uvicorn, wrapped, on uvloop": ([*UVICORN, "--loop", "uvloop", "asgi:wrapped"], BOTH),
    "uvicorn, wrapped, workers": ([*UVICORN, "--workers", "2", "asgi:wrapped"], BOTH),
}


def is_at_rest(place, loads: int) -> bool:
    """Whether all workers of uWSGI wait for requests: one that is amid one runs no atexit."""
    if log(place).count("WSGI app 0") < loads or not (place.folder / "stats").exists():
        return False
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(place.folder / "stats"))
        with connection.makefile() as stats:
            workers = json.load(stats)["workers"]
    return all(each["accepting"] and each["status"] == "idle" for each in workers)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_gets_a_signal(server, name, place, start, wait_until):
    command, orderly = SERVERS[server]
    is_orderly = name in orderly
    if "gunicorn" in server and not is_orderly:
        command = [*command, "--graceful-timeout", "1"]
    (place.folder / "web.py").write_text(NOTED + WSGI)
    (place.folder / "asgi.py").write_text(NOTED + ASGI)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        option = {"uvicorn": "--fd", "uWSGI": "--http-socket"}.get(
            server.partition(",")[0], "--bind"
        )
        where = [option, number if option == "--fd" else f"fd://{number}"]
        process = start(*command, *where, is_orderly=is_orderly, pass_fds=[number])
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        for _ in range(20):
            with urllib.request.urlopen(url, timeout=60) as response:
                assert response.read() == b"done"
        assert len(place.accepted) >= 20
        if not is_orderly:
            wait_until(lambda: place.lost == 0)
        if "uWSGI" in server:
            wait_until(lambda: is_at_rest(place, loads=2 if "lazy" in server else 1))
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
@pytest.mark.parametrize("pool", ["prefork", "threads", "solo", "gevent"])
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
    assert "raised" not in log(place)  # by what the integration does at a signal of Celery
    if not is_orderly:
        wait_until(lambda: place.lost == 0)
    os.kill(process.pid, getattr(signal, name))
    process.wait(60)
    wait_until(lambda: place.lost == 0)
