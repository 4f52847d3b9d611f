"""Agents that get SIGTERM at a line of theirs.

    python tests/support/signal_at_line.py FOLDER OVERFLOW SIGNALS AGENTS

One agent is forked for each of about so many lines, spread over all that its main thread runs
between the moment at which ``initialize`` has taken the signal over and the end. What it has
accepted must be on disk in the end; Toggle is away. Prints a line of JSON for each agent.
"""

import atexit
import json
import logging
import os
import signal
import sys
from pathlib import Path

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
        self._line = line
        self._count = count

    def trace(self, frame, event, _argument):
        """What sys.settrace calls."""
        name = frame.f_globals.get("__name__") or ""  # none is left at the very end
        if name.partition(".")[0] not in WATCHED:
            return None
        if event == "line" and signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
            self.seen += 1
            if self.seen == self._line:
                self.place = f"{name}:{frame.f_lineno}"
                for _ in range(self._count):
                    os.kill(os.getpid(), signal.SIGTERM)
        return self.trace


def agent(folder: Path, overflow: str, sender: Sender) -> None:
    """Emit before, amid and after initialize; each id that is accepted is written down."""
    accepted = os.open(folder / "accepted", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    logging.basicConfig(filename=folder / "log", level=logging.INFO)

    def emit(count: int) -> None:
        for _ in range(count):
            if event_id := rodent_events.emit(StorageTransferPayload()):
                os.write(accepted, f"{event_id}\n".encode())
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
    )
    emit(30)


def run(folder: Path, overflow: str, line: int, count: int) -> tuple[int, str, int, set[str]]:
    """Exit status, where the signal was sent, lines, and what was lost of one agent."""
    folder.mkdir()
    sender = Sender(line, count)
    pid = os.fork()
    if pid == 0:
        # Registered first, hence called last: how many lines there are. None of this is one.
        atexit.register(lambda: (folder / "lines").write_text(f"{sender.seen} {sender.place}"))
        atexit.register(sys.settrace, None)
        agent(folder, overflow, sender)
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    accepted = set((folder / "accepted").read_text().split())
    batches = (EventBatch.FromString(path.read_bytes()) for path in folder.rglob("*.pb"))
    lost = accepted - {event.event_id for batch in batches for event in batch.events}
    lines, place = (folder / "lines").read_text().split(" ")
    return os.waitstatus_to_exitcode(status), place, int(lines), lost


def main(folder: Path, overflow: str, count: int, most: int) -> None:
    """Run them all."""
    _, _, lines, lost = run(folder / "none", overflow, 0, 0)
    assert not lost, lost
    for line in range(1, lines, max(1, lines // most)):
        status, place, _, lost = run(folder / str(line), overflow, line, count)
        report = {"place": place, "status": status, "lost": len(lost)}
        sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
