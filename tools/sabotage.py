"""Break the delivery on purpose, one way after the other, and see which test notices.

    python tools/sabotage.py [--only TEXT] [--markdown FILE]

Each act of sabotage replaces one piece of code in a copy of the project and runs the tests of the
delivery there. The exit code is 0 only if every act is caught.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]

TESTS = (
    "tests/unit/test_retry_policy.py",
    "tests/unit/test_schedule.py",
    "tests/unit/test_memory.py",
    "tests/unit/test_account.py",
    "tests/unit/test_wire.py",
    "tests/unit/test_emit.py",
    "tests/unit/test_worker.py",
    "tests/property/test_schedule.py",
    "tests/property/test_delivery_model.py",
    "tests/property/test_wire.py",
    "tests/integration/test_buffer.py",
    "tests/integration/test_journal.py",
    "tests/integration/test_scenarios.py",
    "tests/integration/test_hostile.py",
    "tests/integration/test_bus.py",
    "tests/integration/test_full_spool.py",
    "tests/integration/test_lifecycle.py",
)


@dataclass(frozen=True)
class Sabotage:
    """One way to break the code: in ``rodent_events/<module>.py``, ``old`` becomes ``new``."""

    title: str
    module: str
    old: str
    new: str


ACTS = (
    Sabotage(
        "drop on the third failure",
        "worker",
        "            case Action.REQUEUE:\n                self._requeue()\n",
        "            case Action.REQUEUE:\n                self._buffer.acknowledge()\n",
    ),
    Sabotage(
        "acknowledge a batch that was rejected",
        "retry_policy",
        "            return Decision(Action.QUARANTINE)\n        case Rule.BISECT",
        "            return Decision(Action.ACKNOWLEDGE)\n        case Rule.BISECT",
    ),
    Sabotage(
        "never give a batch to the disk",
        "retry_policy",
        "exhausted = failures >= policy.max_retry_attempts",
        "exhausted = False",
    ),
    Sabotage(
        "ignore the time that the server asks for",
        "retry_policy",
        "delay = max(pause, outcome.retry_after)",
        "delay = pause",
    ),
    Sabotage(
        "wait out the backoff after an outage",
        "retry_policy",
        "pause = min(pause, UNREACHABLE_PAUSE)",
        "pass",
    ),
    Sabotage(
        "quarantine a whole batch for one bad event",
        "retry_policy",
        "Decision(Action.SPLIT if events > 1 else Action.QUARANTINE)",
        "Decision(Action.QUARANTINE)",
    ),
    Sabotage(
        "keep the token that was refused",
        "worker",
        "                self._client.forget_token()\n",
        "                pass\n",
    ),
    Sabotage(
        "a new id for a batch that is requeued",
        "buffer",
        "self._store.write_first(list(self._parts), self._whole_id)",
        "self._store.write_first([Batch(new_id(), p.timestamp, p.frames, p.count) "
        "for p in self._parts], self._whole_id)",
    ),
    Sabotage(
        "a requeued batch goes behind what was spilled since",
        "disk/spool",
        "                self._segments.appendleft(segment)\n",
        "                self._segments.append(segment)\n",
    ),
    Sabotage(
        "memory before disk",
        "buffer",
        "        batch = self._store.first(",
        "        batch = None if len(self) else self._store.first(",
    ),
    Sabotage(
        "delete a file before all of it is acknowledged",
        "disk/spool",
        "                if batch is not None or segment.growing:\n",
        "                if batch is not None and segment.acknowledged and not segment.growing:\n"
        "                    segment.remove()\n"
        "                if batch is not None or segment.growing:\n",
    ),
    Sabotage(
        "no note of progress",
        "disk/segment",
        "            self._progress = Progress(stored.start, stored.done + count)\n"
        "        self._write_progress()\n",
        "            self._progress = Progress(stored.start, stored.done + count)\n",
    ),
    Sabotage(
        "progress by one event too far",
        "disk/segment",
        "self._progress = Progress(stored.start, stored.done + count)",
        "self._progress = Progress(stored.start, stored.done + count + 1)",
    ),
    Sabotage(
        "halves with ids by chance",
        "batch",
        'digest = hashlib.sha256(f"{batch_id}/{part}".encode()).digest()',
        "digest = __import__('os').urandom(32)",
    ),
    Sabotage(
        "halves in the wrong order",
        "buffer",
        "self._parts.extendleft(reversed(batch.halves()))",
        "self._parts.extendleft(batch.halves())",
    ),
    Sabotage(
        "believe a wrong checksum",
        "disk/segment",
        "        if zlib.crc32(frames) == section.checksum:\n",
        "        if True:\n",
    ),
    Sabotage(
        "a damaged file is forgotten",
        "disk/spool",
        "                self._keep_damage(segment, damage)\n",
        "                pass\n",
    ),
    Sabotage(
        "write files in place",
        "disk/files",
        "    temporary = path.with_name(path.name + TEMPORARY)\n",
        "    temporary = path\n",
    ),
    Sabotage(
        "skip the sync of the journal",
        "disk/journal",
        "                if segment is not None:\n                    os.fsync(descriptor)\n",
        "",
    ),
    Sabotage(
        "skip the sync of the folder",
        "disk/journal",
        "                sync_folder(path.parent)",
        "                pass",
    ),
    Sabotage(
        "emit returns before the journal is written",
        "disk/journal",
        "            self._write(segment, frame)\n            self._open = grown\n",
        "            self._open = grown\n",
    ),
    Sabotage(
        "a short write stays in the journal",
        "disk/journal",
        "                os.ftruncate(self._descriptor, segment.size)\n",
        "                pass\n",
    ),
    Sabotage(
        "events that are put back change their order",
        "memory",
        "            self.frames.extendleft(reversed(frames))\n",
        "            self.frames.extendleft(frames)\n",
    ),
    Sabotage(
        "events of a failed spill are forgotten",
        "buffer",
        "self.memory.put_back([f for batch in batches for f in batch.single_frames()])",
        "pass",
    ),
    Sabotage(
        "shutdown does not empty memory",
        "buffer",
        "            stack.callback(self.spill)\n",
        "",
    ),
    Sabotage(
        "shutdown forgets the batch that is under way",
        "buffer",
        "                self._store.take_folder()\n            self.requeue()\n",
        "                self._store.take_folder()\n",
    ),
    Sabotage(
        "no second look after append",
        "bus",
        "        if self._finished:\n",
        "        if False:\n",
    ),
    Sabotage(
        "drops are not booked",
        "memory",
        "                self._ledger.drop(reason, Place.MEMORY, [kind])\n",
        "                self._ledger.move(1, Place.MEMORY, Place.DELIVERED)\n",
    ),
    Sabotage(
        "a child delivers what its parent had in memory",
        "bus",
        "        self._buffer.abandon()\n        self._buffer = EventBuffer(self.config)\n",
        "        self._buffer.abandon()\n"
        "        frames = self._buffer.memory.drain()\n"
        "        self._buffer = EventBuffer(self.config)\n"
        "        list(map(self._buffer.append, frames))\n",
    ),
    Sabotage(
        "two processes in one folder",
        "disk/files",
        "        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "        pass\n",
    ),
    Sabotage(
        "flush is content with what was lost",
        "worker",
        "self._complete = now.lost == self._start.lost",
        "self._complete = True",
    ),
    Sabotage(
        "no deadline for sends at shutdown",
        "worker",
        "        if self._buffer.waiting and not self._schedule.stop_is_due(clock.monotonic()):\n",
        "        if self._buffer.waiting and self._schedule.is_sending:\n",
    ),
    Sabotage(
        "a slow Toggle is thought to keep up",
        "schedule",
        "self._is_keeping_up = accepted and seconds",
        "self._is_keeping_up = accepted or seconds",
    ),
    Sabotage(
        "memory fills up while Toggle keeps up",
        "schedule",
        "_PRESSURE_LIMIT = 0.5",
        "_PRESSURE_LIMIT = 5.0",
    ),
    Sabotage(
        "the next batch does not wait for the last one's outcome",
        "worker",
        "        if not self._schedule.may_send(now):\n",
        "        if not self._schedule.may_send(now) and not self._schedule.is_sending:\n",
    ),
    Sabotage(
        "a full batch waits while a spill is put off",
        "schedule",
        "        if load.backlog >= wake_level and self.may_send(now):\n",
        "        if load.backlog >= wake_level and self.may_spill(now, load.pressure):\n",
    ),
    Sabotage(
        "the disk has no time at shutdown",
        "schedule",
        "self._end(now + timeout * (1 - _DISK_SHARE), now + timeout)",
        "self._end(now + timeout, now + timeout)",
    ),
    Sabotage(
        "the journal goes on amid a spill of what is older",
        "disk/store",
        "        self._is_suspended = True\n",
        "        pass\n",
    ),
    Sabotage(
        "the journal goes on while memory holds what is older",
        "buffer",
        "        if store.takes_each and not self.memory.frames and store.append(frame):\n",
        "        if store.takes_each and store.append(frame):\n",
    ),
    Sabotage(
        "what the journal could not write is forgotten",
        "disk/store",
        "            self._memory.extend(self._journal.take_unwritten())\n",
        "            self._journal.take_unwritten()\n",
    ),
    Sabotage(
        "no file makes room for newer ones",
        "disk/store",
        "        dropped = self._spool.drop_oldest()\n",
        "        dropped = None\n",
    ),
    Sabotage(
        "emitters are not slowed down",
        "memory",
        "breath + self.pressure * _LONGEST_PAUSE",
        "breath + 0.0 * _LONGEST_PAUSE",
    ),
    Sabotage(
        "who waits for room is not told of it",
        "memory",
        "            self._blocked.popleft().set()\n",
        "            self._blocked.popleft()\n",
    ),
    Sabotage(
        "an end keeps to the limits of a process that goes on",
        "buffer",
        "            stack.enter_context(self._store.with_reserve())\n",
        "",
    ),
    Sabotage(
        "a signal keeps to the limits of a process that goes on",
        "worker",
        "                self._buffer.save_for_end()\n",
        "                self._buffer.save()\n",
    ),
    Sabotage(
        "what disk does not take at the end is not counted",
        "worker",
        "                    return self._buffer.drop_unsaved()\n",
        "                    return None\n",
    ),
)


def run(act: Sabotage, copy: Path) -> str | None:
    """The test that catches it; None if all pass."""
    path = copy / "rodent_events" / f"{act.module}.py"
    original = path.read_text()
    if original.count(act.old) != 1:
        sys.exit(f"{act.title}: found {original.count(act.old)} times, not once")
    path.write_text(original.replace(act.old, act.new))
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "4", "--timeout", "60"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *TESTS],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},  # for the programs that tests start
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        path.write_text(original)
    failed = re.search(r"^(?:FAILED|ERROR) (tests/.+?)(?: - |$)", done.stdout, re.MULTILINE)
    if failed is None and done.returncode != 0:
        sys.exit(f"{act.title}: the tests did not run:\n{done.stdout[-2000:]}{done.stderr}")
    return failed[1] if failed else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of a title")
    parser.add_argument("--markdown", type=Path, help="write the table to this file too")
    options = parser.parse_args()
    chosen = [act for act in ACTS if options.only in act.title]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        ignored = shutil.ignore_patterns(".venv*", ".git", "build", ".*_cache", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=ignored)
        for act in chosen:
            test = run(act, copy)
            name = test.removeprefix("tests/") if test else "**survives**"
            rows.append((act.title, act.module, name))
            print(f"{'caught' if test else 'SURVIVES'}: {act.title}: {name}", flush=True)
    if options.markdown:
        lines = [f"| {title} | `{module}.py` | `{test}` |\n" for title, module, test in rows]
        head = "| broken on purpose | in | caught first by |\n|---|---|---|\n"
        options.markdown.write_text(head + "".join(lines))
    return 0 if all(test != "**survives**" for *_, test in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
