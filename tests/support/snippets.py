"""What documentation shows of an example: one function of it, with all that it needs."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

LINE_LENGTH = 100


def snippet(source: str, name: str) -> str:
    """One function of a file, after the imports, constants and helpers of the file that it uses.

    Raises:
        LookupError: The file has no such function.
    """
    parts = list(_parts(source))
    if not any(name in part.names and part.is_function for part in parts):
        raise LookupError(f"there is no function {name}")
    automatic = {one for part in parts if part.is_automatic for one in part.names}
    needed = _needed(parts, {name, *automatic})
    shown = [part for part in parts if part.is_import or part.names & needed]
    texts = [(part, text) for part in shown if (text := part.shown(needed))]
    text, before = "", None
    for part, lines in texts:
        text += part.distance(before) + lines
        before = part
    return text + "\n"


@dataclass
class _Part:
    """A statement at the top of a file."""

    node: ast.stmt
    text: str
    section: int  # imports of one section stand together

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    @property
    def is_automatic(self) -> bool:
        """Whether it is a fixture that tests need not take."""
        decorators = getattr(self.node, "decorator_list", [])
        return any("autouse=True" in ast.unparse(each) for each in decorators)

    @property
    def names(self) -> set[str]:
        """What the rest of the file may call it by."""
        if self.is_import:
            return {_bound(alias) for alias in self.node.names}
        if self.is_function:
            return {self.node.name}
        return {
            node.id
            for node in ast.walk(self.node)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }

    @property
    def used(self) -> set[str]:
        """What it reads, and the fixtures that it takes."""
        nodes = list(ast.walk(self.node))
        read = {node.id for node in nodes if isinstance(node, ast.Name)}
        return read | {node.arg for node in nodes if isinstance(node, ast.arg)}

    def shown(self, needed: set[str]) -> str:
        """Its text; of an import, as much as is needed."""
        if not self.is_import:
            return self.text
        kept = [alias for alias in self.node.names if _bound(alias) in needed]
        if len(kept) == len(self.node.names):
            return self.text
        if not kept:
            return ""
        line = ast.unparse(type(self.node)(**{**vars(self.node), "names": kept}))
        if len(line) <= LINE_LENGTH:
            return line
        start, _, names = line.partition(" import ")
        return f"{start} import (\n" + "".join(f"    {one},\n" for one in names.split(", ")) + ")"

    def distance(self, before: "_Part | None") -> str:
        """The blank lines between it and what stands before, as ruff has them."""
        if before is None:
            return ""
        if self.is_function or before.is_function:
            return "\n\n\n"
        together = self.section == before.section and self.is_import == before.is_import
        return "\n" if together else "\n\n"


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _parts(source: str) -> Iterator[_Part]:
    lines = source.splitlines()
    section, end = 0, 0
    for node in ast.parse(source).body:
        if isinstance(node, ast.Expr):  # the docstring
            continue
        decorators = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(each.lineno for each in decorators)])
        section += start > end + 1
        end = node.end_lineno
        yield _Part(node, "\n".join(lines[start - 1 : end]), section)


def _needed(parts: list[_Part], names: set[str]) -> set[str]:
    """All names that some use, by way of others too."""
    needed, waiting = set(), set(names)
    while waiting:
        needed |= waiting
        used = {each for part in parts if part.names & waiting for each in part.used}
        waiting = used - needed
    return needed
