"""A server of PostgreSQL for tests: its own folder, user, socket and port, and databases in it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import psycopg
import pytest

from support.waiting import wait_until

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name))
"""Where Debian has its programs, as nothing but psql is on the path."""

# Not synchronous_commit=off: one that is killed would have lost what it has said to have.
FAST = "fsync=off full_page_writes=off shared_buffers=16MB jit=off"


def program(name: str) -> str:
    """Where a program of the server is."""
    folders = [*map(str, reversed(FOLDERS)), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        reason = f"PostgreSQL's {name} is not installed: apt-get install postgresql"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


class PostgresServer:
    """A server that can be killed and started again, in a folder that is there already."""

    user = "tester"
    password = "s3cret-word"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen | None = None
        self._databases = count(1)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # It refuses to run as root.
        self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []} if is_root() else {}
        if is_root():
            shutil.chown(folder, "nobody", "nogroup")
        words = folder / "password"
        words.write_text(self.password)
        words.chmod(0o644)
        self._run(
            *("initdb", "--no-sync", "--username", self.user, "--pwfile", words),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale"),
            *("--pgdata", folder / "data"),
        )

    def _run(self, name: str, *arguments: object) -> None:
        command = [program(name), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **self._as)

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None:
            return
        options = [one for setting in FAST.split() for one in ("-c", setting)]
        command = [
            *(program("postgres"), "-D", f"{self._folder}/data", "-p", str(self.port)),
            *("-k", str(self._folder), "-h", "127.0.0.1", *options),
        ]
        log = self._folder / "log"
        with log.open("ab") as errors:
            self._process = subprocess.Popen(command, stderr=errors, cwd=self._folder, **self._as)
        try:
            wait_until(self.answers)
        except BaseException:
            print(log.read_text())  # noqa: T201 - what pytest shows with the failure
            raise

    def answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None
        try:
            self.ask("SELECT 1", database="postgres")
        except psycopg.OperationalError:
            return False
        return True

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it at once, and wait for those that served connections."""
        if self._process is None:
            return
        below = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(how)
        self._process.wait()
        psutil.wait_procs(below, 30)
        self._process = None

    def stop(self) -> None:
        self.kill(signal.SIGQUIT)

    def url(self, database: str, user: str = user, password: str = password) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """The URL of a database that nobody else has."""
        name = f"db{next(self._databases)}"
        self.ask(f"CREATE DATABASE {name}", database="postgres")
        return self.url(name)

    def end_connections(self, url: str) -> None:
        """End the connections to the database of a store or a run, as an administrator would."""
        self.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{database_of(url)}'",
            "postgres",
        )

    def ask(self, statement: str, database: str) -> list[tuple]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def database_of(url: str) -> str:
    """The name of the database of a store or a run."""
    return url.rpartition("/")[2].partition("?")[0]


def is_root() -> bool:
    return os.geteuid() == 0


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a short path, which others get to
    try:
        folder.chmod(0o755)
        server = PostgresServer(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
