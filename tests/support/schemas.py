"""A strategy for schemas: any messages, fields, oneofs, maps and enums that protobuf allows."""

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from hypothesis import strategies as st

from toggle_mock.schema import Schema

Field = FieldDescriptorProto
SCALARS = [
    kind
    for kind in Field.Type.values()
    if kind not in {Field.TYPE_GROUP, Field.TYPE_MESSAGE, Field.TYPE_ENUM}
]
KEYS = [
    kind for kind in SCALARS if kind not in {Field.TYPE_DOUBLE, Field.TYPE_FLOAT, Field.TYPE_BYTES}
]
MESSAGES = ["M0", "M1", "M2"]


@st.composite
def schemas(draw) -> Schema:
    """Three messages, which may contain each other and themselves, and an enum."""
    file = FileDescriptorProto(name="generated.proto", package="g", syntax="proto3")
    enum = file.enum_type.add(name="E")
    numbers = draw(st.lists(st.integers(-5, 5), min_size=1, max_size=4, unique=True))
    for number in sorted({0, *numbers}, key=abs):
        enum.value.add(name=f"E_{'N' * (number < 0)}{abs(number)}", number=number)
    for name in MESSAGES:
        _fill(draw, file.message_type.add(name=name))
    return Schema("generated", FileDescriptorSet(file=[file]))


def _fill(draw, message: DescriptorProto) -> None:
    numbers = draw(st.lists(st.integers(1, 18_999), max_size=5, unique=True))
    shapes = [
        draw(st.sampled_from(["plain", "optional", "repeated", "map", "oneof"])) for _ in numbers
    ]
    if "oneof" in shapes:
        message.oneof_decl.add(name="choice")
    for index, (number, shape) in enumerate(zip(numbers, shapes, strict=True)):
        name = f"f{index}"
        if shape == "map":
            _add_map(draw, message, name, number)
            continue
        field = message.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
        _type(draw, field)
        if shape == "repeated":
            field.label = Field.LABEL_REPEATED
        elif shape == "oneof":
            field.oneof_index = 0
    for field in message.field:  # synthetic oneofs come last
        index = int(field.name[1:])
        if shapes[index] == "optional" and field.type != Field.TYPE_MESSAGE:
            message.oneof_decl.add(name=f"_{field.name}")
            field.proto3_optional = True
            field.oneof_index = len(message.oneof_decl) - 1


def _type(draw, field: Field) -> None:
    kind = draw(st.sampled_from([*SCALARS, Field.TYPE_MESSAGE, Field.TYPE_ENUM]))
    field.type = kind
    if kind == Field.TYPE_MESSAGE:
        field.type_name = f".g.{draw(st.sampled_from(MESSAGES))}"
    elif kind == Field.TYPE_ENUM:
        field.type_name = ".g.E"


def _add_map(draw, message: DescriptorProto, name: str, number: int) -> None:
    entry = message.nested_type.add(name=f"{name.upper()}Entry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=1, type=draw(st.sampled_from(KEYS)))
    _type(draw, entry.field.add(name="value", number=2, label=1))
    message.field.add(
        name=name,
        number=number,
        label=Field.LABEL_REPEATED,
        type=Field.TYPE_MESSAGE,
        type_name=f".g.{message.name}.{entry.name}",
    )
