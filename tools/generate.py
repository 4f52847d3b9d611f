"""Generate from proto/ all that follows from it without running the project's own code.

From the project's own schema, proto/ itself: rodent_events/pb, rodent_events/emitters.py,
rodent_events/__init__.py, and the list of payload types in docs/events.md. From each published
revision, a folder of proto/revisions/: a descriptor set, toggle_mock/revisions/DATE.binpb, and
beside it the files themselves. From all of them: docs/payloads.md.

python tools/generate.py           write them
python tools/generate.py --check   fail if the written ones differ
"""

from __future__ import annotations

import argparse
import difflib
import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from google.protobuf.descriptor_pool import DescriptorPool
from marked import with_part
from payload_page import Schema
from payload_page import page as payloads_page
from templates import emitters_module, init_module, payload_type_list

ROOT = Path(__file__).parents[1]
PAGE = "docs/events.md"

PROTO_FILES = ["base.proto", "events/event_messages.proto"]

# Nothing else writes such files: what is not generated any more is left over, and goes.
ONLY_GENERATED = [
    "rodent_events/pb/**/*.py",
    "rodent_events/pb/**/*.pyi",
    "toggle_mock/revisions/*.binpb",
    "toggle_mock/revisions/**/*.proto",
]

# protoc takes the root of the .proto files for the root of the Python modules, and puts all
# messages into the one default pool, where the stubs of another project could not define the same
# names.
REWRITES = [
    (r"^from events import (\w+)", r"from rodent_events.pb.events import \1"),
    (r"^import base_pb2\b", r"from rodent_events.pb import base_pb2"),
    (
        r"^from google\.protobuf import descriptor_pool as _descriptor_pool$",
        r"from rodent_events.pb import POOL as _POOL",
    ),
    (r"_descriptor_pool\.Default\(\)", r"_POOL"),
    # What a field of another message takes besides that: its fields by name.
    (r"\b_Mapping\]", "_Mapping[str, _Any]]"),
    (r"^from typing import (ClassVar|Optional|Union) as", r"from typing import Any as _Any, \1 as"),
    # gRPC's has two parameters where it is annotated; any here.
    (
        r"grpc\.aio\.ServicerContext\):  # type: ignore\[misc, type-arg\]",
        r"grpc.aio.ServicerContext[typing.Any, typing.Any]):  # type: ignore[misc]",
    ),
    (r"(BuildTopDescriptorsAndMessages\(DESCRIPTOR, ')", r"\1rodent_events.pb."),
]

PB_INIT = '''\
"""The messages and service code generated from proto/.

They live in a descriptor pool of their own, so that a process may load other code generated from
the same schema, or from another revision of it, beside them.
"""

from google.protobuf.descriptor_pool import DescriptorPool

POOL = DescriptorPool()
'''


# The .proto files, compiled


def run_protoc(source: Path, *options: str) -> None:
    """Run protoc on the files of a schema; it says itself what is wrong with them."""
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source}", *options, *PROTO_FILES]
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"{source} cannot be compiled")


def compiled(source: Path, out: Path) -> FileDescriptorSet:
    """Write protoc's modules below ``out``; return the descriptors, with their comments."""
    descriptors = out / "descriptors.binpb"
    plugin = Path(sys.executable).parent / "protoc-gen-mypy_grpc"
    run_protoc(
        source,
        f"--python_out={out}",
        f"--pyi_out={out}",
        f"--grpc_python_out={out}",
        f"--plugin=protoc-gen-mypy_grpc={plugin}",
        f"--mypy_grpc_out=quiet:{out}",
        f"--descriptor_set_out={descriptors}",
        "--include_source_info",
    )
    return FileDescriptorSet.FromString(descriptors.read_bytes())


def pb_modules(out: Path) -> Iterator[tuple[str, str]]:
    """The modules of rodent_events/pb: path below it and text."""
    yield "__init__.py", PB_INIT
    yield "events/__init__.py", ""
    for path in sorted([*out.rglob("*.py"), *out.rglob("*.pyi")]):
        if path.name.startswith("event_messages_pb2_grpc"):
            continue  # a file without a service: nothing in it
        text = path.read_text()
        for pattern, replacement in REWRITES:
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        yield str(path.relative_to(out)), text


def published(revisions: Path) -> Iterator[tuple[str, FileDescriptorSet]]:
    """Each published revision: its date, and descriptors with their comments."""
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(path for path in revisions.iterdir() if path.is_dir()):
            path = Path(folder) / source.name
            run_protoc(source, f"--descriptor_set_out={path}", "--include_source_info")
            yield source.name, FileDescriptorSet.FromString(path.read_bytes())


def without_comments(files: FileDescriptorSet) -> bytes:
    """A descriptor set as protoc makes it when it is not asked for comments."""
    bare = FileDescriptorSet()
    bare.CopyFrom(files)
    for file in bare.file:
        file.ClearField("source_code_info")
    return bare.SerializeToString(deterministic=True)


def published_files(revisions: Path) -> dict[str, bytes]:
    """The .proto files of the published revisions, as the package has them: path, content."""
    return {
        f"toggle_mock/revisions/{path.relative_to(revisions)}": path.read_bytes()
        for path in sorted(revisions.rglob("*.proto"))
    }


def load_payload_types() -> ModuleType:
    """rodent_events.payload_types, without the package whose code is yet to be generated."""
    spec = importlib.util.spec_from_file_location(
        "payload_types", ROOT / "rodent_events" / "payload_types.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["payload_types"] = module
    spec.loader.exec_module(module)
    return module


def comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """The first paragraphs of the comments on top-level messages, by name, and their fields."""
    for location in file.source_code_info.location:
        text = location.leading_comments.strip().split("\n\n")[0]
        match list(location.path):
            case [FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER, message]:
                yield file.message_type[message].name, text
            case [
                FileDescriptorProto.MESSAGE_TYPE_FIELD_NUMBER,
                message,
                DescriptorProto.FIELD_FIELD_NUMBER,
                field,
            ]:
                owner = file.message_type[message]
                yield f"{owner.name}.{owner.field[field].name}", text


def loaded(module: ModuleType, files: FileDescriptorSet) -> tuple[Descriptor, Schema]:
    """Event of a schema, and what is said of its payload types."""
    pool = DescriptorPool()
    for file in files.file:
        pool.Add(file)
    event = pool.FindMessageTypeByName(module.EVENT)
    places = {place.name: place for place in module.payload_types(event).values()}
    return event, Schema(places, dict(said for file in files.file for said in comments(file)))


# All of them


def own_files(revisions: Mapping[str, FileDescriptorSet]) -> dict[str, str]:
    """What follows from the project's own schema: path, text."""
    with tempfile.TemporaryDirectory() as folder:
        files = compiled(ROOT / "proto", Path(folder))
        modules = {f"rodent_events/pb/{path}": text for path, text in pb_modules(Path(folder))}
    module = load_payload_types()
    event, schema = loaded(module, files)
    places = list(schema.places.values())
    levels, categories = (
        [name for number, name in module.short_names(module.enum_of(event, enum)).items() if number]
        for enum in (module.EVENT_LEVEL, module.EVENT_CATEGORY)
    )
    table = payload_type_list(places, levels, categories)
    info_by_default = module.LEVEL_INFO_BY_DEFAULT
    return modules | {
        "rodent_events/emitters.py": emitters_module(places, schema.comments, info_by_default),
        "rodent_events/__init__.py": init_module(places, files),
        PAGE: with_part((ROOT / PAGE).read_text(), "payload types", table),
        "docs/payloads.md": payloads_page(
            schema,
            {date: loaded(module, files)[1] for date, files in revisions.items()},
            info_by_default,
        ),
    }


def generate() -> dict[str, bytes]:
    """All generated files: path, content."""
    revisions = dict(published(ROOT / "proto" / "revisions"))
    sets = {
        f"toggle_mock/revisions/{date}.binpb": without_comments(files)
        for date, files in revisions.items()
    }
    own = {path: text.encode() for path, text in own_files(revisions).items()}
    return own | sets | published_files(ROOT / "proto" / "revisions")


def left_over(generated: dict[str, bytes]) -> list[str]:
    """The files that were generated once."""
    written = (str(path.relative_to(ROOT)) for glob in ONLY_GENERATED for path in ROOT.glob(glob))
    return [name for name in written if name not in generated]


def drift(generated: dict[str, bytes]) -> Iterator[str]:
    """What differs between the written files and the generated ones."""
    for name in left_over(generated):
        yield f"{name} is not generated any more\n"
    for name, content in generated.items():
        path = ROOT / name
        if not path.exists():
            yield f"{name} is missing\n"
        elif path.suffix == ".binpb":
            yield "" if path.read_bytes() == content else f"{name} is not the generated one\n"
        else:
            old, new = path.read_text(), content.decode()
            yield from difflib.unified_diff(
                old.splitlines(True), new.splitlines(True), f"written/{name}", f"generated/{name}"
            )


def write(generated: dict[str, bytes]) -> None:
    """Write the generated files, and delete those that were generated once."""
    for name in left_over(generated):
        (ROOT / name).unlink()
    for name, content in generated.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    generated = generate()
    if not options.check:
        write(generated)
        return 0
    difference = "".join(drift(generated))
    print(difference or "What is generated is what proto/ makes.")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
