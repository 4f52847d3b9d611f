"""Generate from proto/ what is derived from it.

rodent_events/pb, rodent_events/emitters.py and rodent_events/__init__.py come from the project's
own revision; toggle_mock/revisions/DATE.binpb, a descriptor set, from each.

python tools/generate.py [--root DIR]           write them
python tools/generate.py [--root DIR] --check   fail if the written ones differ
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
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

PROTO_FILES = ("base.proto", "events/event_messages.proto")

# protoc takes the root of the .proto files for the root of the Python modules, and puts all
# messages into the one default pool, where the stubs of another project could not define the same
# names.
REWRITES = (
    (r"^from events import (\w+)", r"from rodent_events.pb.events import \1"),
    (r"^import base_pb2\b", r"from rodent_events.pb import base_pb2"),
    (
        r"^from google\.protobuf import descriptor_pool as _descriptor_pool$",
        r"from rodent_events.pb import POOL as _POOL",
    ),
    (r"_descriptor_pool\.Default\(\)", r"_POOL"),
    (r"(BuildTopDescriptorsAndMessages\(DESCRIPTOR, ')", r"\1rodent_events.pb."),
)

PB_INIT = '''\
"""The messages and service code generated from proto/.

They live in a descriptor pool of their own, so that a process may load other code generated from
the same schema, or from another revision of it, beside them.
"""

from google.protobuf.descriptor_pool import DescriptorPool

POOL = DescriptorPool()
'''

# The day on which the project's own revision was published.
OWN_REVISION = "2025-09-17"

HEADER = "# Generated from proto/ by tools/generate.py. Do not edit.\n"


def run_protoc(proto: Path, out: Path) -> FileDescriptorSet:
    """Write protoc's modules below ``out``; return the descriptors, with their comments."""
    descriptors = out / "descriptors.binpb"
    plugin = Path(sys.executable).parent / "protoc-gen-mypy_grpc"
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{proto}"),
            *(f"--python_out={out}", f"--pyi_out={out}", f"--grpc_python_out={out}"),
            *(f"--plugin=protoc-gen-mypy_grpc={plugin}", f"--mypy_grpc_out=quiet:{out}"),
            *(f"--descriptor_set_out={descriptors}", "--include_source_info"),
            *PROTO_FILES,
        ],
        check=True,
    )
    return FileDescriptorSet.FromString(descriptors.read_bytes())


def descriptor_sets(root: Path) -> dict[str, bytes]:
    """The descriptor set of each revision: file name, bytes."""
    proto = root / "proto"
    folders = {path.name: path for path in sorted((proto / "revisions").iterdir())}
    sets = {}
    with tempfile.TemporaryDirectory() as folder:
        for date, source in ({OWN_REVISION: proto} | folders).items():
            path = Path(folder) / f"{date}.binpb"
            subprocess.run(
                [
                    *(sys.executable, "-m", "grpc_tools.protoc", f"-I{source}"),
                    *(f"--descriptor_set_out={path}", *PROTO_FILES),
                ],
                check=True,
            )
            sets[path.name] = path.read_bytes()
    return sets


def pb_modules(out: Path) -> Iterator[tuple[str, str]]:
    """The modules of rodent_events/pb: relative path and text."""
    yield "pb/__init__.py", PB_INIT
    yield "pb/events/__init__.py", ""
    for path in sorted([*out.rglob("*.py"), *out.rglob("*.pyi")]):
        if path.name.startswith("event_messages_pb2_grpc"):
            continue  # a file without a service: nothing in it
        text = path.read_text()
        for pattern, replacement in REWRITES:
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        yield f"pb/{path.relative_to(out)}", text


def load_payload_types(root: Path) -> ModuleType:
    """rodent_events.payload_types, without the package whose code is yet to be generated."""
    spec = importlib.util.spec_from_file_location(
        "payload_types", root / "rodent_events" / "payload_types.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["payload_types"] = module
    spec.loader.exec_module(module)
    return module


def comments(file: FileDescriptorProto) -> dict[str, str]:
    """The first line of the comment on each top-level message."""
    return {
        file.message_type[location.path[1]].name: location.leading_comments.strip().split("\n\n")[0]
        for location in file.source_code_info.location
        if len(location.path) == 2 and location.path[0] == 4
    }


def emitter(place: Any, comment: str, info_by_default: bool) -> str:
    """The source of one emit method."""
    level = "level: int = EVENT_LEVEL_INFO" if info_by_default else "level: int"
    arguments = [
        "self",
        *([] if info_by_default else [level]),
        f"payload: {place.name}",
        "metadata: Metadata = None",
        "*",
        "source: str | None = None",
        *([level] if info_by_default else []),
    ]
    return f'''
    def {place.emitter}(
{"".join(f"        {argument},{chr(10)}" for argument in arguments)}    ) -> str | None:
        """{" ".join(comment.split())}

        Category {place.category_name}, usual source ``{place.source}``. See :meth:`emit`.
        """
        if not isinstance(payload, {place.name}):
            raise wrong_payload("{place.emitter}", {place.name}, payload)
        return self.emit(payload, level=level, metadata=metadata, source=source)
'''


def emitters_module(places: list[Any], docs: dict[str, str], catalog: ModuleType) -> str:
    """rodent_events/emitters.py."""
    names = sorted(place.name for place in places)
    imports = listed(["EVENT_LEVEL_INFO", *names])
    methods = "".join(
        emitter(place, docs[place.name], place.name in catalog.LEVEL_INFO_BY_DEFAULT)
        for place in places
    )
    return f'''{HEADER}"""One typed emitter for each payload type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from google.protobuf.message import Message

from rodent_events.errors import wrong_payload
from rodent_events.pb.events.event_messages_pb2 import (
{imports})

Metadata = Mapping[str, str] | None


class Emitters(ABC):
    """The typed ``emit_*`` methods over one :meth:`emit`."""

    @abstractmethod
    def emit(
        self,
        payload: Message,
        *,
        level: int = EVENT_LEVEL_INFO,
        metadata: Metadata = None,
        source: str | None = None,
    ) -> str | None:
        """Emit a payload of any type.

        Args:
            payload: A payload message, of this schema or of any loaded revision.
            level: A number of EventLevel.
            metadata: Text by text; usual keys are component, action, and an id of the thing.
            source: The component that emits; the payload type's usual one if it is None.

        Returns:
            The event's id, a UUIDv7 as text; None if its level or its category is not enabled,
            or after shutdown.

        Raises:
            EventTypeError: The payload, the level, the metadata or the source has a wrong type.
            EventValueError: The level is unknown, or a text cannot be encoded as UTF-8.
        """
{methods}'''


def init_module(places: list[Any], files: FileDescriptorSet) -> str:
    """rodent_events/__init__.py."""
    by_file = {file.name: file for file in files.file}
    exports = {
        name: sorted(
            [message.name for message in by_file[name].message_type]
            + [enum.name for enum in by_file[name].enum_type]
            + [value.name for enum in by_file[name].enum_type for value in enum.value]
        )
        for name in PROTO_FILES
    }
    functions = sorted(place.emitter for place in places)
    ours = {
        "rodent_events.buffer": ["EventBuffer"],
        "rodent_events.bus": ["EventBus"],
        "rodent_events.config": ["EventConfig", "Fsync", "Overflow", "SpoolMode"],
        "rodent_events.errors": [
            *("AlreadyInitializedError", "ConfigError", "EventTypeError", "EventValueError"),
            *("NotInitializedError", "RodentEventsError", "SpoolError"),
        ],
        "rodent_events.global_bus": ["GlobalBus"],
        "rodent_events.ledger": ["Drop"],
        "rodent_events.pb.base_pb2": exports["base.proto"],
        "rodent_events.pb.events.event_messages_pb2": exports["events/event_messages.proto"],
    }
    lifecycle = [
        "emit",
        "flush",
        "flush_async",
        "get_stats",
        "initialize",
        "is_initialized",
        "shutdown",
    ]
    names = [name for group in ours.values() for name in group if name != "GlobalBus"]
    exported = sorted([*names, "EventClient", *functions, *lifecycle], key=isort_key)
    imports = "".join(import_of(module, group) for module, group in ours.items())
    bindings = "".join(f"{name} = _global_bus.{name}\n" for name in [*lifecycle, *functions])
    summary = "Structured events of a storage node: emitted, kept, and delivered to Toggle."
    return f'''{HEADER}"""{summary}"""

from typing import TYPE_CHECKING

{imports}
if TYPE_CHECKING:
    from rodent_events.client import EventClient

__all__ = [
{listed([f'"{name}"' for name in exported])}]

_global_bus = GlobalBus()

{bindings}

def __getattr__(name: str) -> object:
    # It brings gRPC, which is loaded when it is asked for, or when a bus starts.
    if name == "EventClient":
        from rodent_events.client import EventClient

        return EventClient
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
'''


def import_of(module: str, names: list[str]) -> str:
    """An import statement as ruff formats it."""
    one_line = f"from {module} import {', '.join(sorted(names, key=isort_key))}\n"
    if len(one_line) <= 101:
        return one_line
    return f"from {module} import (\n{listed(sorted(names, key=isort_key))})\n"


def listed(items: list[str]) -> str:
    """One indented line for each item."""
    return "".join(f"    {item},\n" for item in items)


def isort_key(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def generate(root: Path) -> dict[str, str]:
    """All generated files: path below rodent_events/, text."""
    with tempfile.TemporaryDirectory() as folder:
        files = run_protoc(root / "proto", Path(folder))
        modules = dict(pb_modules(Path(folder)))
    catalog = load_payload_types(root)
    pool = DescriptorPool()
    docs: dict[str, str] = {}
    for file in files.file:
        docs |= comments(file)
        pool.Add(file)
    schema = pool.FindMessageTypeByName(catalog.EVENT)
    places = list(catalog.payload_types(schema).values())
    modules["emitters.py"] = emitters_module(places, docs, catalog)
    modules["__init__.py"] = init_module(places, files)
    return modules


def drift(package: Path, modules: dict[str, str]) -> Iterator[str]:
    """What differs between the written files and the generated ones, as a unified diff."""
    written = {
        str(path.relative_to(package)): path
        for path in [*(package / "pb").rglob("*.py"), *(package / "pb").rglob("*.pyi")]
    }
    for name in sorted(written.keys() | modules.keys()):
        path = package / name
        old = path.read_text().splitlines(True) if path.exists() else []
        yield from difflib.unified_diff(
            old, modules.get(name, "").splitlines(True), f"written/{name}", f"generated/{name}"
        )


def drift_of_sets(folder: Path, sets: dict[str, bytes]) -> Iterator[str]:
    """Which of the written descriptor sets are not the generated ones."""
    written = {path.name: path.read_bytes() for path in folder.glob("*.binpb")}
    for name in sorted(written.keys() | sets.keys()):
        if written.get(name) != sets.get(name):
            yield f"{name} is not the generated one\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    package = options.root / "rodent_events"
    modules = generate(options.root)
    sets, revisions = descriptor_sets(options.root), options.root / "toggle_mock" / "revisions"
    if options.check:
        difference = "".join([*drift(package, modules), *drift_of_sets(revisions, sets)])
        print(difference or "The generated code is what proto/ makes.")
        return 1 if difference else 0
    for name, text in modules.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    revisions.mkdir(parents=True, exist_ok=True)
    for name, content in sets.items():
        (revisions / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
