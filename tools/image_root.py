"""Lays out the root of the container image: Python, the packages, the libraries of both, no more.

Runs in the build stage of Dockerfile, where pip has put the packages below the root already. What
the image is made of stands in it: ``/usr/share/sbom/toggle-mock.cdx.json`` (CycloneDX), and the
licences in ``/usr/share/licenses`` and beside each package.
"""

from __future__ import annotations

import compileall
import json
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

NOT_NEEDED = (
    "__pycache__",  # made anew, below
    "config-*",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "lib-dynload/_test*",
    "lib-dynload/_tkinter*",
    "lib-dynload/xx*",
    "pydoc_data",
    "site-packages",  # those of the build stage
    "test",
    "tkinter",
    "turtledemo",
)
"""What of the standard library no mock imports."""

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\n"
    "toggle:x:65532:65532::/data:/sbin/nologin\n",
    "etc/group": "root:x:0:\ntoggle:x:65532:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}
"""What the C library looks for. Any other uid will do as well as that of toggle."""

OPEN_FOLDERS = ("data", "tmp")
"""Where every uid may write, as in /tmp."""


def lay_out(root: Path) -> None:
    """Add to the packages below a root what they need to run."""
    _copy_python(root)
    libraries = sorted(_libraries(_binaries(root)))
    for library in libraries:
        _copy(library, root)
    _copy(Path("/etc/ld.so.cache"), root)
    for name, text in FILES.items():
        _write(root / name, text)
    for name in OPEN_FOLDERS:
        (root / name).mkdir()
        (root / name).chmod(0o1777)
    _compile(root)
    debian = sorted(set(filter(None, map(_debian_package, libraries))))
    for package in debian:
        licence = Path("/usr/share/doc", package, "copyright")
        _write(root / "usr/share/licenses" / package / "copyright", licence.read_text("utf-8"))
    _write(root / "usr/share/sbom/toggle-mock.cdx.json", json.dumps(_sbom(root, debian), indent=1))


def _site_packages(root: Path) -> Path:
    return root / sysconfig.get_path("purelib").lstrip("/")


def _copy_python(root: Path) -> None:
    library = Path(sysconfig.get_path("stdlib"))
    unwanted = {path for pattern in NOT_NEEDED for path in library.glob(pattern)}
    target = root / library.relative_to("/")

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if Path(folder, name) in unwanted or name == "__pycache__"}

    shutil.copytree(library, target, ignore=ignored, dirs_exist_ok=True)
    program = Path(sys.executable).resolve()
    _copy(program, root)
    for name in ("python", "python3"):
        (root / program.relative_to("/")).with_name(name).symlink_to(program.name)


def _binaries(root: Path) -> Iterator[Path]:
    yield root / Path(sys.executable).resolve().relative_to("/")
    yield from root.rglob("*.so")
    yield from root.rglob("*.so.*")


def _libraries(binaries: Iterable[Path]) -> set[Path]:
    """The shared libraries of the system that are loaded with any of these."""
    said = _output("ldd", *map(str, binaries))
    words = (line.split() for line in said.splitlines() if line.startswith("\t"))
    found = {Path(word) for line in words for word in line if word.startswith("/")}
    return {path for path in found if path.is_file()} - set(binaries)


def _copy(path: Path, root: Path) -> None:
    """Copy a file to the same place below the root, as a file also where it is a link."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _compile(root: Path) -> None:
    """Make the bytecode, which nobody can write into a root that is read-only."""
    library = root / sysconfig.get_path("stdlib").lstrip("/")
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(
        library,
        quiet=1,
        force=True,
        stripdir=root,
        prependdir="/",
        invalidation_mode=mode,
        workers=0,
    ):
        sys.exit("a module cannot be compiled")


def _debian_package(library: Path) -> str:
    """The package that a library is of; empty if it is of none."""
    for path in (library, library.resolve(), Path("/usr", library.relative_to("/"))):
        found = _output("dpkg-query", "--search", str(path))
        if found:
            return found.split(":")[0]
    return ""


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _sbom(root: Path, debian: Iterable[str]) -> dict[str, Any]:
    found = distributions(path=[str(_site_packages(root))])
    packages = {one.name: one for one in found}
    mock = packages.pop("rodent-events")
    components = [
        _component("python", platform.python_version(), "generic", "Python-2.0"),
        *(_python_component(packages[name]) for name in sorted(packages)),
        *(_component(name, _debian_version(name), "deb/debian") for name in debian),
    ]
    described = {**_python_component(mock), "type": "application"}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": described},
        "components": components,
    }


def _debian_version(package: str) -> str:
    return _output("dpkg-query", "--show", "--showformat", "${Version}", package)


def _python_component(distribution: Distribution) -> dict[str, Any]:
    about = distribution.metadata.json
    classifiers = [text for text in about.get("classifier", ()) if text.startswith("License :: ")]
    told = about.get("license_expression") or str(about.get("license", "")).partition("\n")[0]
    licence = told or ", ".join(text.rpartition(" :: ")[2] for text in classifiers)
    return _component(distribution.name, distribution.version, "pypi", str(licence))


def _component(name: str, version: str, kind: str, licence: str = "") -> dict[str, Any]:
    about: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:{kind}/{name}@{version}",
    }
    if licence:
        about["licenses"] = [{"license": {"name": licence}}]
    return about


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
