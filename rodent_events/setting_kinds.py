"""What a setting may be: types that say how a value is checked, and how its text is read.

A setting is a field of ``EventConfig`` with one of these types. The check returns the value in its
right type; the parser turns the text of an environment variable into what the check takes. Which
settings there are, and where they come from, is in ``config``.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from rodent_events.errors import ConfigError, describe
from rodent_events.rate_limit import Rate

TokenProvider = Callable[[], str | Awaitable[str]]
"""Returns a JWT, or an awaitable of one; it is asked again when Toggle refuses the last one."""

Text = TypeVar("Text", bound=str)

SOCKET_SCHEMES = ("unix:", "unix-abstract:")
"""How a target begins that is a socket of this machine."""

# What the kernel has room for.
_LONGEST_SOCKET_PATH = 107

_WANTED_COUNT = "give a whole number of 1 or more"
_WANTED_SECONDS = "give a number of seconds above 0"
_WANTED_RATE = "give events per second, or both per_second and burst"
_WANTED_RATES = "give events per second by payload type, such as {storage_pool: 100}"


@dataclass(frozen=True)
class Kind:
    """How a setting is checked and read; both raise ConfigError, and take a name for that first."""

    check: Callable[[str, Any], Any]
    parse: Callable[[str, str], Any] = lambda _variable, text: text


def fail(key: str, value: object, wanted: str) -> NoReturn:
    """Say that a value is wrong, and what to give instead.

    Raises:
        ConfigError: Always.
    """
    raise ConfigError(f"{key} is {describe(value)}: {wanted}")


def one_of(key: str, value: Any, known: Iterable[Text]) -> Text:
    """The one of the known texts that a value equals; a member of an enum, if these are.

    Raises:
        ConfigError: It is none of them.
    """
    for choice in known:
        if isinstance(value, str) and value == choice:
            return choice
    fail(key, value, f"give one of {', '.join(known)}")


def near(word: str, words: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """The word that is most like another, if there is one."""
    import difflib

    return difflib.get_close_matches(word, list(words), 1, cutoff)


def choice(known: Iterable[str]) -> Kind:
    """One of some texts, or of the members of an enum."""
    return Kind(lambda key, value: one_of(key, value, known))


def function_of(argument: str) -> Kind:
    """A function, or None; ``argument`` says what it takes."""

    def check(key: str, value: Any) -> Any:
        if value is not None and not callable(value):
            fail(key, value, f"give a function of {argument}")
        return value

    return Kind(check)


def names(prefix: str, known: Mapping[Any, str]) -> Kind:
    """Some of the names of an enum's values, which may be given by number or with a prefix too."""

    def check(key: str, value: Any) -> frozenset[str]:
        if isinstance(value, str) or not isinstance(value, Collection) or not value:
            fail(key, value, f"give a list with at least one of {', '.join(known.values())}")
        plain = [
            item.upper().removeprefix(prefix) if isinstance(item, str) else known.get(item, item)
            for item in value
        ]
        return frozenset(one_of(key, item, known.values()) for item in plain)

    def parse(_variable: str, text: str) -> list[str]:
        return [item.strip() for item in text.split(",") if item.strip()]

    return Kind(check, parse)


def rates(known: Callable[[], Collection[str]]) -> Kind:
    """A rate for each of some known names; as text, in YAML."""

    def check(key: str, value: Any) -> dict[str, Rate]:
        if not isinstance(value, Mapping):
            fail(key, value, _WANTED_RATES)
        for name in value:
            if name not in known():
                raise ConfigError(f"{key} names {name!r}, no payload type: {hint(str(name))}")
        return {name: _rate(f"{key}.{name}", rate) for name, rate in value.items()}

    def hint(name: str) -> str:
        found = near(name, known())
        return f"did you mean {found[0]}?" if found else f"known are: {', '.join(sorted(known()))}"

    def parse(variable: str, text: str) -> Any:
        import yaml

        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            fail(variable, text, _WANTED_RATES)

    return Kind(check, parse)


def _rate(key: str, value: Any) -> Rate:
    if isinstance(value, Rate):
        return value
    if not isinstance(value, Mapping):
        per_second = _above_zero(key, value, _WANTED_RATE)
        return Rate(per_second, math.ceil(per_second))
    if value.keys() != {"per_second", "burst"}:
        fail(key, dict(value), _WANTED_RATE)
    return Rate(
        _above_zero(f"{key}.per_second", value["per_second"], "give a number above 0"),
        _count(f"{key}.burst", value["burst"]),
    )


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        fail(key, value, _WANTED_COUNT)
    return value


def _parse_count(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        fail(variable, text, _WANTED_COUNT)


def _seconds(key: str, value: Any) -> float:
    return _above_zero(key, value, _WANTED_SECONDS)


def _above_zero(key: str, value: Any, wanted: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        fail(key, value, wanted)
    return float(value)


def _parse_seconds(variable: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        fail(variable, text, _WANTED_SECONDS)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        fail(key, value, "give true or false")
    return value


def _parse_flag(variable: str, text: str) -> bool:
    return one_of(variable, text.lower(), ("true", "false")) == "true"


def _path(key: str, value: Any) -> Path:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        fail(key, value, "give a path")
    return Path(value).expanduser()


def _optional_path(key: str, value: Any) -> Path | None:
    return None if value is None else _path(key, value)


def _address(key: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        fail(key, value, "give an address such as toggle.example.com:443")
    if value.startswith(SOCKET_SCHEMES):
        return _socket_address(key, value)
    address = re.sub(r"^https?://", "", value).rstrip("/")
    host_and_port = re.fullmatch(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/]+):(\d{1,5})", address)
    if host_and_port is None or not 0 < int(host_and_port[1]) < 1 << 16:
        fail(key, value, "give host:port; there is no default port")
    return address


def _socket_address(key: str, value: str) -> str:
    # A path has one slash, after an empty authority: unix:/path, unix:///path, unix:path.
    path = re.fullmatch(r"(?:unix|unix-abstract):(?://(?=/))?((?!//)[^\s?#%,\0]+)", value)
    if path is None:
        fail(key, value, "give host:port, unix:/path or unix-abstract:name")
    if len(path[1].encode()) > _LONGEST_SOCKET_PATH:
        fail(key, value, f"gRPC takes paths of {_LONGEST_SOCKET_PATH} bytes at the most")
    return value


def _token(key: str, value: Any) -> str | TokenProvider | None:
    if value is None or callable(value):
        return value  # type: ignore[no-any-return]
    # The value may be a mangled token: it is not shown.
    if not isinstance(value, str):
        wrong = f"of type {type(value).__name__}"
    elif re.fullmatch(r"[\x21-\x7e]+", value.strip()):
        return value.strip()
    elif value.lower().startswith("bearer "):
        wrong = "preceded by 'Bearer', which is added when it is sent"
    else:
        wrong = "text with other characters than a token has" if value.strip() else "empty"
    raise ConfigError(f"{key} is {wrong}: give a JWT as text, or a function that returns one")


Count = Annotated[int, Kind(_count, _parse_count)]
"""A whole number of 1 or more."""
Seconds = Annotated[float, Kind(_seconds, _parse_seconds)]
"""A number of seconds above 0."""
Flag = Annotated[bool, Kind(_flag, _parse_flag)]
FolderPath = Annotated[Path, Kind(_path)]
FilePath = Annotated[Path | None, Kind(_optional_path)]
Address = Annotated[str | None, Kind(_address)]
"""``host:port``, or a socket of this machine."""
Token = Annotated[str | TokenProvider | None, Kind(_token)]
