"""Pairs of schemas, each about one rule of buf's: broken or kept, by a field or an extension.

All of them together are one old schema and one new one, so that buf is asked once for a category.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from toggle_mock.schema import Schema

PROTO2, PROTO3, EDITION = 'syntax = "proto2";', 'syntax = "proto3";', 'edition = "2023";'


@dataclass(frozen=True)
class Pair:
    """What one rule says of one change."""

    rule: str
    is_broken: bool
    where: str
    """``field``, ``extension`` and so on: a column of the table in the documentation."""
    old: str
    new: str
    syntax: str | tuple[str, str] = PROTO2
    package: tuple[str, str] = ("", "")
    """What the old and the new package end with."""
    evidence: str = ""
    """Why we differ from buf, if we do."""

    @property
    def title(self) -> str:
        """For the identifier of a test."""
        return f"{self.rule} {'broken' if self.is_broken else 'kept'} by {self.where}: {self.new}"

    def text(self, name: str, side: int) -> str:
        """One of its two files."""
        syntax = self.syntax if isinstance(self.syntax, str) else self.syntax[side]
        body = (self.old, self.new)[side].replace("OPTION", str(50_000 + int(name[1:])))
        imports = 'import "google/protobuf/descriptor.proto";' if "google." in body else ""
        return f"{syntax} package {name}{self.package[side]}; {imports} {body}"


# A field's declaration goes into each of these; $ stands for its number.
SHAPES = {
    "field": "message M {{ {} }}",
    "nested field": "message O {{ message M {{ {} }} }}",
    "extension": "message M {{ extensions 100 to 199; }} extend M {{ {} }}",
    "nested extension": "message M {{ extensions 100 to 199; message S {{ extend M {{ {} }} }} }}",
    "option": "extend google.protobuf.FieldOptions {{ {} }}",
}
NUMBERS = {"option": "OPTION"}
HELPERS = " message N { optional int32 x = 1; } enum E { NONE = 0; ONE = 1; } enum G { NIL = 0; }"

# Rule, the field as it was, how it breaks the rule, how it changes and keeps it.
CHANGES = [
    ("FIELD_SAME_NAME", "optional int32 a = $;", "optional int32 b = $;", "optional uint32 a = $;"),
    (
        "FIELD_SAME_DEFAULT",
        "optional int32 a = $ [default = 5];",
        "optional int32 a = $ [default = 6];",
        "optional int64 a = $ [default = 5];",
    ),
    (
        "FIELD_SAME_DEFAULT",
        'optional string a = $ [default = "x"];',
        "optional string a = $;",
        'optional bytes a = $ [default = "x"];',
    ),
    (
        "FIELD_SAME_DEFAULT",
        "optional float a = $ [default = 0.1];",
        "optional string a = $;",
        "optional double a = $ [default = 0.1];",
    ),
    (
        "FIELD_WIRE_COMPATIBLE_TYPE",
        "optional int32 a = $;",
        "optional sint32 a = $;",
        "optional int64 a = $;",
    ),
    (
        "FIELD_WIRE_COMPATIBLE_TYPE",
        "optional N a = $;",
        "optional bytes a = $;",
        "optional N a = $ [deprecated = true];",
    ),
    (
        "FIELD_WIRE_COMPATIBLE_TYPE",
        "optional string a = $;",
        "optional E a = $;",
        "optional bytes a = $;",
    ),
    (
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        "optional int32 a = $;",
        "optional int64 a = $;",
        "optional uint32 a = $;",
    ),
    (
        "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
        "optional E a = $;",
        "optional G a = $;",
        "repeated E a = $;",
    ),
    (
        "FIELD_WIRE_COMPATIBLE_CARDINALITY",
        "optional int32 a = $;",
        "repeated int32 a = $;",
        "optional sint32 a = $;",
    ),
    (
        "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
        "repeated N a = $;",
        "optional N a = $;",
        "repeated E a = $;",
    ),
]


def _of_changes() -> list[Pair]:
    pairs = []
    for rule, before, *after in CHANGES:
        for where, shape in SHAPES.items():
            number = NUMBERS.get(where, "101")
            old, broken, kept = (
                shape.format(one.replace("$", number)) + HELPERS for one in (before, *after)
            )
            pairs += [Pair(rule, True, where, old, broken), Pair(rule, False, where, old, kept)]
    return pairs


# Rule, what is in a message or an enum as it was, how it breaks the rule, how it keeps it.
HOLDERS = {
    "field": "message M {{ {} }}",
    "nested field": "message O {{ message M {{ {} }} }}",
    "enum": "enum E {{ {} }}",
    "nested enum": "message O {{ enum E {{ {} }} }}",
    "rpc": "message M {{}} message N {{}} service S {{ {} }}",
}
MESSAGES, ENUMS = ("field", "nested field"), ("enum", "nested enum")
A_AND_B = "optional int32 a = 1; optional int32 b = 2;"
CALL = "rpc Call(M) returns (M)"
PARTS = [
    (MESSAGES, "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", A_AND_B, "optional int32 a = 1;",
     "optional int32 a = 1; reserved 2;"),
    (MESSAGES, "FIELD_NO_DELETE_UNLESS_NAME_RESERVED", A_AND_B, "optional int32 a = 1; reserved 2;",
     'optional int32 a = 1; reserved "b";'),
    (MESSAGES, "FIELD_SAME_JSON_NAME", "optional int32 a = 1;",
     'optional int32 a = 1 [json_name = "z"];', 'optional int32 a = 1 [json_name = "a"];'),
    (MESSAGES, "FIELD_SAME_ONEOF", A_AND_B, f"oneof o {{ {A_AND_B.replace('optional ', '')} }}",
     f"{A_AND_B} oneof o {{ int32 c = 3; }}"),
    (MESSAGES, "MESSAGE_SAME_REQUIRED_FIELDS", "required int32 a = 1;", "optional int32 a = 1;",
     "required int64 a = 1;"),
    (MESSAGES, "MESSAGE_SAME_REQUIRED_FIELDS", "optional int32 a = 1;", "required int32 a = 1;",
     "optional int32 a = 1; optional int32 b = 2;"),
    (MESSAGES, "RESERVED_MESSAGE_NO_DELETE", "reserved 1 to 100;", "reserved 1 to 50, 61 to 90;",
     "reserved 51 to 100, 1 to 50;"),
    (MESSAGES, "RESERVED_MESSAGE_NO_DELETE", "reserved 3, 5 to 7; reserved 20 to max;",
     "reserved 4 to 6, 20 to 500;", "reserved 1 to max;"),
    (MESSAGES, "RESERVED_MESSAGE_NO_DELETE", 'reserved "x", "y";', 'reserved "y";',
     'reserved "y", "x", "z";'),
    (ENUMS, "RESERVED_ENUM_NO_DELETE", "Z = 0; reserved 1 to 100;",
     "Z = 0; reserved 1 to 50, 61 to 90;", "Z = 0; reserved 51 to 200, 1 to 50;"),
    (ENUMS, "RESERVED_ENUM_NO_DELETE", "Z = 0; reserved -5 to -1, 10 to max;",
     "Z = 0; reserved -3 to -1, 10 to max;", "Z = 0; reserved -10 to -1, 10 to 20, 21 to max;"),
    (ENUMS, "RESERVED_ENUM_NO_DELETE", 'Z = 0; reserved "X";', 'Z = 0; reserved "W";',
     'Z = 0; reserved "W", "X";'),
    (ENUMS, "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", "Z = 0; A = 1;", "Z = 0;",
     "Z = 0; reserved 1;"),
    (ENUMS, "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED", "Z = 0; A = 1;", "Z = 0; reserved 1;",
     'Z = 0; reserved "A";'),
    (ENUMS, "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
     "option allow_alias = true; Z = 0; A = 1; B = 1;", 'Z = 0; reserved "A";',
     'Z = 0; reserved "A", "B";'),
    (ENUMS, "ENUM_VALUE_SAME_NAME", "Z = 0; A = 1;", "Z = 0; B = 1;", "A = 1; Z = 0;"),
    (ENUMS, "ENUM_VALUE_SAME_NAME", "option allow_alias = true; Z = 0; A = 1; B = 1;",
     "Z = 0; A = 1;", "option allow_alias = true; Z = 0; B = 1; A = 1; C = 1;"),
    (ENUMS, "ENUM_VALUE_SAME_NAME", "option allow_alias = true; Z = 0; A = 1; B = 1;",
     "option allow_alias = true; Z = 0; C = 1; D = 1;",
     "option allow_alias = true; Z = 0; B = 1; A = 1;"),
    (("rpc",), "RPC_SAME_REQUEST_TYPE", f"{CALL};", "rpc Call(N) returns (M);", f"{CALL} {{}}"),
    (("rpc",), "RPC_SAME_RESPONSE_TYPE", f"{CALL};", "rpc Call(M) returns (N);", f"{CALL} {{}}"),
    (("rpc",), "RPC_SAME_CLIENT_STREAMING", f"{CALL};", "rpc Call(stream M) returns (M);",
     "rpc Call(M) returns (stream M);"),
    (("rpc",), "RPC_SAME_SERVER_STREAMING", f"{CALL};", "rpc Call(M) returns (stream M);",
     "rpc Call(stream M) returns (M);"),
    (("rpc",), "RPC_SAME_IDEMPOTENCY_LEVEL", f"{CALL};",
     f"{CALL} {{ option idempotency_level = IDEMPOTENT; }}",
     f"{CALL} {{ option deprecated = true; }}"),
    (("rpc",), "RPC_SAME_IDEMPOTENCY_LEVEL",
     f"{CALL} {{ option idempotency_level = NO_SIDE_EFFECTS; }}", f"{CALL};",
     f"{CALL} {{ option idempotency_level = NO_SIDE_EFFECTS; option deprecated = true; }}"),
]  # fmt: skip


def _of_parts() -> list[Pair]:
    return [
        Pair(rule, is_broken, where, HOLDERS[where].format(old), HOLDERS[where].format(new))
        for places, rule, old, *news in PARTS
        for where in places
        for is_broken, new in zip((True, False), news, strict=True)
    ]


BEST_EFFORT = "option features.json_format = LEGACY_BEST_EFFORT;"
IN_JSON = "{} message M {{ {} map<string, int32> m = 1; message N {{ {} }} }}"
ENUM_IN_JSON = "{} enum E {{ {} Z = 0; }} message M {{ {} enum F {{ Z = 0; }} }}"


def _of_formats() -> list[Pair]:
    pairs = []
    for rule, where, shape in (
        ("MESSAGE_SAME_JSON_FORMAT", "field", IN_JSON),
        ("ENUM_SAME_JSON_FORMAT", "enum", ENUM_IN_JSON),
    ):
        plain = shape.format("", "", "")
        for place in range(3):
            limited = shape.format(*(BEST_EFFORT * (one == place) for one in range(3)))
            name = where if place < 2 else f"nested {where}"
            pairs += [
                Pair(rule, True, name, plain, limited, EDITION),
                Pair(rule, False, name, limited, plain, EDITION),
            ]
        pairs += [
            Pair(rule, True, where, plain, plain, (PROTO3, PROTO2)),
            Pair(rule, False, where, plain, plain, (PROTO2, PROTO3)),
            Pair(rule, False, where, plain, plain, (PROTO3, EDITION)),
        ]
    return pairs


OTHERS = [
    Pair("FILE_SAME_PACKAGE", True, "file", "", "", package=(".a", ".b")),
    Pair("FILE_SAME_PACKAGE", True, "file", "message M {}", "message M {}", package=("", ".b")),
    Pair("FILE_SAME_PACKAGE", False, "file", "message M {}", "message N {}", package=(".a", ".a")),
    # The first value is what an unset field means; no default need be written for that.
    Pair(
        "FIELD_SAME_DEFAULT",
        True,
        "field",
        "enum E { A = 1; B = 2; } message M { optional E e = 1; }",
        "enum E { B = 2; A = 1; } message M { optional E e = 1; }",
    ),
    Pair(
        "FIELD_SAME_DEFAULT",
        False,
        "field",
        "message M { optional bool b = 2 [default = true]; }",
        "message M { optional int32 b = 2 [default = 1]; }",
    ),
    Pair(
        "FIELD_SAME_DEFAULT",
        False,
        "field",
        "message M { optional double a = 1 [default=nan]; optional float b = 2 [default=inf]; }",
        "message M { optional float a = 1 [default=nan]; optional double b = 2 [default=inf]; }",
    ),
    Pair(
        "FIELD_SAME_ONEOF",
        True,
        "field",
        "message M { oneof o { int32 a = 1; int32 b = 2; } }",
        "message M { oneof p { int32 a = 1; int32 b = 2; } }",
        PROTO3,
    ),
    Pair(
        "FIELD_SAME_ONEOF",
        False,
        "field",
        "message M { int32 a = 1; }",
        "message M { optional int32 a = 1; }",
        PROTO3,
    ),
    # An extension is no field of the message that it extends: the rules let it go.
    Pair(
        "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
        False,
        "extension",
        "message M { extensions 100 to 199; } extend M { optional int32 a = 101; }",
        "message M { extensions 100 to 199; }",
    ),
    Pair(
        "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
        True,
        "field",
        "message M { optional int32 a = 101; }",
        "message M { extensions 100 to 199; } extend M { optional int32 a = 101; }",
    ),
    Pair(
        "FIELD_SAME_JSON_NAME",
        False,
        "extension",
        "message M { extensions 100 to 199; } extend M { optional int32 a = 101; }",
        "message M { extensions 100 to 199; } extend M { optional int32 b = 101; }",
    ),
    Pair(
        "FIELD_SAME_NAME",
        True,
        "extension",
        "message M { extensions 100 to 199; } extend M { optional int32 a = 101; }",
        "message M { extensions 100 to 199; message S { extend M { optional int32 a = 101; } } }",
    ),
    Pair(
        "FIELD_SAME_JSON_NAME",
        False,
        "field",
        "message M { optional string disk_id = 1; optional string diskId = 2; }",
        "message M { optional string diskId = 2; optional string disk_id = 1; }",
    ),
    Pair(
        "FIELD_WIRE_COMPATIBLE_TYPE",
        True,
        "field",
        "message M { M a = 1; }",
        "message M { M a = 1 [features.message_encoding = DELIMITED]; }",
        EDITION,
    ),
    Pair(
        "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
        True,
        "field",
        "message M { map<string, int32> a = 1; }",
        "message M { repeated P a = 1; } message P { string key = 1; int32 value = 2; }",
        PROTO3,
    ),
    Pair(
        "MESSAGE_SAME_REQUIRED_FIELDS",
        True,
        "field",
        "message M { int32 a = 1; }",
        "message M { int32 a = 1 [features.field_presence = LEGACY_REQUIRED]; }",
        EDITION,
        evidence="In an edition a field is required by a feature; buf looks at the label, which "
        "only proto2 has. A reader rejects messages without the field in both.",
    ),
    Pair(
        "MESSAGE_SAME_REQUIRED_FIELDS",
        False,
        "field",
        "message M { required int32 a = 1; }",
        "message M { int32 a = 1 [features.field_presence = LEGACY_REQUIRED]; }",
        (PROTO2, EDITION),
        evidence="Required by label, then by feature: the same field to every reader. buf looks "
        "at the label.",
    ),
]

PAIRS = [*_of_changes(), *_of_parts(), *_of_formats(), *OTHERS]


@cache
def schemas() -> tuple[Schema, Schema]:
    """All pairs as one: the file of the seventh is ``p7.proto``, its package ``p7``."""
    return _compiled(0), _compiled(1)


def _compiled(side: int) -> Schema:
    with tempfile.TemporaryDirectory() as folder:
        names = [f"p{index}" for index in range(len(PAIRS))]
        for name, pair in zip(names, PAIRS, strict=True):
            (Path(folder) / f"{name}.proto").write_text(pair.text(name, side))
        out = Path(folder) / "out.binpb"
        shipped = resources.files("grpc_tools") / "_proto"
        options = [
            "--include_imports",
            f"--descriptor_set_out={out}",
            f"-I{folder}",
            f"-I{shipped}",
        ]
        assert protoc.main(["protoc", *options, *(f"{name}.proto" for name in names)]) == 0
        return Schema(("old", "new")[side], FileDescriptorSet.FromString(out.read_bytes()))


def by_pair(violations) -> dict[int, Counter]:
    """Rule, owner and number of each violation, by the pair that it is about."""
    found = {index: Counter() for index in range(len(PAIRS))}
    for one in violations:
        name = one.element.partition(".")[0]
        found[int(name.removeprefix("p"))][one.rule, one.owner, one.number] += 1
    return found


COLUMNS = (
    ("itself", ("field", "enum", "rpc", "file")),
    ("nested", ("nested field", "nested enum")),
    ("extension", ("extension",)),
    ("nested extension", ("nested extension",)),
    ("option", ("option",)),
)


def table() -> list[str]:
    """Of each rule, how many pairs break and keep it, for the documentation."""
    heads = ["rule", *(title for title, _ in COLUMNS), "agreement"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for rule in sorted({pair.rule for pair in PAIRS}):
        pairs = [pair for pair in PAIRS if pair.rule == rule]
        cells = [_cell(pairs, places) for _, places in COLUMNS]
        differing = sum(bool(pair.evidence) for pair in pairs)
        agreement = f"{differing} of {len(pairs)} differ" if differing else "equal"
        lines.append(f"| `{rule}` | {' | '.join(cells)} | {agreement} |")
    return lines


def _cell(pairs: list[Pair], places: tuple[str, ...]) -> str:
    broken, kept = (
        sum(pair.where in places and pair.is_broken is wanted for pair in pairs)
        for wanted in (True, False)
    )
    return f"{broken} + {kept}" if broken or kept else ""
