"""Restarts: what an orderly end leaves on disk, and what a start makes of what it finds there."""

from __future__ import annotations

import os
from pathlib import Path

from rodent_events.ids import new_id
from rodent_events.pb.base_pb2 import EventBatch
from rodent_events.pb.events.event_messages_pb2 import (
    EVENT_CATEGORY_STORAGE,
    EVENT_LEVEL_INFO,
    Event,
)
from toggle_mock.contract.cases import Group
from toggle_mock.contract.driver_protocol import MARK
from toggle_mock.contract.filling import now_ms
from toggle_mock.contract.rodent import delivered
from toggle_mock.contract.rodent.rig import RodentRig

RESTART: Group[RodentRig] = Group("restart", "What a restart finds, and what it makes of it")

_TORN = 5
"""Bytes that the last file has lost."""


@RESTART.case(
    "sigterm",
    "What could not be delivered before SIGTERM is delivered after a start",
    rule="Toggle is gone. Events are emitted, and the program ends by SIGTERM. It is started "
    "again, Toggle is back: all of them arrive.",
    source=delivered.PROMISES,
    cost="Whoever restarts an agent during an outage deletes the record of it.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def sigterm(rig: RodentRig) -> None:
    """One restart."""
    marks = _left_by(rig, 1)
    rig.start()
    delivered.all_of(rig, marks, "batch", "outage")


@RESTART.case(
    "twice",
    "Nor do two restarts without Toggle cost anything",
    rule="The same with two restarts before Toggle is back, and events in each life.",
    source=delivered.PROMISES,
    cost="What the first restart had kept is lost by the second.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def twice(rig: RodentRig) -> None:
    """Two restarts."""
    marks = _left_by(rig, 2)
    rig.start()
    delivered.all_of(rig, marks, "batch", "outage")


@RESTART.case(
    "only-once",
    "What has arrived before a restart does not arrive after it",
    rule="Events arrive, and then the program ends by SIGTERM. Started again, it sends others, and "
    "none of the first.",
    source=delivered.PROMISES,
    cost="Each restart repeats the past.",
    needs=("driver",),
    waits=("batch", "batch"),
)
def only_once(rig: RodentRig) -> None:
    """A restart with nothing to do."""
    agent = rig.start()
    delivered.all_of(rig, agent.emit(20), "start", "batch")
    rig.reached(agent.flush(), "it has not noted that all has arrived")
    agent.terminate()
    delivered.all_of(rig, rig.start().emit(20), "batch", "batch")
    delivered.none_repeated(rig)


@RESTART.case(
    "torn-file",
    "A file that has lost its end costs its end",
    rule="Two and a half batches are left on disk, and the newest file there loses its last five "
    "bytes. The program starts, takes new events, and all but those of the last batch arrive.",
    source=delivered.PROMISES,
    cost="A power failure at the wrong moment, and the agent does not start, or forgets all.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def torn_file(rig: RodentRig) -> None:
    """Some bytes less."""
    size = rig.contract.batch_size
    marks = _left_by(rig, 1, 5 * size // 2)
    files = _files(rig)
    rig.reached(files, "there are no files in EVENTS_DIR")
    newest = files[-1]
    os.truncate(newest, max(0, newest.stat().st_size - _TORN))
    new = rig.start().emit(10)
    delivered.all_of(rig, marks[: 2 * size] + new, "batch", "outage")


@RESTART.case(
    "garbage",
    "Files that are no batches harm nobody",
    rule="Beside what an earlier process has left, EVENTS_DIR has a file of random bytes, an empty "
    "one, and a folder, all of them named like batches. The program starts; what was left and what "
    "is new arrives.",
    source=delivered.PROMISES,
    cost="One bad sector, and the agent does not start, on just that node.",
    needs=("driver", "disk"),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def garbage(rig: RodentRig) -> None:
    """Some files that somebody else has made."""
    marks = _left_by(rig, 1)
    folder = rig.events_dir
    (folder / f"{new_id()}.pb").write_bytes(bytes(range(256)) * 8)
    (folder / f"{new_id()}.pb").touch()
    (folder / f"{new_id()}.pb").mkdir()
    marks += rig.start().emit(10)
    delivered.all_of(rig, marks, "batch", "outage")


@RESTART.case(
    "spill-file",
    "Files that the published Rodent has left are delivered",
    rule="EVENTS_DIR has a file as the published Rodent writes it: <UUIDv7>.pb with one serialized "
    "EventBatch. After the start its events arrive.",
    source="the published Rodent on disk: spill files, which it never reads",
    cost="What the old agent could not deliver is never seen, though it is there.",
    severity="should",
    needs=("disk",),
    profiles=("guarantees",),
    waits=("batch", "outage"),
)
def spill_file(rig: RodentRig) -> None:
    """A file of three events."""
    marks = [f"spilled{number}" for number in range(3)]
    folder = rig.events_dir
    folder.mkdir()
    batch = EventBatch(batch_id=new_id(), batch_timestamp=now_ms(), events=map(_event, marks))
    (folder / f"{batch.batch_id}.pb").write_bytes(batch.SerializeToString())
    rig.start()
    delivered.all_of(rig, marks, "start", "batch", "outage")
    delivered.in_order(rig, marks)


def _left_by(rig: RodentRig, lives: int, count: int = 30) -> list[str]:
    """The marks of events that so many processes have left, one after the other, without Toggle."""
    marks: list[str] = []
    with rig.toggle.faults.outage():
        for _ in range(lives):
            agent = rig.start()
            marks += agent.emit(count)
            agent.terminate()
    return marks


def _files(rig: RodentRig) -> list[Path]:
    """What is in EVENTS_DIR and below, without what is hidden or empty; the newest comes last."""
    found = [
        path for path in rig.events_dir.rglob("[!.]*") if path.is_file() and path.stat().st_size > 0
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def _event(mark: str) -> Event:
    event = Event(
        event_id=new_id(),
        level=EVENT_LEVEL_INFO,
        category=EVENT_CATEGORY_STORAGE,
        source="zfs-pool-manager",
        timestamp=now_ms(),
        metadata={MARK: mark},
    )
    event.storage_event.pool_event.pool_name = "tank"
    return event
