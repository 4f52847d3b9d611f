"""The compiled descriptors of a schema against the published tables of its revision, row by row.

The project's own schema has all that the first revision has, and may have more.
"""

import csv
import io
import tarfile
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from rodent_events.pb import POOL
from toggle_mock.schema import REVISIONS, extract, load_schema

TABLES = Path(__file__).parent / "wire"
FILES = ("base.proto", "events/event_messages.proto")


def table(revision: str, name: str) -> list[dict[str, str]]:
    with (TABLES / revision / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def type_name(field: FieldDescriptor) -> str:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = (type_name(message.fields_by_name[part]) for part in ("key", "value"))
        return f"map<{key},{value}>"
    named = message or field.enum_type
    if named is not None:
        return named.full_name
    return FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()


def rows_of_message(message) -> list[dict[str, str]]:
    reserved = [
        {"field": "(reserved)", "number": f"{bounds.start}-{bounds.end - 1}"}
        | {"label": "", "type": "", "oneof": ""}
        for bounds in proto_of(message).reserved_range
    ]
    fields = [
        {
            "field": field.name,
            "number": str(field.number),
            "label": "repeated" if field.is_repeated and "map<" not in type_name(field) else "",
            "type": type_name(field),
            "oneof": field.containing_oneof.name if field.containing_oneof else "",
        }
        for field in message.fields
    ]
    return [{"message": message.full_name, **row} for row in fields + reserved]


def proto_of(descriptor):
    from google.protobuf.descriptor_pb2 import DescriptorProto

    proto = DescriptorProto()
    descriptor.CopyToProto(proto)
    return proto


def messages(containers):
    for message in containers:
        if not message.GetOptions().map_entry:
            yield message
            yield from messages(message.nested_types)


@lru_cache
def compiled(revision: str):
    """The rows of all fields, and those of all enums."""
    pool = POOL if revision == "own" else load_schema(revision).pool
    files = [pool.FindFileByName(name) for name in FILES]
    found = [m for file in files for m in messages(file.message_types_by_name.values())]
    enums = [enum for file in files for enum in file.enum_types_by_name.values()] + [
        enum for message in found for enum in message.enum_types
    ]
    return (
        pool,
        [row for message in found for row in rows_of_message(message)],
        [
            {"enum": enum.full_name, "value": value.name, "number": str(value.number)}
            for enum in enums
            for value in enum.values
        ],
    )


# A revision that we publish has no tables of somebody else's.
PUBLISHED = sorted(folder.name for folder in TABLES.iterdir())
CASES = [("own", PUBLISHED[0]), *((revision, revision) for revision in PUBLISHED)]


def by_owner(name: str, column: str):
    """The rows of a table by the message or enum that has them, for each revision."""
    return [
        pytest.param(revision, [*rows], id=f"{revision}-{owner}")
        for revision, folder in CASES
        for owner, rows in groupby(table(folder, name), key=itemgetter(column))
    ]


@pytest.mark.parametrize(("revision", "rows"), by_owner("fields.csv", "message"))
def test_each_field_of_the_table_is_in_the_revision(revision, rows):
    assert [row for row in rows if row not in compiled(revision)[1]] == []


@pytest.mark.parametrize(("revision", "rows"), by_owner("enums.csv", "enum"))
def test_each_value_of_the_table_is_in_the_revision(revision, rows):
    assert [row for row in rows if row not in compiled(revision)[2]] == []


@pytest.mark.parametrize("revision", PUBLISHED)
def test_nothing_is_there_beyond_the_tables(revision):
    _, fields, enums = compiled(revision)
    assert len(fields) == len(table(revision, "fields.csv"))
    assert len(enums) == len(table(revision, "enums.csv"))


def test_the_revisions_are_those_with_tables_and_what_came_later():
    assert list(REVISIONS) == sorted(REVISIONS)
    assert list(REVISIONS)[: len(PUBLISHED)] == PUBLISHED


@pytest.mark.parametrize(("revision", "folder"), CASES)
def test_the_rpcs_are_those_of_the_table(revision, folder):
    service = compiled(revision)[0].FindServiceByName("rodent.RodentService")
    found = [
        {
            "service": service.full_name,
            "method": method.name,
            "request": "stream " * method.client_streaming + method.input_type.full_name,
            "response": "stream " * method.server_streaming + method.output_type.full_name,
        }
        for method in service.methods
    ]
    assert found == table(folder, "rpcs.csv")


@pytest.mark.parametrize(("revision", "folder"), CASES)
def test_only_messages_and_members_of_oneofs_have_presence(revision, folder):
    pool = compiled(revision)[0]
    for row in table(folder, "fields.csv"):
        if row["field"] != "(reserved)":
            field = pool.FindMessageTypeByName(row["message"]).fields_by_name[row["field"]]
            is_single_message = field.message_type is not None and not field.is_repeated
            assert field.has_presence == bool(row["oneof"] or is_single_message), row


def member(name: str, linkname: str = "", kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, linkname
    found.size = len(name) if kind == tarfile.REGTYPE else 0
    return found


def test_an_archive_is_written_into_its_folder_and_nowhere_else(tmp_path):
    """With what each patch release of Python has; 3.11.0 to 3.11.3 have no filters of tarfile."""
    members = [
        member("p/a.proto"),
        member("p/linked.proto", "a.proto", tarfile.SYMTYPE),
        member("../out.proto"),
        member("p/../../out.proto"),
        member(str(tmp_path / "out.proto")),
        member("p/loop.proto", "loop.proto", tarfile.SYMTYPE),
        member("p/passwd.proto", "/etc/passwd", tarfile.SYMTYPE),
        member("p/up", "../..", tarfile.SYMTYPE),
        member("p/up/out.proto"),
        member("p/hard.proto", "/etc/passwd", tarfile.LNKTYPE),
        member("p/pipe", "", tarfile.FIFOTYPE),
    ]
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for one in members:
            archive.addfile(one, io.BytesIO(one.name.encode()[: one.size]))
    content.seek(0)
    folder = tmp_path / "folder"
    with tarfile.open(fileobj=content) as archive:
        extract(archive, folder)
    written = {path for path in tmp_path.rglob("*") if not path.is_dir()}
    assert not any(path.is_symlink() for path in written)
    assert {str(path.relative_to(folder)): path.read_text() for path in written} == {
        "p/a.proto": "p/a.proto",
        "p/linked.proto": "p/a.proto",
        "p/up/out.proto": "p/up/out.proto",
    }
