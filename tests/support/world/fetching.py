"""The sets of ``sets.toml``, fetched by the ordinary clients of their registries, as schemas."""

import ast
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module, resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

SETS = Path(__file__).parent / "sets.toml"
FOLDER = Path(__file__).parents[3] / "build" / "world"


@dataclass(frozen=True)
class Release:
    """A version of a set."""

    version: str
    mount: str = ""
    """The path by which the .proto files of a Go module import each other."""


@dataclass(frozen=True)
class SchemaSet:
    """A package that carries schemas, in two releases."""

    name: str
    old: Release
    new: Release
    wheel: str = ""
    module: str = ""
    folder: str = ""
    """Of a Go module, what is compiled; all of it if empty."""
    is_root: bool = False
    """Whether the files in that folder import each other by their names alone."""
    modules: list[str] = field(default_factory=list)
    """Go modules whose .proto files it imports."""
    wheels: list[str] = field(default_factory=list)
    """Wheels whose .proto files it imports."""

    @property
    def package(self) -> str:
        """What its registry calls it."""
        return self.wheel or self.module

    def kept(self, release: Release) -> Path:
        """The descriptor set of a release, once it has been fetched."""
        return FOLDER / "sets" / f"{self.package.replace('/', '_')}-{release.version}.binpb"

    def files(self, release: Release) -> FileDescriptorSet:
        """The files of a release, each behind those that it imports; fetched if it has to be."""
        kept = self.kept(release)
        if not kept.exists():
            make = self._of_wheel if self.wheel else self._of_module
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(make(release).SerializeToString())
        return FileDescriptorSet.FromString(kept.read_bytes())

    def _of_wheel(self, release: Release) -> FileDescriptorSet:
        return in_order(_generated(_wheel(f"{self.wheel}=={release.version}")))

    def _of_module(self, release: Release) -> FileDescriptorSet:
        source = _module(f"{self.module}@{release.version}")
        root = FOLDER / "mounts" / f"{self.package.replace('/', '_')}-{release.version}"
        place = root / release.mount if release.mount else root / "all"
        if not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(source)
        wanted = place / self.folder
        roots = [wanted] * self.is_root + [root if release.mount else place]
        paths = [str(one.relative_to(roots[0])) for one in sorted(wanted.rglob("*.proto"))]
        shipped = Path(str(resources.files("grpc_tools"))) / "_proto"
        includes = [*roots, place / "src", *map(_module, self.modules)]
        includes += [*(_unpacked(_wheel(one)) for one in self.wheels), shipped]
        return _compiled(includes, paths)


def sets() -> list[SchemaSet]:
    """All sets."""
    found = []
    for table in tomllib.loads(SETS.read_text("utf-8"))["set"]:
        old, new = (Release(**release) for release in table.pop("releases"))
        found.append(SchemaSet(old=old, new=new, **table))
    return found


def in_order(files: dict[str, FileDescriptorProto]) -> FileDescriptorSet:
    """Files by path, each behind those that it imports; what a wheel lacks is taken from here."""
    placed: dict[str, FileDescriptorProto] = {}

    def place(name: str) -> None:
        if name not in placed:
            file = files.get(name) or _installed(name)
            for imported in file.dependency:
                place(imported)
            placed[name] = file

    for name in sorted(files):
        place(name)
    return FileDescriptorSet(file=placed.values())


def _installed(name: str) -> FileDescriptorProto:
    """A file of protobuf's or googleapis' own, as they are installed here."""
    module = import_module(name.replace(".proto", "_pb2").replace("/", "."))
    file = FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(file)
    return file


def _generated(wheel: Path) -> dict[str, FileDescriptorProto]:
    """The descriptors in the generated modules of a wheel, none of which is run."""
    found: dict[str, FileDescriptorProto] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith("_pb2.py"):
                for raw in _serialized(archive.read(name)):
                    file = FileDescriptorProto.FromString(raw)
                    found.setdefault(file.name, file)
    return found


def _serialized(source: bytes) -> Iterator[bytes]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="AddSerializedFile"), args=[ast.Constant(bytes(raw))]
            ):
                yield raw


def _wheel(requirement: str) -> Path:
    """The wheel of a package, fetched by pip."""
    folder = FOLDER / "wheels" / requirement
    if not list(folder.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
        subprocess.run(command, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _unpacked(wheel: Path) -> Path:
    folder = wheel.with_suffix("")
    if not folder.exists():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    return folder


def _module(version: str) -> Path:
    """The folder of a Go module, fetched by go."""
    cache = {"GOMODCACHE": str(FOLDER / "go"), "GOFLAGS": "-modcacherw"}
    done = subprocess.run(
        [_go(), "mod", "download", "-json", version],
        env={**os.environ, **cache},
        check=True,
        capture_output=True,
    )
    return Path(json.loads(done.stdout)["Dir"])


def _go() -> str:
    finder = Path(__file__).parents[3] / "tools" / "find_go"
    return subprocess.run([finder], check=True, capture_output=True, text=True).stdout.strip()


def _compiled(includes: list[Path], paths: list[str]) -> FileDescriptorSet:
    out = FOLDER / "compiled.binpb"
    command = [sys.executable, "-m", "grpc_tools.protoc", "--include_imports"]
    command += [f"-I{one}" for one in includes if one.exists()]
    subprocess.run([*command, f"--descriptor_set_out={out}", *paths], check=True)
    return FileDescriptorSet.FromString(out.read_bytes())
