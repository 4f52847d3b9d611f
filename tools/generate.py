"""Generate from proto/ all that follows from it without running the project's own code.

From the project's own schema, proto/ itself: rodent_events/pb, rodent_events/emitters.py,
rodent_events/__init__.py, and the list of payload types in docs/events.md. From each published
revision, a folder of proto/revisions/: a descriptor set, toggle_mock/revisions/DATE.binpb.

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
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from marked import with_part
from templates import emitters_module, init_module, payload_type_list

ROOT = Path(__file__).parents[1]
PAGE = "docs/events.md"

PROTO_FILES = ["base.proto", "events/event_messages.proto"]

# Nothing else writes such files: what is not generated any more is left over, and goes.
ONLY_GENERATED = [
    "rodent_events/pb/**/*.py",
    "rodent_events/pb/**/*.pyi",
    "toggle_mock/revisions/*.binpb",
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


def descriptor_sets(revisions: Path) -> Iterator[tuple[str, bytes]]:
    """The descriptor set of each published revision: its date, and bytes."""
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted(path for path in revisions.iterdir() if path.is_dir()):
            path = Path(folder) / source.name
            run_protoc(source, f"--descriptor_set_out={path}")
            yield source.name, path.read_bytes()


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


def comments(file: FileDescriptorProto) -> dict[str, str]:
    """The first paragraph of the comment on each top-level message."""
    return {
        file.message_type[location.path[1]].name: location.leading_comments.strip().split("\n\n")[0]
        for location in file.source_code_info.location
        if len(location.path) == 2 and location.path[0] == 4
    }


# All of them


def own_files() -> dict[str, str]:
    """What follows from the project's own schema: path, text."""
    with tempfile.TemporaryDirectory() as folder:
        files = compiled(ROOT / "proto", Path(folder))
        modules = {f"rodent_events/pb/{path}": text for path, text in pb_modules(Path(folder))}
    module = load_payload_types()
    pool = DescriptorPool()
    docs: dict[str, str] = {}
    for file in files.file:
        docs |= comments(file)
        pool.Add(file)
    event = pool.FindMessageTypeByName(module.EVENT)
    places = list(module.payload_types(event).values())
    levels, categories = (
        [name for number, name in module.short_names(module.enum_of(event, enum)).items() if number]
        for enum in (module.EVENT_LEVEL, module.EVENT_CATEGORY)
    )
    table = payload_type_list(places, levels, categories)
    return modules | {
        "rodent_events/emitters.py": emitters_module(places, docs, module.LEVEL_INFO_BY_DEFAULT),
        "rodent_events/__init__.py": init_module(places, files),
        PAGE: with_part((ROOT / PAGE).read_text(), "payload types", table),
    }


def generate() -> dict[str, bytes]:
    """All generated files: path, content."""
    sets = {
        f"toggle_mock/revisions/{date}.binpb": content
        for date, content in descriptor_sets(ROOT / "proto" / "revisions")
    }
    return {path: text.encode() for path, text in own_files().items()} | sets


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
