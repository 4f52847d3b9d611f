"""Pairs of schemas with known answers: what buf's rules say, and what becomes of messages."""

import tempfile
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

from toggle_mock.schema import Schema

PROTO3 = 'syntax = "proto3";\npackage t;\n'
PROTO2 = 'syntax = "proto2";\npackage t;\n'


def compiled(name: str, text: str) -> Schema:
    """A schema of one file, compiled in this process."""
    source = text if text.startswith(("syntax", "edition")) else PROTO3 + text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.proto"
        path.write_text(source)
        out = Path(folder) / "out.binpb"
        options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}"]
        shipped = resources.files("grpc_tools") / "_proto"
        includes = [f"-I{folder}", f"-I{shipped}"]
        assert protoc.main(["protoc", *includes, *options, str(path)]) == 0, source
        return Schema(name, FileDescriptorSet.FromString(out.read_bytes()), folder)


@dataclass(frozen=True)
class Case:
    """An old schema, a new one, and what must be found."""

    title: str
    old: str
    new: str
    to_new: str | None
    """The verdict for messages of the old schema under the new one; of ``subject``."""
    to_old: str | None
    wire: tuple[str, ...] = ()
    """The rules of buf that are broken, category WIRE."""
    json: tuple[str, ...] | None = None
    """Those of category WIRE_JSON; None if they are the same."""
    subject: str = "t.M"
    in_json: tuple[str, str] | None = field(default=None)
    """The verdicts if messages are carried as JSON too; None if they are the same."""

    @property
    def schemas(self) -> tuple[Schema, Schema]:
        return compiled("old", self.old), compiled("new", self.new)


def M(body: str) -> str:  # noqa: N802 (reads as the message that it is)
    return f"message M {{ {body} }}\n"


E = "enum E { NONE = 0; ONE = 1; TWO = 2; }\n"
DELETED = ("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",)
DELETED_NAME = ("FIELD_NO_DELETE_UNLESS_NAME_RESERVED",)
VALUE_DELETED = ("ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",)
VALUE_DELETED_NAME = ("ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",)
NAMES = ("FIELD_SAME_NAME", "FIELD_SAME_JSON_NAME")
TYPE = ("FIELD_WIRE_COMPATIBLE_TYPE",)
JSON_TYPE = ("FIELD_WIRE_JSON_COMPATIBLE_TYPE",)
CARDINALITY = ("FIELD_WIRE_COMPATIBLE_CARDINALITY",)
JSON_CARDINALITY = ("FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",)
ONEOF = ("FIELD_SAME_ONEOF",)


def retyped(old: str, new: str, to_new: str, to_old: str, **rules: tuple[str, ...]) -> Case:
    return Case(
        f"{old} becomes {new}", M(f"{old} a = 1;"), M(f"{new} a = 1;"), to_new, to_old, **rules
    )


def service(rpc: str, rest: str = "") -> str:
    return f"message M {{}} message N {{}}\nservice S {{ {rpc} {rest} }}\n"


CALL = "t.S.Call"
UNARY = service("rpc Call(M) returns (M);")

CASES = [
    # Fields
    Case("nothing changes", M("string a = 1;"), M("string a = 1;"), "identical", "identical"),
    Case(
        "comments, order and options change",
        M("string a = 1; int32 b = 2;"),
        M("/* b */ int32 b = 2 [deprecated = true]; string a = 1;"),
        "identical",
        "identical",
    ),
    Case(
        "a list is no longer packed",
        M("repeated int32 a = 1;"),
        M("repeated int32 a = 1 [packed = false];"),
        "identical",
        "identical",
    ),
    Case(
        "a field is added",
        M("string a = 1;"),
        M("string a = 1; string b = 2;"),
        "compatible",
        "lossy",
    ),
    Case(
        "a field is removed",
        M("string a = 1; string b = 2;"),
        M("string a = 1;"),
        "lossy",
        "compatible",
        wire=DELETED,
        json=DELETED + DELETED_NAME,
    ),
    Case(
        "a field is removed and its number reserved",
        M("string a = 1; string b = 2;"),
        M("string a = 1; reserved 2;"),
        "lossy",
        "compatible",
        json=DELETED_NAME,
    ),
    Case(
        "a field is removed and its name reserved",
        M("string a = 1; string b = 2;"),
        M('string a = 1; reserved "b";'),
        "lossy",
        "compatible",
        wire=DELETED,
        json=DELETED,
    ),
    Case(
        "a field is removed and both are reserved",
        M("string a = 1; string b = 2;"),
        M('string a = 1; reserved 2; reserved "b";'),
        "lossy",
        "compatible",
    ),
    Case(
        "a field is renamed",
        M("string source = 1;"),
        M("string transfer_id = 1;"),
        "misread",
        "misread",
        json=NAMES,
    ),
    Case(
        "two fields swap their names",
        M("string a = 1; string b = 2;"),
        M("string b = 1; string a = 2;"),
        "misread",
        "misread",
        json=NAMES * 2,
    ),
    Case(
        "a field has another name in JSON",
        M("string a = 1;"),
        M('string a = 1 [json_name = "A"];'),
        "compatible",
        "compatible",
        json=("FIELD_SAME_JSON_NAME",),
    ),
    Case(
        "two fields swap their names in JSON",
        M('string a = 1 [json_name = "x"]; string b = 2 [json_name = "y"];'),
        M('string a = 1 [json_name = "y"]; string b = 2 [json_name = "x"];'),
        "compatible",
        "compatible",
        json=("FIELD_SAME_JSON_NAME",) * 2,
        in_json=("misread", "misread"),
    ),
    Case(
        "a field gets another number",
        M("string a = 1;"),
        M("string a = 2;"),
        "lossy",
        "lossy",
        wire=DELETED,
        json=DELETED + DELETED_NAME,
    ),
    Case(
        "a number is used for something else",
        M("string a = 1;"),
        M("int32 b = 1;"),
        "lossy",
        "lossy",
        wire=TYPE,
        json=NAMES + JSON_TYPE,
    ),
    # Types
    retyped("int32", "int64", "compatible", "misread", json=JSON_TYPE),
    retyped("int64", "int32", "misread", "compatible", json=JSON_TYPE),
    retyped("int32", "uint32", "misread", "misread"),
    retyped("int64", "uint64", "misread", "misread"),
    retyped("uint32", "uint64", "compatible", "misread", json=JSON_TYPE),
    retyped("int32", "bool", "misread", "compatible", json=JSON_TYPE),
    retyped("bool", "int64", "compatible", "misread", json=JSON_TYPE),
    retyped("sint32", "sint64", "compatible", "misread", json=JSON_TYPE),
    retyped("int32", "sint32", "misread", "misread", wire=TYPE, json=JSON_TYPE),
    retyped("fixed32", "sfixed32", "misread", "misread"),
    retyped("fixed64", "sfixed64", "misread", "misread"),
    retyped("fixed32", "fixed64", "lossy", "lossy", wire=TYPE, json=JSON_TYPE),
    retyped("int64", "fixed64", "lossy", "lossy", wire=TYPE, json=JSON_TYPE),
    retyped("float", "double", "lossy", "lossy", wire=TYPE, json=JSON_TYPE),
    retyped("float", "fixed32", "misread", "misread", wire=TYPE, json=JSON_TYPE),
    retyped("double", "int64", "lossy", "lossy", wire=TYPE, json=JSON_TYPE),
    retyped("int64", "string", "lossy", "lossy", wire=TYPE, json=JSON_TYPE),
    retyped("string", "bytes", "compatible", "unreadable", json=JSON_TYPE),
    retyped("bytes", "string", "unreadable", "compatible", wire=TYPE, json=JSON_TYPE),
    Case(
        "string becomes a message",
        M("string a = 1;"),
        M("N a = 1;") + "message N { int64 x = 1; }",
        "unreadable",
        "unreadable",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a message becomes bytes",
        M("N a = 1;") + "message N { int64 x = 1; }",
        M("bytes a = 1;") + "message N { int64 x = 1; }",
        "lossy",
        "unreadable",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "an enum becomes int32",
        E + M("E a = 1;"),
        E + M("int32 a = 1;"),
        "compatible",
        "compatible",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "string becomes an enum",
        E + M("string a = 1;"),
        E + M("E a = 1;"),
        "lossy",
        "lossy",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a message's type is renamed",
        M("N a = 1;") + "message N { int64 x = 1; }",
        M("P a = 1;") + "message P { int64 x = 1; }",
        "compatible",
        "compatible",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a message is replaced by another",
        M("N a = 1;") + "message N { string x = 1; }",
        M("P a = 1;") + "message P { string y = 1; }",
        "misread",
        "misread",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a message is written between tags instead of behind its length",
        'edition = "2023"; package t; message M { N a = 1; } message N { int32 x = 1; }',
        'edition = "2023"; package t; message M { N a = 1 [features.message_encoding = DELIMITED];'
        " } message N { int32 x = 1; }",
        "lossy",
        "lossy",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a field of a nested message is renamed",
        M("N n = 1;") + "message N { string x = 1; }",
        M("N n = 1;") + "message N { string y = 1; }",
        "misread",
        "misread",
        json=NAMES,
    ),
    Case(
        "a field of a recursive message is renamed",
        M("M left = 1; M right = 2; string x = 3;"),
        M("M left = 1; M right = 2; string y = 3;"),
        "misread",
        "misread",
        json=NAMES,
    ),
    Case("a message is removed", M("string a = 1;") + "message N {}", "message N {}", None, None),
    # How many, and whether at all
    retyped(
        "string",
        "repeated string",
        "compatible",
        "misread",
        wire=CARDINALITY,
        json=JSON_CARDINALITY,
    ),
    retyped(
        "repeated string",
        "string",
        "misread",
        "compatible",
        wire=CARDINALITY,
        json=JSON_CARDINALITY,
    ),
    retyped(
        "repeated int32", "int32", "lossy", "compatible", wire=CARDINALITY, json=JSON_CARDINALITY
    ),
    retyped("optional int32", "int32", "lossy", "compatible"),
    retyped("int32", "optional int32", "compatible", "lossy"),
    Case(
        "a map becomes a list of entries",
        M("map<string, int32> a = 1;"),
        M("repeated P a = 1;") + "message P { string key = 1; int32 value = 2; }",
        "compatible",
        "misread",
        wire=TYPE,
        json=JSON_TYPE + JSON_CARDINALITY,
    ),
    retyped("map<string, int32>", "map<string, int64>", "compatible", "misread", json=JSON_TYPE),
    retyped(
        "map<string, int32>",
        "map<int32, int32>",
        "lossy",
        "lossy",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    # Oneofs
    Case(
        "a oneof is renamed",
        M("oneof choice { string a = 1; int32 b = 2; }"),
        M("oneof election { string a = 1; int32 b = 2; }"),
        "compatible",
        "compatible",
        wire=ONEOF * 2,
        json=ONEOF * 2,
    ),
    Case(
        "fields move into a oneof",
        M("string a = 1; int32 b = 2;"),
        M("oneof choice { string a = 1; int32 b = 2; }"),
        "lossy",
        "lossy",
        wire=ONEOF * 2,
        json=ONEOF * 2,
    ),
    Case(
        "messages move into a oneof",
        M("M a = 1; M b = 2;"),
        M("oneof choice { M a = 1; M b = 2; }"),
        "lossy",
        "compatible",
        wire=ONEOF * 2,
        json=ONEOF * 2,
    ),
    Case(
        "fields move out of a oneof",
        M("oneof choice { string a = 1; int32 b = 2; }"),
        M("string a = 1; int32 b = 2;"),
        "lossy",
        "lossy",
        wire=ONEOF * 2,
        json=ONEOF * 2,
    ),
    Case(
        "a field moves to another oneof",
        M("oneof x { string a = 1; int32 b = 2; } oneof y { string c = 3; }"),
        M("oneof x { int32 b = 2; } oneof y { string a = 1; string c = 3; }"),
        "lossy",
        "lossy",
        wire=ONEOF,
        json=ONEOF,
    ),
    Case(
        "a oneof gets a member",
        M("oneof choice { string a = 1; }"),
        M("oneof choice { string a = 1; int32 b = 2; }"),
        "compatible",
        "lossy",
    ),
    # Enums
    Case(
        "an enum gets a value",
        E + M("E a = 1;"),
        E.replace("}", "THREE = 3; }") + M("E a = 1;"),
        "compatible",
        "lossy",
    ),
    Case(
        "an enum loses a value",
        E + M("E a = 1;"),
        "enum E { NONE = 0; ONE = 1; }" + M("E a = 1;"),
        "lossy",
        "compatible",
        wire=VALUE_DELETED,
        json=VALUE_DELETED + VALUE_DELETED_NAME,
    ),
    Case(
        "an enum loses a value whose number is reserved",
        E + M("E a = 1;"),
        "enum E { NONE = 0; ONE = 1; reserved 2; }" + M("E a = 1;"),
        "lossy",
        "compatible",
        json=VALUE_DELETED_NAME,
    ),
    Case(
        "an enum loses a value of which all is reserved",
        E + M("E a = 1;"),
        'enum E { NONE = 0; ONE = 1; reserved 2; reserved "TWO"; }' + M("E a = 1;"),
        "lossy",
        "compatible",
    ),
    Case(
        "an enum's value is renamed",
        E + M("E a = 1;"),
        E.replace("TWO", "MANY") + M("E a = 1;"),
        "misread",
        "misread",
        json=("ENUM_VALUE_SAME_NAME",),
    ),
    Case(
        "two values of an enum swap their numbers",
        E + M("E a = 1;"),
        "enum E { NONE = 0; TWO = 1; ONE = 2; }" + M("E a = 1;"),
        "misread",
        "misread",
        json=("ENUM_VALUE_SAME_NAME",) * 2,
    ),
    Case(
        "a value of an enum gets another number",
        E + M("E a = 1;"),
        E.replace("2", "3") + M("E a = 1;"),
        "lossy",
        "lossy",
        wire=VALUE_DELETED,
        json=VALUE_DELETED + VALUE_DELETED_NAME,
    ),
    Case(
        "the default of an enum is renamed",
        E + M("E a = 1;"),
        E.replace("NONE", "UNKNOWN") + M("E a = 1;"),
        "misread",
        "misread",
        json=("ENUM_VALUE_SAME_NAME",),
    ),
    Case(
        "a value of an enum gets a second name",
        E + M("E a = 1;"),
        "enum E { option allow_alias = true; NONE = 0; ONE = 1; TWO = 2; ZWEI = 2; }"
        + M("E a = 1;"),
        "compatible",
        "compatible",
    ),
    Case(
        "an enum is renamed",
        E + M("E a = 1;"),
        E.replace("enum E", "enum F") + M("F a = 1;"),
        "compatible",
        "compatible",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "an enum moves into a message",
        E + M("E a = 1;"),
        M(f"{E} E a = 1;"),
        "compatible",
        "compatible",
    ),
    Case(
        "a closed enum gets a value",
        PROTO2 + E + M("optional E a = 1;"),
        PROTO2 + E.replace("}", "THREE = 3; }") + M("optional E a = 1;"),
        "compatible",
        "lossy",
    ),
    # What is reserved, packages, syntax
    Case(
        "a reserved number is freed",
        M("string a = 1; reserved 2;"),
        M("string a = 1;"),
        "identical",
        "identical",
        wire=("RESERVED_MESSAGE_NO_DELETE",),
        json=("RESERVED_MESSAGE_NO_DELETE",),
    ),
    Case(
        "a reserved name is freed",
        M('string a = 1; reserved "b";'),
        M("string a = 1;"),
        "identical",
        "identical",
        wire=("RESERVED_MESSAGE_NO_DELETE",),
        json=("RESERVED_MESSAGE_NO_DELETE",),
    ),
    Case(
        "a reserved number of an enum is freed",
        "enum E { NONE = 0; reserved 1; }" + M("E a = 1;"),
        "enum E { NONE = 0; }" + M("E a = 1;"),
        "identical",
        "identical",
        wire=("RESERVED_ENUM_NO_DELETE",),
        json=("RESERVED_ENUM_NO_DELETE",),
    ),
    Case(
        "a file's package is renamed",
        M("string a = 1;"),
        'syntax = "proto3"; package u; message M { string a = 1; }',
        None,
        None,
        wire=("FILE_SAME_PACKAGE",),
        json=("FILE_SAME_PACKAGE",),
    ),
    Case(
        "a required field is added",
        PROTO2 + M("optional int32 a = 1;"),
        PROTO2 + M("optional int32 a = 1; required int32 b = 2;"),
        "unreadable",
        "lossy",
        wire=("MESSAGE_SAME_REQUIRED_FIELDS",),
        json=("MESSAGE_SAME_REQUIRED_FIELDS",),
    ),
    Case(
        "a field is no longer required",
        PROTO2 + M("required int32 a = 1;"),
        PROTO2 + M("optional int32 a = 1;"),
        "compatible",
        "unreadable",
        wire=("MESSAGE_SAME_REQUIRED_FIELDS", *CARDINALITY),
        json=("MESSAGE_SAME_REQUIRED_FIELDS", *JSON_CARDINALITY),
    ),
    Case(
        "a default changes",
        PROTO2 + M("optional int32 a = 1 [default = 5];"),
        PROTO2 + M("optional int32 a = 1 [default = 7];"),
        "misread",
        "misread",
        wire=("FIELD_SAME_DEFAULT",),
        json=("FIELD_SAME_DEFAULT",),
    ),
    Case(
        "proto3 becomes proto2",
        E + M("optional int32 a = 1; optional E b = 2;"),
        PROTO2 + E + M("optional int32 a = 1; optional E b = 2;"),
        "compatible",
        "compatible",
        json=("MESSAGE_SAME_JSON_FORMAT", "ENUM_SAME_JSON_FORMAT"),
    ),
    Case(
        "proto2 becomes proto3",
        PROTO2 + E + M("optional int32 a = 1; optional E b = 2;"),
        E + M("optional int32 a = 1; optional E b = 2;"),
        "compatible",
        "compatible",
    ),
    Case(
        "JSON is no longer supported in an edition",
        'edition = "2023"; package t; message M { int32 a = 1; }',
        'edition = "2023"; package t; option features.json_format = LEGACY_BEST_EFFORT;'
        " message M { int32 a = 1; }",
        "identical",
        "identical",
        json=("MESSAGE_SAME_JSON_FORMAT",),
    ),
    # Rpcs
    Case("an rpc stays", UNARY, UNARY, "identical", "identical", subject=CALL),
    Case(
        "an rpc takes another message",
        UNARY,
        service("rpc Call(N) returns (M);"),
        "compatible",
        "compatible",
        wire=("RPC_SAME_REQUEST_TYPE",),
        json=("RPC_SAME_REQUEST_TYPE",),
        subject=CALL,
    ),
    Case(
        "an rpc answers with another message",
        UNARY,
        service("rpc Call(M) returns (N);"),
        "compatible",
        "compatible",
        wire=("RPC_SAME_RESPONSE_TYPE",),
        json=("RPC_SAME_RESPONSE_TYPE",),
        subject=CALL,
    ),
    Case(
        "an rpc takes a stream",
        UNARY,
        service("rpc Call(stream M) returns (M);"),
        "compatible",
        "unreadable",
        wire=("RPC_SAME_CLIENT_STREAMING",),
        json=("RPC_SAME_CLIENT_STREAMING",),
        subject=CALL,
    ),
    Case(
        "an rpc answers with a stream",
        UNARY,
        service("rpc Call(M) returns (stream M);"),
        "unreadable",
        "compatible",
        wire=("RPC_SAME_SERVER_STREAMING",),
        json=("RPC_SAME_SERVER_STREAMING",),
        subject=CALL,
    ),
    Case(
        "an rpc is idempotent now",
        UNARY,
        service("rpc Call(M) returns (M) { option idempotency_level = IDEMPOTENT; }"),
        "identical",
        "identical",
        wire=("RPC_SAME_IDEMPOTENCY_LEVEL",),
        json=("RPC_SAME_IDEMPOTENCY_LEVEL",),
        subject=CALL,
    ),
    Case(
        "an rpc is removed",
        service("rpc Call(M) returns (M);", "rpc Other(M) returns (M);"),
        service("rpc Other(M) returns (M);"),
        "unreadable",
        None,
        subject=CALL,
    ),
    Case(
        "an rpc is added",
        service("rpc Other(M) returns (M);"),
        service("rpc Call(M) returns (M);", "rpc Other(M) returns (M);"),
        None,
        "unreadable",
        subject=CALL,
    ),
    Case(
        "an rpc takes a message that means something else",
        "message M { int32 x = 1; } message N { string q = 1; } "
        "service S { rpc Call(M) returns (M); }",
        "message M { int32 x = 1; } message N { string q = 1; } "
        "service S { rpc Call(N) returns (M); }",
        "lossy",
        "lossy",
        wire=("RPC_SAME_REQUEST_TYPE",),
        json=("RPC_SAME_REQUEST_TYPE",),
        subject=CALL,
    ),
    Case(
        "an rpc answers with a message that means something else",
        "message M { string x = 1; } message N { string q = 1; } "
        "service S { rpc Call(M) returns (M); }",
        "message M { string x = 1; } message N { string q = 1; } "
        "service S { rpc Call(M) returns (N); }",
        "misread",
        "misread",
        wire=("RPC_SAME_RESPONSE_TYPE",),
        json=("RPC_SAME_RESPONSE_TYPE",),
        subject=CALL,
    ),
    # Needles in haystacks
    Case(
        "one of 150 members of a oneof changes",
        M(f"oneof choice {{ {' '.join(f'int64 f{n} = {n};' for n in range(1, 151))} }}"),
        M(f"oneof choice {{ {' '.join(f'int64 f{n} = {n};' for n in range(1, 151))} }}").replace(
            "int64 f77 ", "int32 f77 "
        ),
        "misread",
        "compatible",
        json=JSON_TYPE,
    ),
    Case(
        "one of 2,000 values of an enum is renamed",
        f"enum E {{ {' '.join(f'V{n} = {n};' for n in range(2_000))} }}" + M("E a = 1;"),
        f"enum E {{ {' '.join(f'V{n} = {n};' for n in range(2_000))} }}".replace("V977 ", "W ")
        + M("E a = 1;"),
        "misread",
        "misread",
        json=("ENUM_VALUE_SAME_NAME",),
    ),
    Case(
        "one of 300 fields changes",
        M(" ".join(f"int64 f{n} = {n};" for n in range(1, 301))),
        M(" ".join(f"int64 f{n} = {n};" for n in range(1, 301))).replace("int64 f9 ", "int32 f9 "),
        "misread",
        "compatible",
        json=JSON_TYPE,
    ),
    Case(
        "a field seven levels down changes",
        M("M1 m = 1;")
        + "".join(f"message M{n} {{ M{n + 1} m = 1; }}" for n in range(1, 7))
        + "message M7 { int64 x = 1; }",
        M("M1 m = 1;")
        + "".join(f"message M{n} {{ M{n + 1} m = 1; }}" for n in range(1, 7))
        + "message M7 { string x = 1; }",
        "lossy",
        "lossy",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a time becomes a duration",
        'syntax = "proto3"; package t; import "google/protobuf/timestamp.proto"; '
        "message M { google.protobuf.Timestamp at = 1; }",
        'syntax = "proto3"; package t; import "google/protobuf/duration.proto"; '
        "message M { google.protobuf.Duration at = 1; }",
        "misread",
        "misread",
        wire=TYPE,
        json=JSON_TYPE,
    ),
    Case(
        "a package below google is nothing special",
        'syntax = "proto3"; package google.mine; message M { int32 x = 1; }',
        'syntax = "proto3"; package google.mine; message M { string x = 1; }',
        "lossy",
        "lossy",
        wire=TYPE,
        json=JSON_TYPE,
        subject="google.mine.M",
    ),
    Case(
        "a closed enum in lists and maps gets a value",
        PROTO2 + E + M("repeated E r = 1; map<string, E> m = 2; optional E e = 3;"),
        PROTO2
        + E.replace("}", "THREE = 3; }")
        + M("repeated E r = 1; map<string, E> m = 2; optional E e = 3;"),
        "compatible",
        "lossy",
    ),
    Case(
        "the keys of a map become unsigned",
        M("map<int32, N> n = 1;") + "message N { string x = 1; int32 y = 2; }",
        M("map<uint32, N> n = 1;") + "message N { string x = 1; int32 y = 2; }",
        "misread",
        "misread",
    ),
    Case(
        "a default that is no number stays",
        PROTO2 + M("optional double a = 1 [default = nan];"),
        PROTO2 + M("optional double a = 1 [default = nan];"),
        "identical",
        "identical",
    ),
    Case(
        "an Event that is none of ours",
        'syntax = "proto3"; package rodent.events; message Event { int32 x = 1; }',
        'syntax = "proto3"; package rodent.events; message Event { string x = 1; }',
        "lossy",
        "lossy",
        wire=TYPE,
        json=JSON_TYPE,
        subject="rodent.events.Event",
    ),
]
