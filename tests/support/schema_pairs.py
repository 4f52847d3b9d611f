"""A strategy for a schema and what became of it: a few edits, such as people make."""

from collections.abc import Callable

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from hypothesis import assume
from hypothesis import strategies as st

from support.schemas import SCALARS, schemas
from toggle_mock.errors import SchemaError
from toggle_mock.schema import Schema

Draw = Callable
Field = FieldDescriptorProto


@st.composite
def schema_pairs(draw, *, max_edits: int = 3) -> tuple[Schema, Schema]:
    """An old schema and a new one."""
    old = draw(schemas())
    file = old.files.file[0]
    if draw(st.booleans()):
        _add_rpc(draw, file)
    if draw(st.integers(0, 3)) == 0:
        _make_proto2(draw, file)
    new = FileDescriptorProto()
    new.CopyFrom(file)
    for _ in range(draw(st.integers(1, max_edits))):
        draw(st.sampled_from(EDITS))(draw, new)
    # A number that one edit reserves must not be given out by the next: no compiler takes that.
    assume(not any(map(_uses_what_is_reserved, new.message_type)))
    for one in (file, new):
        _do_as_protoc_does(one)
    try:
        return (
            Schema("old", FileDescriptorSet(file=[file])),
            Schema("new", FileDescriptorSet(file=[new])),
        )
    except SchemaError:
        assume(condition=False)
        raise


def _uses_what_is_reserved(message: DescriptorProto) -> bool:
    return any(
        field.name in message.reserved_name
        or any(one.start <= field.number < one.end for one in message.reserved_range)
        for field in message.field
    )


def _do_as_protoc_does(file: FileDescriptorProto) -> None:
    """Fields have names in JSON, those of a oneof stand together, `optional` is named after its."""
    for message in file.message_type:
        message.field.sort(
            key=lambda field: (field.proto3_optional, not field.HasField("oneof_index"))
        )
        for field in message.field:
            field.json_name = field.json_name or field.name
            if field.proto3_optional:
                message.oneof_decl[field.oneof_index].name = f"_{field.name}"


def _add_rpc(draw: Draw, file: FileDescriptorProto) -> None:
    service = file.service.add(name="S")
    service.method.add(
        name="Call",
        input_type=".g.M0",
        output_type=".g.M1",
        client_streaming=draw(st.booleans()),
        server_streaming=draw(st.booleans()),
    )


def _make_proto2(draw: Draw, file: FileDescriptorProto) -> None:
    file.syntax = "proto2"
    for message in file.message_type:
        kept = [
            one for one in message.oneof_decl if not one.name.startswith("_")
        ]  # those for `optional` are proto3's own
        del message.oneof_decl[:]
        message.oneof_decl.extend(kept)
        for field in message.field:
            if field.proto3_optional:
                field.ClearField("oneof_index")
                field.ClearField("proto3_optional")
            # The first value of a closed enum need not be zero; maps demand that it is.
            is_plain = field.label == Field.LABEL_OPTIONAL and not field.HasField("oneof_index")
            if is_plain and draw(st.booleans()):
                if field.type in NUMBERS and draw(st.booleans()):
                    field.default_value = str(draw(st.integers(0, 2)))
                elif field.type != Field.TYPE_MESSAGE:
                    field.label = Field.LABEL_REQUIRED


NUMBERS = {Field.TYPE_INT32, Field.TYPE_INT64, Field.TYPE_UINT32, Field.TYPE_SINT64}


def _message(draw: Draw, file: FileDescriptorProto) -> DescriptorProto:
    return draw(st.sampled_from(list(file.message_type)))


def _field(draw: Draw, file: FileDescriptorProto) -> Field | None:
    message = _message(draw, file)
    return draw(st.sampled_from(list(message.field))) if message.field else None


def _rename(draw: Draw, file: FileDescriptorProto) -> None:
    field = _field(draw, file)
    if field is not None and "Entry" not in field.type_name:  # named after its field
        field.name += "x"


def _retype(draw: Draw, file: FileDescriptorProto) -> None:
    field = _field(draw, file)
    if field is None or field.default_value:
        return
    if field.type != Field.TYPE_MESSAGE or field.label != Field.LABEL_REPEATED:
        field.type = draw(st.sampled_from([*SCALARS, Field.TYPE_ENUM, Field.TYPE_MESSAGE]))
        field.ClearField("type_name")
        if field.type == Field.TYPE_MESSAGE:
            field.type_name = draw(st.sampled_from([".g.M0", ".g.M1"]))
            if field.proto3_optional:
                assume(condition=False)
        elif field.type == Field.TYPE_ENUM:
            field.type_name = ".g.E"


def _relabel(draw: Draw, file: FileDescriptorProto) -> None:
    field = _field(draw, file)
    if field is None or field.HasField("oneof_index") or field.type == Field.TYPE_MESSAGE:
        return
    field.ClearField("default_value")
    repeated = field.label == Field.LABEL_REPEATED
    field.label = Field.LABEL_OPTIONAL if repeated else Field.LABEL_REPEATED


def _renumber(draw: Draw, file: FileDescriptorProto) -> None:
    if (field := _field(draw, file)) is not None:
        field.number = draw(st.integers(1, 15))


def _remove(draw: Draw, file: FileDescriptorProto) -> None:
    message = _message(draw, file)
    indexes = [i for i, one in enumerate(message.field) if not one.HasField("oneof_index")]
    if not indexes:
        return
    gone = message.field[draw(st.sampled_from(indexes))]
    name, number = gone.name, gone.number
    message.field.remove(gone)
    if draw(st.booleans()):
        message.reserved_name.append(name)
    if draw(st.booleans()):
        message.reserved_range.add(start=number, end=number + 1)


def _add(draw: Draw, file: FileDescriptorProto) -> None:
    message = _message(draw, file)
    message.field.add(
        name="added",
        number=draw(st.integers(19_000 - 500, 19_000 - 1)),
        label=Field.LABEL_OPTIONAL,
        type=draw(st.sampled_from(SCALARS)),
    )


def _rename_oneof(draw: Draw, file: FileDescriptorProto) -> None:
    for oneof in _message(draw, file).oneof_decl:
        if oneof.name == "choice":
            oneof.name = "election"


def _rename_value(draw: Draw, file: FileDescriptorProto) -> None:
    draw(st.sampled_from(list(file.enum_type[0].value))).name += "X"


def _remove_value(draw: Draw, file: FileDescriptorProto) -> None:
    enum = file.enum_type[0]
    if len(enum.value) > 1:
        gone = enum.value[-1]
        name, number = gone.name, gone.number
        enum.value.remove(gone)
        if draw(st.booleans()):
            enum.reserved_name.append(name)
        if draw(st.booleans()):
            enum.reserved_range.add(start=number, end=number)


def _change_rpc(draw: Draw, file: FileDescriptorProto) -> None:
    for service in file.service:
        method = service.method[0]
        method.client_streaming = draw(st.booleans())
        method.server_streaming = draw(st.booleans())
        method.input_type = draw(st.sampled_from([".g.M0", ".g.M2"]))
        method.options.idempotency_level = draw(st.integers(0, 2))


def _rename_in_json(draw: Draw, file: FileDescriptorProto) -> None:
    if (field := _field(draw, file)) is not None:
        field.json_name = "other"


def _change_default(draw: Draw, file: FileDescriptorProto) -> None:
    field = _field(draw, file)
    if field is None or file.syntax != "proto2" or field.type not in NUMBERS:
        return
    if field.label == Field.LABEL_OPTIONAL:
        field.default_value = str(draw(st.integers(0, 3)))


def _rename_enum(draw: Draw, file: FileDescriptorProto) -> None:
    file.enum_type[0].name = "F"
    for message in file.message_type:
        for field in [*message.field, *(f for m in message.nested_type for f in m.field)]:
            if field.type_name == ".g.E":
                field.type_name = ".g.F"


EDITS = [
    _rename,
    _retype,
    _retype,
    _relabel,
    _renumber,
    _remove,
    _add,
    _rename_oneof,
    _rename_value,
    _remove_value,
    _change_rpc,
    _change_default,
    _rename_enum,
    _rename_in_json,
]
