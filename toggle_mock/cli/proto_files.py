"""The .proto files of a schema, as they were written, for code generators of any language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from toggle_mock.errors import SchemaError
from toggle_mock.schema import REVISIONS

_PUBLISHED = resources.files("toggle_mock") / "revisions"

_COMMENT_OR_TEXT = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)
_GO_PACKAGE = re.compile(r"^[ \t]*option\s+go_package\s*=[^;]*;", re.MULTILINE)
_BEFORE_OPTIONS = re.compile(r"^[ \t]*(?:syntax|edition|package)\b[^;]*;", re.MULTILINE)
_IMPORT_PATH = re.compile(r"[\w.~-]+(?:/[\w.~-]+)*")


def proto_files(source: str) -> dict[str, str]:
    """The texts of the files of a schema, by their paths.

    Args:
        source: A published revision, or a folder of .proto files.

    Raises:
        SchemaError: It is neither, or has none.
    """
    if source in REVISIONS:
        return _texts(_PUBLISHED / source)
    folder = Path(source)
    if not folder.is_dir():
        raise SchemaError(
            f"{source!r} has no .proto files to write: give a revision "
            f"({', '.join(REVISIONS)}) or a folder of .proto files"
        )
    found = _texts(folder)
    if not found:
        raise SchemaError(f"{source} has no .proto files")
    return found


def _texts(folder: Traversable, within: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{within}{one.name}"
        if one.is_dir():
            texts |= _texts(one, f"{path}/")
        elif one.name.endswith(".proto"):
            texts[path] = one.read_text("utf-8")
    return texts


def with_go_packages(texts: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The same files, each of the Go package of its folder below an import path.

    Args:
        texts: The files by their paths.
        prefix: The import path of the outermost folder, such as ``example.com/agent/pb``.

    Raises:
        ValueError: The prefix is no import path.
    """
    if not _IMPORT_PATH.fullmatch(prefix):
        raise ValueError(
            f"{prefix!r} is no import path of Go: give one such as example.com/agent/pb"
        )
    return {
        path: _with_option(text, str(PurePosixPath(prefix) / PurePosixPath(path).parent))
        for path, text in texts.items()
    }


def _with_option(text: str, package: str) -> str:
    """A file with ``option go_package``, in place of its own, or behind its package."""
    option = f'option go_package = "{package}";'
    bare = _COMMENT_OR_TEXT.sub(lambda found: " " * len(found[0]), text)
    own = _GO_PACKAGE.search(bare)
    if own:
        return f"{text[: own.start()]}{option}{text[own.end() :]}"
    ends = [found.end() for found in _BEFORE_OPTIONS.finditer(bare)]
    if not ends:
        return f"{option}\n{text}"
    return f"{text[: ends[-1]]}\n\n{option}{text[ends[-1] :]}"


def write_files(texts: Mapping[str, str], folder: Path, *, replace: bool) -> None:
    """Write files below a folder.

    Args:
        texts: The files by their paths.
        folder: It is made if there is none.
        replace: Whether files may be written over that say something else.

    Raises:
        FileExistsError: One is there that says something else; then none is written.
    """
    if not replace:
        for path, text in texts.items():
            there = folder / path
            if there.exists() and there.read_text("utf-8") != text:
                raise FileExistsError(f"{there} says something else: --force writes over it")
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
