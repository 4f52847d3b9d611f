"""Agents that get SIGTERM at a line of theirs.

    python tests/support/signal_at_line.py FOLDER OVERFLOW SIGNALS AGENTS

One agent is forked for each of about so many lines, spread over all that its main thread runs
between the moment at which ``initialize`` has taken the signal over and the end. Toggle is away:
in the end each event is on disk or ``on_drop`` was told of it, since a worker that gets no
processor lets a small memory run full. Prints a line of JSON for each agent.
"""

import atexit
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import rodent_events
import rodent_events.client  # gRPC, which takes long to load
from rodent_events import EventBatch, StorageTransferPayload

logger = logging.getLogger("agent")

WATCHED = ("rodent_events", "logging", "threading", "queue", "__main__")


class Sender:
    """Sends signals at a line."""

    def __init__(self, line: int, count: int) -> None:
        self.seen = 0
        self.place = ""
        self.was_awaited = False
        self.line = line
        self.count = count

    def trace(self, frame, event, _argument):
        """What sys.settrace calls."""
        name = frame.f_globals.get("__name__") or ""  # none is left at the very end
        if name.partition(".")[0] not in WATCHED:
            return None
        if event == "line" and signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            self.seen += 1
            if self.seen == self.line:
                self.place = f"{name}:{frame.f_lineno}"
                for _ in range(self.count):
                    os.kill(os.getpid(), signal.SIGTERM)
        return self.trace


def agent(folder: Path, overflow: str, sender: Sender) -> None:
    """Emit before and after initialize; each id or refusal, and each drop, is written down."""
    emitted = os.open(folder / "emitted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    dropped = os.open(folder / "dropped", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    logging.basicConfig(filename=folder / "log", level=logging.INFO)

    def emit(count: int) -> None:
        for _ in range(count):
            event_id = rodent_events.emit(StorageTransferPayload())
            os.write(emitted, f"{event_id or 'refused'}\n".encode())
            logger.info("emitted")

    emit(5)
    sys.settrace(sender.trace)
    rodent_events.initialize(
        target="127.0.0.1:9",
        jwt="a.b.c",
        events_dir=folder / "events",
        overflow=overflow,
        overflow_timeout=0.05,
        buffer_size=20,
        flush_threshold=15,
        batch_size=10,
        max_retry_attempts=1,
        on_drop=lambda drop: os.write(dropped, f"{drop.count}\n".encode()),
    )
    emit(30)
    while sender.place:  # it has been sent: that is an end which comes in any case
        sender.was_awaited = True
        signal.pause()


def run(folder: Path, overflow: str, line: int, count: int) -> dict[str, Any]:
    """What one agent has come to."""
    folder.mkdir()
    sender = Sender(line, count)
    pid = os.fork()
    if pid == 0:
        # Registered first, hence called last: how many lines there are. None of this is one.
        atexit.register(lambda: (folder / "sender").write_text(json.dumps(vars(sender))))
        atexit.register(sys.settrace, None)
        agent(folder, overflow, sender)
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    batches = (EventBatch.FromString(path.read_bytes()) for path in folder.rglob("*.pb"))
    saved = {event.event_id for batch in batches for event in batch.events}
    missing = [name for name in (folder / "emitted").read_text().split() if name not in saved]
    lost = len(missing) - sum(map(int, (folder / "dropped").read_text().split()))
    told = json.loads((folder / "sender").read_text())
    return told | {"status": os.waitstatus_to_exitcode(status), "lost": max(0, lost)}


def main(folder: Path, overflow: str, count: int, most: int) -> None:
    """Run them all."""
    undisturbed = run(folder / "none", overflow, 0, 0)
    assert not undisturbed["lost"], undisturbed
    lines = undisturbed["seen"]
    for line in range(1, lines, max(1, lines // most)):
        report = run(folder / str(line), overflow, line, count)
        sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
