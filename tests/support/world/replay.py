"""Replays findings of ``schema check`` with protobuf alone: nothing of this project is imported.

python replay.py OLD.binpb NEW.binpb <findings.json

The findings are those of ``--format json``. For each that has an example, its message is written by
one schema's classes and read by the other's, and what it says before and behind is compared.
"""

import json
import sys
from pathlib import Path

from google.protobuf import message_factory, text_format
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError


def pool_of(path):
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(Path(path).read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def is_confirmed(finding, old, new):
    """Whether protobuf reads the example otherwise, in the way that the finding says."""
    is_forth = finding["direction"] == "old-to-new"
    writer, reader = (old, new) if is_forth else (new, old)
    effect = finding["key"].split(":")[1]
    ours, theirs = (
        message_factory.GetMessageClass(pool.FindMessageTypeByName(finding["example_of"]))
        for pool in (writer, reader)
    )
    sent = text_format.Parse(finding["example"], ours(), descriptor_pool=writer)
    try:
        read = theirs.FromString(sent.SerializePartialToString())
    except DecodeError:
        return effect == "unreadable"
    if not read.IsInitialized():
        return effect == "unreadable"
    before, after = set(said(sent)), set(said(read))
    if effect == "ignored":
        return bool(before - after)
    return effect == "misread" and bool(after - before or is_default_changed(finding, old, new))


def said(message, way=()):
    """Each value that it has, by the names of the fields on the way; unknown ones are left out."""
    for field, value in message.ListFields():
        place = (*way, field.full_name if field.is_extension else field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            entry = field.message_type.fields_by_name["value"]
            for key in value:
                yield from said_of(entry, value[key], (*place, repr(key)))
            continue
        for one in value if field.is_repeated else [value]:
            yield from said_of(field, one, place)


def said_of(field, value, place):
    """A value of a field, or of a map's; of a message also what it has."""
    if field.message_type is None:
        yield (*place, held(field, value))
    else:
        yield place
        yield from said(value, place)


def held(field, value):
    """A value as it reads: an enum's by its name."""
    known = field.enum_type.values_by_number if field.enum_type else {}
    return known[value].name if value in known else str(value)


def is_default_changed(finding, old, new):
    try:
        found = [pool.FindFieldByName(finding["element"]) for pool in (old, new)]
    except KeyError:  # only one of them has it
        return False
    return found[0].default_value != found[1].default_value


def main():
    old, new = map(pool_of, sys.argv[1:3])
    findings = [one for one in json.load(sys.stdin)["findings"] if one["example_of"]]
    confirmed = [one["key"] for one in findings if is_confirmed(one, old, new)]
    json.dump({"replayed": [one["key"] for one in findings], "confirmed": confirmed}, sys.stdout)


if __name__ == "__main__":
    main()
