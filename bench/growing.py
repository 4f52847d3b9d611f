"""Whether a hundred times as much work costs a hundred times as much: the cost of one piece."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorSet
from google.protobuf.message_factory import GetMessageClass

from bench.data import by_protobuf, metadata
from bench.drawing import draw_seconds
from bench.emitting import bus_in_memory, emit_all, processor_seconds
from bench.recorded import BATCH_SIZE, recorded
from bench.suite import BenchError, Sample
from rodent_events import wire
from rodent_events.batch import Batch
from rodent_events.ids import new_id
from toggle_mock import ToggleServer, save
from toggle_mock.assertions.assertions import Assertions
from toggle_mock.clients.fleet import simulate_fleet
from toggle_mock.compat import check
from toggle_mock.recording.files import load
from toggle_mock.recording.playback import accept
from toggle_mock.recording.recorder import Recording, unlimited
from toggle_mock.recording.records import RecordedCall
from toggle_mock.schema import Schema
from toggle_mock.strategies import from_message

FOLD = 100

GOAL = 1.32
"""Of a hundredfold; 1.15 for each tenfold."""

TIMES = 3
"""How often the least work is measured, as it takes the least time.

The median counts: the best would be held against one that is not.
"""

PATIENCE = 120
"""Seconds."""


def growth(cost: Callable[[int], float], least: int) -> Sample:
    """Microseconds of processor time for a piece of many, against one of a hundredth of them.

    What tenfold work costs in between does not count: of three points at equal distances, a line
    through all of them rises as one through the outer two.

    Args:
        cost: Seconds of so many pieces.
        least: The hundredth.
    """
    few = median(cost(least) for _ in range(TIMES)) / least
    many = cost(least * FOLD) / (least * FOLD)
    return Sample(many * 1e6, few * 1e6)


# Events


def emitted() -> Sample:
    def cost(count: int) -> float:
        entries = metadata(3_000)

        def work() -> None:
            for _ in range(count // len(entries)):
                emit_all(bus, entries)

        with bus_in_memory() as bus:
            return processor_seconds(work)

    return growth(cost, 3_000)


def metadata_entries() -> Sample:
    """Entries of the metadata of an event."""

    def cost(count: int) -> float:
        entries = {f"key{number}": str(number) for number in range(count)}
        with bus_in_memory() as bus:
            events = 100_000 // count
            taken = processor_seconds(lambda: emit_all(bus, [entries] * events))
            return taken / events

    return growth(cost, 10)


# What is recorded


def _batches(count: int) -> list[bytes]:
    """So many batches of the same events, each with an id of its own."""
    frames = [wire.delimited(1, by_protobuf(one)) for one in metadata(BATCH_SIZE)]
    return [Batch.of(frames, batch_id=new_id(), timestamp=1).data for _ in range(count)]


def record() -> Sample:
    """Batches, into a recording that holds all of them."""

    def cost(count: int) -> float:
        made = _batches(count)
        recording = unlimited()
        return processor_seconds(lambda: _accept(recording, made))

    return growth(cost, 100)


def _accept(recording: Recording, made: list[bytes], claims: dict[str, object] = {}) -> None:  # noqa: B006
    for raw in made:
        call = RecordedCall("SendEvents", "peer", (), claims=claims)
        recording.begin(call)
        accept(recording, call, raw)


def query(text: str, least: int) -> Sample:
    """Recorded batches that a query is about."""

    def cost(count: int) -> float:
        view = Assertions(recorded(count))
        view.find(text)
        return processor_seconds(lambda: view.find(text))

    return growth(cost, least)


def wait() -> Sample:
    """Batches that somebody waits for while they arrive one by one."""

    def cost(count: int) -> float:
        recording = unlimited()
        made = _batches(count)
        toggle = Assertions(recording)
        arrived = threading.Semaphore(0)

        def wait_for_all() -> None:
            toggle.wait_for("category:STORAGE", count=count * BATCH_SIZE, timeout=PATIENCE)
            arrived.release()

        def work() -> None:
            threading.Thread(target=wait_for_all).start()
            for raw in made:
                _accept(recording, [raw])
                time.sleep(0)  # so that who waits looks at each
            arrived.acquire()

        return processor_seconds(work)

    return growth(cost, 20)


def sessions() -> Sample:
    """Sessions of one server that each wait for what ten batches of theirs have brought."""

    def cost(count: int) -> float:
        recording = unlimited()
        toggle = ToggleServer(recording=recording)
        parts = [toggle.session() for _ in range(count)]
        for part in parts:
            claims = {"sub": part.scope.sub}
            _accept(recording, _batches(10), claims)

        def work() -> None:
            for part in parts:
                if len(part.wait_for("category:STORAGE")) != 10 * BATCH_SIZE:
                    raise BenchError("not all were found")

        return processor_seconds(work)

    return growth(cost, 3)


def saved(suffix: str) -> Sample:
    """Recorded batches that are saved and loaded."""

    def cost(count: int) -> float:
        recording = recorded(count)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"copy{suffix}"

            def work() -> None:
                save(recording, path)
                if len(load(path).batches) != count:
                    raise BenchError("not all were loaded")

            return processor_seconds(work)

    return growth(cost, 20)


# Rodents


def rodents() -> Sample:
    """Connected Rodents that each answer a command, simulation included."""

    def cost(count: int) -> float:
        with ToggleServer() as toggle:

            def work() -> None:
                with simulate_fleet(toggle, count, pace=0.001):
                    connected = toggle.rodents.wait_connected(count, timeout=PATIENCE)
                    for reply in [rodent.start_command("x") for rodent in connected]:
                        reply.result(PATIENCE)

            return processor_seconds(work)

    return growth(cost, 5)


# Schemas


def _message(name: str, fields: int) -> DescriptorProto:
    text = FieldDescriptorProto.TYPE_STRING
    made = DescriptorProto(name=name)
    for number in range(1, fields + 1):
        made.field.add(name=f"f{number}", number=number, type=text, label=1)
    return made


def _schema(messages: list[DescriptorProto]) -> Schema:
    files = FileDescriptorSet()
    files.file.add(name="wide.proto", package="wide", syntax="proto3", message_type=messages)
    return Schema("wide", files)


def drawn_fields() -> Sample:
    """Fields of a message that is drawn."""

    def cost(count: int) -> float:
        pool = _schema([_message("Wide", count)]).pool
        wide = GetMessageClass(pool.FindMessageTypeByName("wide.Wide"))
        return draw_seconds(from_message(wide), 50)

    return growth(cost, 3)


def checked_messages() -> Sample:
    """Messages of two schemas that are compared; each has a field more in the newer."""

    def cost(count: int) -> float:
        old, new = (
            _schema([_message(f"M{number}", fields) for number in range(count)])
            for fields in (4, 5)
        )
        return processor_seconds(lambda: check(old, new, examples=5))

    return growth(cost, 3)
