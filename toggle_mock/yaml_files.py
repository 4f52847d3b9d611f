"""YAML that people write: what stands in it, and on which line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml


@dataclass(frozen=True)
class YamlFile:
    """What stands in a YAML file."""

    name: str
    """Its path, or what else it is called."""
    data: Any
    """None if it is empty."""
    _root: yaml.Node | None

    def where(self, *way: str | int, key: str | None = None) -> str:
        """The file and the line of something in it, as ``FILE:LINE``.

        Args:
            way: The keys and indexes that lead to it from the top.
            key: A key in it, however deep, whose line is meant instead, if it has one.
        """
        node = self._root
        for step in way:
            node = _value_at(node, step)
        found = next((one for one in _keys(node) if one.value == key), node)
        return f"{self.name}:{found.start_mark.line + 1 if found else 1}"


def read_yaml(path: Path, problem: Callable[[str], Exception]) -> YamlFile:
    """Read a YAML file.

    Args:
        path: The file.
        problem: Makes what is raised if it is none, or has a key twice, of a text that says so.

    Raises:
        OSError: It cannot be read.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise problem(f"{path} is no YAML: {error}") from None
    return parse_yaml(text, str(path), problem)


def parse_yaml(text: str, name: str, problem: Callable[[str], Exception]) -> YamlFile:
    """What some YAML says.

    Args:
        text: The YAML.
        name: What it is called in an error.
        problem: Makes what is raised, as for :func:`read_yaml`.
    """
    import yaml

    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        twice = _first_repeated(root)
        data = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise problem(f"{name}{line} is no YAML: {error.problem or error.context}") from None
    except RecursionError:
        raise problem(f"{name} is no YAML: it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:
        raise problem(f"{name} is no YAML: {error}") from None
    if twice is not None:
        raise problem(f"{name}:{twice.start_mark.line + 1}: {twice.value} stands here twice")
    return YamlFile(name, data, root)


def _value_at(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    values = [] if node is None else node.value
    if isinstance(step, int):
        found: yaml.Node = values[step]
        return found
    return next((value for key, value in values if key.value == step), None)


def _keys(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """The keys in a node, each before those within its value."""
    return (key for keys in _keys_by_mapping(node) for key in keys)


def _keys_by_mapping(node: yaml.Node | None) -> Iterator[list[yaml.Node]]:
    """The keys of each mapping in a node, which may be in itself, by an alias."""
    import yaml

    waiting, seen = [node], set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, yaml.MappingNode):
            yield [key for key, _ in current.value]
            waiting += [value for _, value in reversed(current.value)]
        elif isinstance(current, yaml.SequenceNode):
            waiting += reversed(current.value)


def _first_repeated(root: yaml.Node | None) -> yaml.Node | None:
    """The first key that its mapping has had before; YAML's reader would forget the earlier."""
    for keys in _keys_by_mapping(root):
        seen = set()
        for key in keys:
            if isinstance(key.value, str) and key.value in seen:
                return key
            seen.add(key.value if isinstance(key.value, str) else id(key))
    return None
