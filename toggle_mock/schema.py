"""Schemas: the published revisions, and any other that somebody has.

Each lives in a descriptor pool of its own, so a process can load all of them, beside a project's
own generated stubs.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from functools import cache, cached_property
from importlib import import_module, resources
from pathlib import Path
from typing import Any, Final

from google.protobuf import message_factory
from google.protobuf.descriptor import (
    Descriptor,
    FieldDescriptor,
    OneofDescriptor,
    ServiceDescriptor,
)
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message

from rodent_events.payload_types import EVENT, PayloadType, payload_types
from toggle_mock.errors import SchemaError
from toggle_mock.json_names import with_names_apart

_SETS = resources.files("toggle_mock") / "revisions"

REVISIONS = tuple(
    sorted(
        one.name.removesuffix(".binpb") for one in _SETS.iterdir() if one.name.endswith(".binpb")
    )
)
"""The published revisions, the oldest first."""

_GIT = "git:"


class Schema:
    """One revision of the schema.

    Args:
        name: What it is called.
        files: Its files, each behind those that it imports.
        root: The folder that their paths begin in, if they are .proto files somewhere.

    Raises:
        SchemaError: The files do not fit together.
    """

    def __init__(self, name: str, files: FileDescriptorSet, root: str = "") -> None:
        self.name = name
        self.root = root
        self.files = files
        """Its files."""
        self.pool: Final = DescriptorPool()
        """Where its messages live."""
        for file in files.file:
            try:
                self.pool.AddSerializedFile(with_names_apart(file).SerializeToString())
            except TypeError as error:
                raise SchemaError(f"schema {name}: {file.name}: {error}") from None

    def descriptor(self, full_name: str) -> Descriptor:
        """The descriptor of a message, such as ``rodent.events.Event``.

        Raises:
            SchemaError: The schema has no such message.
        """
        try:
            return self.pool.FindMessageTypeByName(full_name)
        except KeyError:
            raise SchemaError(f"schema {self.name} has no message {full_name}") from None

    def message_class(self, full_name: str) -> type[Message]:
        """The class of a message, such as ``rodent.events.Event``.

        Raises:
            SchemaError: The schema has no such message.
        """
        return message_factory.GetMessageClass(self.descriptor(full_name))

    @property
    def services(self) -> list[ServiceDescriptor]:
        """The services that its files define."""
        files = (self.pool.FindFileByName(file.name) for file in self.files.file)
        return [service for file in files for service in file.services_by_name.values()]

    @cached_property
    def event_class(self) -> Any:
        """The class of Event."""
        return self.message_class(EVENT)

    @property
    def payload_types(self) -> Mapping[str, PayloadType]:
        """Its payload types by full name, in the order of their places in Event."""
        return payload_types(self.descriptor(EVENT))

    def __repr__(self) -> str:
        return f"<Schema {self.name}>"


def load_schema(source: Schema | Path | str) -> Schema:
    """A schema.

    Args:
        source: A published revision such as ``2025-12-09``, a folder of .proto files, one .proto
            file, a file with a serialized descriptor set, or any of the three as a commit of the
            repository here has it: ``git:REF:PATH``.

    Raises:
        SchemaError: There is none, or it cannot be compiled.
    """
    if isinstance(source, Schema):
        return source
    if str(source) in REVISIONS:
        return _revision(str(source))
    if str(source).startswith(_GIT):
        return _from_git(str(source))
    path = Path(source)
    if not path.exists():
        raise SchemaError(
            f"{str(source)!r} is no schema: give a revision ({', '.join(REVISIONS)}), a folder of "
            ".proto files, a .proto file, a descriptor set, or git:REF:PATH"
        )
    return _from_path(path, str(path))


def _from_path(path: Path, name: str) -> Schema:
    """A schema that is called and was written somewhere else, perhaps."""
    if path.is_dir():
        return Schema(name, _compiled(path, sorted(path.rglob("*.proto")), name), name)
    if path.suffix == ".proto":
        return Schema(name, _compiled(path.parent, [path], name), str(Path(name).parent))
    try:
        files = FileDescriptorSet.FromString(path.read_bytes())
    except DecodeError:
        raise SchemaError(f"{name} is no descriptor set") from None
    if not files.file:
        raise SchemaError(f"{name} is a descriptor set without files")
    return Schema(name, files)


def _from_git(source: str) -> Schema:
    ref, _, path = source.removeprefix(_GIT).partition(":")
    if not ref or not path or ref.startswith("-"):
        raise SchemaError(f"{source!r} names no commit and path: write git:REF:PATH")
    # What a single file imports lies beside it.
    taken = str(Path(path).parent) if path.endswith(".proto") else path
    git = shutil.which("git")
    if git is None:
        raise SchemaError(f"{source}: git is not installed")
    done = subprocess.run(
        [git, "archive", "--format=tar", ref, "--", taken], capture_output=True, check=False
    )
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise SchemaError(f"{source}: git has no such thing: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            extract(archive, Path(folder))
        schema = _from_path(Path(folder) / path, path)
    return Schema(source, schema.files, schema.root)


def extract(archive: tarfile.TarFile, folder: Path) -> None:
    """Write an archive's files into a folder, and nothing outside, whatever the archive holds.

    A link becomes a copy of the file that it leads to within the archive, or nothing. tarfile's own
    filters came with Python 3.11.4.
    """
    for member in archive:
        if Path(member.name).is_absolute() or ".." in Path(member.name).parts:
            continue
        try:
            content = archive.extractfile(member)
        except (KeyError, RecursionError):  # a link out of the archive, or to itself
            continue
        if content is not None:
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())


@cache
def _revision(date: str) -> Schema:
    return Schema(date, FileDescriptorSet.FromString((_SETS / f"{date}.binpb").read_bytes()))


def _compiled(root: Path, paths: list[Path], name: str) -> FileDescriptorSet:
    if not paths:
        raise SchemaError(f"{name} has no .proto files")
    try:
        import_module("grpc_tools.protoc")
    except ModuleNotFoundError:
        raise SchemaError(
            f"to compile {name}, install the extra, rodent-events[schema]; or give a descriptor "
            "set, as protoc or buf makes it"
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "grpc_tools.protoc",
                f"-I{root}",
                "--include_imports",
                "--include_source_info",
                f"--descriptor_set_out={out}",
                *(str(path.relative_to(root)) for path in paths),
            ],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            problem = done.stderr.decode(errors="replace").strip()
            raise SchemaError(f"{name} cannot be compiled: {problem}")
        return FileDescriptorSet.FromString(out.read_bytes())


@cache
def known_as(message: str, number: int) -> tuple[str, str]:
    """What the published revisions call a field that some schema does not know.

    Args:
        message: The full name of the message that it is in.
        number: The number of the field.

    Returns:
        Its name and the newest revision that has it; both empty if none does.
    """
    for revision in reversed(REVISIONS):
        try:
            fields = _revision(revision).descriptor(message).fields_by_number
        except SchemaError:
            continue
        if number in fields:
            return fields[number].name, revision
    return "", ""


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map."""
    message = field.message_type
    return message is not None and message.GetOptions().map_entry


def oneof_of(field: FieldDescriptor) -> OneofDescriptor | None:
    """The oneof that a field is a member of; none if it only stands for ``optional``."""
    oneof = field.containing_oneof
    return None if oneof is None or is_synthetic(oneof) else oneof


def is_synthetic(oneof: OneofDescriptor) -> bool:
    """Whether a oneof only stands for ``optional``."""
    return len(oneof.fields) == 1 and oneof.name == f"_{oneof.fields[0].name}"
