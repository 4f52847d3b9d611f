"""What is said of data that are not what they should be: what would be right, what is near."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from msgspec import inspect

_WORDS: Mapping[type[inspect.Type], str] = {
    inspect.StrType: "text",
    inspect.BytesType: "bytes in base64",
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.DictType: "an object",
    inspect.StructType: "an object",
}


_LONGEST = 200
"""Characters of what somebody gave that an error repeats."""


def shortened(text: str) -> str:
    """A text, or its beginning."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def in_a_line(what: object, most: int = 200) -> str:
    """Something as text on one line, or the beginning of it."""
    return " ".join(str(what).split())[:most]


def did_you_mean(words: Collection[object], choices: Collection[str]) -> str:
    """A question after the choices that are nearest to some words; empty if none is near."""
    near = [
        match
        for word in map(str, words)
        if len(word) <= _LONGEST
        for match in get_close_matches(word, choices, n=1)
    ]
    return f", did you mean {', '.join(near)}?" if near else ""


def one_of(what: str, given: str, choices: Collection[str]) -> str:
    """One of some names.

    Raises:
        ValueError: It is none; the text names those that there are, and the nearest.
    """
    if given in choices:
        return given
    near = did_you_mean([given], choices)
    raise ValueError(f"{what} is {given!r}: give one of {', '.join(choices)}{near}")


def wanted(kind: inspect.Type) -> str:
    """What to give for a type, in words; empty if there are none."""
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            title = (extra or {}).get("title")
            return wanted(inner) if title is None else f"{title.lower()}{_range(inner)}"
        case inspect.UnionType(types=kinds):
            return " or ".join(filter(None, map(wanted, kinds)))
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
    return _wanted_of_many(kind) or f"{_WORDS.get(type(kind), '')}{_range(kind)}"


def _wanted_of_many(kind: inspect.Type) -> str:
    match kind:
        case inspect.ListType(item_type=item):
            return f"a list of {wanted(item)}"
        case inspect.VarTupleType(item_type=item) if wanted(item):
            return f"a list, each {wanted(item)}"
        case inspect.TupleType(item_types=items):
            return f"a list of {len(items)}, each {wanted(items[0])}"
        case inspect.DictType(key_type=key, value_type=value) if type(value) is not inspect.AnyType:
            keys = "" if type(key) is inspect.StrType else f", {wanted(key)}"
            return f"an object with {wanted(value)} for each key{keys}"
    return ""


def _range(kind: inspect.Type) -> str:
    least, most = getattr(kind, "ge", None), getattr(kind, "le", None)
    return "" if least is None or most is None else f" from {least:.10g} to {most:.10g}"
