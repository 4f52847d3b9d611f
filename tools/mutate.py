"""Break the delivery on purpose, one way after the other, and see which test notices.

    python tools/mutate.py [--only TEXT] [--markdown FILE]

Each mutation replaces one piece of code in a copy of the project and runs the tests of the delivery
there. The exit code is 0 only if every mutation is caught.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

TESTS = (
    *("tests/unit/test_delivery.py", "tests/unit/test_wire.py", "tests/unit/test_emit.py"),
    "tests/unit/test_worker.py",
    *("tests/property", "tests/integration/test_buffer.py", "tests/integration/test_journal.py"),
    *("tests/integration/test_scenarios.py", "tests/integration/test_hostile.py"),
    *("tests/integration/test_bus.py", "tests/integration/test_lifecycle.py"),
)


@dataclass(frozen=True)
class Mutation:
    """One way to break the code: in ``rodent_events/<module>.py``, ``old`` becomes ``new``."""

    title: str
    module: str
    old: str
    new: str


MUTATIONS = (
    Mutation(
        "drop on the third failure",
        "worker",
        "            case Action.HOLD:\n                self._hold()\n",
        "            case Action.HOLD:\n                self._buffer.acknowledge()\n",
    ),
    Mutation(
        "acknowledge a batch that was rejected",
        "delivery",
        "            return Decision(Action.QUARANTINE)\n        case Rule.BISECT",
        "            return Decision(Action.ACKNOWLEDGE)\n        case Rule.BISECT",
    ),
    Mutation(
        "never give a batch to the disk",
        "delivery",
        "exhausted = failures >= policy.max_retry_attempts",
        "exhausted = False",
    ),
    Mutation(
        "ignore the time that the server asks for",
        "delivery",
        "delay = max(pause, outcome.retry_after)",
        "delay = pause",
    ),
    Mutation(
        "wait out the backoff after an outage",
        "delivery",
        "pause = min(pause, UNREACHABLE_PAUSE)",
        "pass",
    ),
    Mutation(
        "quarantine a whole batch for one bad event",
        "delivery",
        "Decision(Action.SPLIT if events > 1 else Action.QUARANTINE)",
        "Decision(Action.QUARANTINE)",
    ),
    Mutation(
        "keep the token that was refused",
        "worker",
        "                self._client.forget_token()\n",
        "                pass\n",
    ),
    Mutation(
        "a new id for a batch that is held",
        "buffer",
        "self._spool.write(list(self._parts), oldest=self._whole_id)",
        "self._spool.write([Batch(new_id(), p.timestamp, p.frames, p.count) "
        "for p in self._parts], oldest=self._whole_id)",
    ),
    Mutation(
        "a held batch goes behind what was spilled since",
        "spool",
        "                self._segments.appendleft(segment)\n",
        "                self._segments.append(segment)\n",
    ),
    Mutation(
        "memory before disk",
        "buffer",
        "        batch = self._first_on_disk(partial)\n        self._origin = Place.DISK\n",
        "        batch = None if self._memory else self._first_on_disk(partial)\n"
        "        self._origin = Place.DISK\n",
    ),
    Mutation(
        "delete a file before all of it is acknowledged",
        "spool",
        "                if batch is not None or segment.growing:\n",
        "                if batch is not None and segment.acknowledged and not segment.growing:\n"
        "                    segment.remove()\n"
        "                if batch is not None or segment.growing:\n",
    ),
    Mutation(
        "no note of progress",
        "segment",
        "            self._progress = Progress(stored.start, stored.done + count)\n"
        "        self._write_progress()\n",
        "            self._progress = Progress(stored.start, stored.done + count)\n",
    ),
    Mutation(
        "progress by one event too far",
        "segment",
        "self._progress = Progress(stored.start, stored.done + count)",
        "self._progress = Progress(stored.start, stored.done + count + 1)",
    ),
    Mutation(
        "halves with ids by chance",
        "batch",
        'digest = hashlib.sha256(f"{batch_id}/{part}".encode()).digest()',
        "digest = __import__('os').urandom(32)",
    ),
    Mutation(
        "halves in the wrong order",
        "buffer",
        "self._parts.extendleft(reversed(self._parts.popleft().halves()))",
        "self._parts.extendleft(self._parts.popleft().halves())",
    ),
    Mutation(
        "believe a wrong checksum",
        "segment",
        "        if zlib.crc32(frames) == section.checksum:\n",
        "        if True:\n",
    ),
    Mutation(
        "a damaged file is forgotten",
        "spool",
        "                self._keep_damage(segment, damage)\n",
        "                pass\n",
    ),
    Mutation(
        "write files in place",
        "spool",
        '    temporary = path.with_name(path.name + ".tmp")\n',
        "    temporary = path\n",
    ),
    Mutation(
        "skip the sync of the journal",
        "journal",
        "                if segment is not None:\n                    os.fsync(descriptor)\n",
        "",
    ),
    Mutation(
        "skip the sync of the folder",
        "journal",
        "                sync_folder(path.parent)",
        "                pass",
    ),
    Mutation(
        "emit returns before the journal is written",
        "journal",
        "            self._write(segment, frame)\n            self._open = grown\n",
        "            self._open = grown\n",
    ),
    Mutation(
        "a short write stays in the journal",
        "journal",
        "                os.ftruncate(self._descriptor, segment.size)\n",
        "                pass\n",
    ),
    Mutation(
        "events that are put back change their order",
        "buffer",
        "                self._memory.extendleft(reversed(batch.single_frames()))\n",
        "                self._memory.extendleft(batch.single_frames())\n",
    ),
    Mutation(
        "events of a failed spill are forgotten",
        "buffer",
        "            except OSError:\n                self._put_back(batches, count)\n",
        "            except OSError:\n",
    ),
    Mutation(
        "shutdown does not empty memory",
        "buffer",
        "            stack.callback(self.spill)\n",
        "",
    ),
    Mutation(
        "shutdown forgets the batch that is under way",
        "buffer",
        "                stack.callback(self._journal.close)\n            self.hold()\n",
        "                stack.callback(self._journal.close)\n",
    ),
    Mutation(
        "no second look after append",
        "bus",
        "        if self._finished:\n",
        "        if False:\n",
    ),
    Mutation(
        "drops are not booked",
        "buffer",
        "                self.ledger.drop(DropReason.OVERFLOW, Place.MEMORY, [head])\n",
        "                self.ledger.move(1, Place.MEMORY, Place.DELIVERED)\n",
    ),
    Mutation(
        "a child delivers what its parent had in memory",
        "bus",
        "        self.config = replace(self.config, events_dir=folder)\n"
        "        self._buffer = EventBuffer(self.config)\n",
        "        self.config = replace(self.config, events_dir=folder)\n"
        "        frames = self._buffer.drain()\n"
        "        self._buffer = EventBuffer(self.config)\n"
        "        list(map(self._buffer.append, frames))\n",
    ),
    Mutation(
        "two processes in one folder",
        "spool",
        "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "        pass\n",
    ),
    Mutation(
        "flush is content with what was lost",
        "worker",
        "self._complete = now.lost == self._start.lost",
        "self._complete = True",
    ),
    Mutation(
        "no deadline for sends at shutdown",
        "worker",
        "        if time.monotonic() < self._stop_at and self._buffer.waiting:\n",
        "        if self._is_sending and self._buffer.waiting:\n",
    ),
    Mutation(
        "a slow Toggle is thought to keep up",
        "worker",
        "self._is_swift = outcome.status is Status.OK and seconds",
        "self._is_swift = outcome.status is Status.OK or seconds",
    ),
    Mutation(
        "memory fills up while Toggle keeps up",
        "worker",
        "_CROWDING_LIMIT = 0.5",
        "_CROWDING_LIMIT = 5.0",
    ),
    Mutation(
        "the next batch does not wait for the last one's outcome",
        "worker",
        "        if self._is_sending or now < self._send_at:\n",
        "        if now < self._send_at:\n",
    ),
)


def run(mutation: Mutation, copy: Path) -> str | None:
    """The test that catches a mutation; None if all pass."""
    path = copy / "rodent_events" / f"{mutation.module}.py"
    original = path.read_text()
    if original.count(mutation.old) != 1:
        sys.exit(f"{mutation.title}: found {original.count(mutation.old)} times, not once")
    path.write_text(original.replace(mutation.old, mutation.new))
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "4", "--timeout", "60"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *TESTS],
            cwd=copy,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(original)
    failed = re.search(r"^(?:FAILED|ERROR) (tests/.+?)(?: - |$)", done.stdout, re.MULTILINE)
    if failed is None and done.returncode != 0:
        sys.exit(f"{mutation.title}: the tests did not run:\n{done.stdout[-2000:]}{done.stderr}")
    return failed[1] if failed else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of a title")
    parser.add_argument("--markdown", type=Path, help="write the table to this file too")
    options = parser.parse_args()
    chosen = [mutation for mutation in MUTATIONS if options.only in mutation.title]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        ignored = shutil.ignore_patterns(".venv*", ".git", "build", ".*_cache", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=ignored)
        for mutation in chosen:
            test = run(mutation, copy)
            name = test.removeprefix("tests/") if test else "**survives**"
            rows.append((mutation.title, mutation.module, name))
            print(f"{'caught' if test else 'SURVIVES'}: {mutation.title}: {name}", flush=True)
    if options.markdown:
        lines = [f"| {title} | `{module}.py` | `{test}` |\n" for title, module, test in rows]
        head = "| broken on purpose | in | caught first by |\n|---|---|---|\n"
        options.markdown.write_text(head + "".join(lines))
    return 0 if all(test != "**survives**" for *_, test in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
