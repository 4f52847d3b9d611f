"""``make world``: what replays findings with protobuf alone, and what is pinned."""

import json
import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from support.world.fetching import in_order, sets
from support.world.measuring import COLUMNS, MARKS, Measured, table

from toggle_mock.compat import check
from toggle_mock.compat.formats import as_json
from toggle_mock.schema import load_schema

REPLAY = Path(__file__).parents[1] / "support" / "world" / "replay.py"
PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
PAIR = "2025-09-17", "2025-12-09"


def test_protobuf_confirms_each_finding_and_none_that_is_made_up(tmp_path):
    schemas = [load_schema(revision) for revision in PAIR]
    report = json.loads(as_json(check(*schemas, examples=1), lambda _: None))
    examples = [one for one in report["findings"] if one["example_of"]]
    assert {one["key"].split(":")[1] for one in examples} == {"misread", "ignored"}
    (misread, *_) = [one for one in examples if ":misread:" in one["key"]]
    made_up = [
        {**misread, "key": "old-to-new:unreadable:made.up"},
        {**misread, "key": "old-to-new:misread:made.up", "example": ""},
    ]
    paths = [tmp_path / revision for revision in PAIR]
    for path, schema in zip(paths, schemas, strict=True):
        path.write_bytes(schema.files.SerializeToString())
    done = subprocess.run(
        [sys.executable, "-I", str(REPLAY), *map(str, paths)],
        input=json.dumps({"findings": examples + made_up}),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["confirmed"] == [one["key"] for one in examples]
    assert set(told["replayed"]) - set(told["confirmed"]) == {one["key"] for one in made_up}


def test_what_replays_knows_nothing_of_this_project():
    text = REPLAY.read_text()
    assert "toggle_mock" not in text
    assert "rodent_events" not in text


def test_each_set_is_pinned_in_two_releases_and_on_the_page():
    page = PAGE.read_text()
    part = page[page.index(MARKS[0]) : page.index(MARKS[1])]
    for one in sets():
        assert one.old.version != one.new.version
        assert bool(one.wheel) != bool(one.module)
        line = f"| {one.name} (`{one.package}` {one.old.version} and {one.new.version}) |"
        assert line in part
    assert part.count("\n|") == len(sets()) + 2


def test_the_table_has_what_was_measured():
    one = Measured(
        "a", "b", "1 and 2", 4_000, 3_000, [("t.M", "?")], 1.0, 5, 6.04, 0.3, 8, 1, 2, 3, 7, ["k"]
    )
    *_, row = table([one]).splitlines()
    assert (
        row == "| a (`b` 1 and 2) | 3,000 of 4,000 | 1 | 5 | 1 | 2 | 3 | 6 of 7 | 6.0 | 0.3 | 8 |"
    )
    assert len(COLUMNS) == row.count("|") - 1


def test_files_stand_behind_what_they_import():
    one = FileDescriptorProto(name="a.proto", dependency=["z.proto", "google/protobuf/any.proto"])
    other = FileDescriptorProto(name="z.proto")
    names = [file.name for file in in_order({"a.proto": one, "z.proto": other}).file]
    assert names == ["z.proto", "google/protobuf/any.proto", "a.proto"]
