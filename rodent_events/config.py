"""The settings: where they come from, what they may be, and what contradicts what.

The later of these wins: the profile, the file ``rodent.yml``, the environment, keyword arguments.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NoReturn

from rodent_events.errors import ConfigError, describe
from rodent_events.ledger import Drop
from rodent_events.payload_types import short_names
from rodent_events.pb.events.event_messages_pb2 import EventCategory, EventLevel

TokenProvider = Callable[[], str | Awaitable[str]]
"""Returns a JWT, or an awaitable of one; it is asked again when Toggle refuses the last one."""

ENVIRONMENT_PREFIX = "RODENT_EVENTS_"
_SECTION = "events"
CONFIG_FILE_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"

LEVELS: Mapping[int, str] = short_names(EventLevel.DESCRIPTOR)
CATEGORIES: Mapping[int, str] = short_names(EventCategory.DESCRIPTOR)

_ALL_BUT_USAGE = frozenset(
    {
        *("UNSPECIFIED", "SYSTEM", "STORAGE", "NETWORK", "SECURITY", "SERVICE", "IDENTITY"),
        *("ACCESS", "SHARING", "DATA_TRANSFER"),
    }
)
_INFO_AND_ABOVE = frozenset({"INFO", "WARN", "ERROR", "CRITICAL"})
_ERROR_AND_ABOVE = frozenset({"ERROR", "CRITICAL"})


def _profile(
    buffer_size: int,
    flush_threshold: int,
    batch_size: int,
    batch_timeout: float,
    enabled_levels: frozenset[str] = _INFO_AND_ABOVE,
) -> Mapping[str, Any]:
    return locals()


PROFILES: Mapping[str, Mapping[str, Any]] = {
    "default": _profile(20_000, 18_000, 100, 30.0),
    "high-throughput": _profile(50_000, 45_000, 500, 60.0),
    "low-latency": _profile(5_000, 4_000, 50, 5.0),
    "minimal": _profile(2_000, 1_800, 25, 30.0, _ERROR_AND_ABOVE),
}

_FROM_PROFILE: Any = None


def default_events_dir() -> Path:
    """The spool folder unless one is set: ``~/.rodent/events``, or, for a user without a home,
    ``/var/lib/rodent/events``.
    """
    try:
        return Path.home() / ".rodent" / "events"
    except RuntimeError:
        return Path("/var/lib/rodent/events")


@dataclass(frozen=True, kw_only=True)
class EventConfig:
    """All settings, checked.

    Raises:
        ConfigError: A value has a wrong type or is out of its range, or two contradict each other.
            The message names the key, the value and the remedy.
    """

    target: str | None = None
    """Toggle's address, ``host:port``; http:// before it is dropped, https:// means ``tls``."""
    jwt: str | TokenProvider | None = field(default=None, repr=False)
    """The token sent as ``authorization: Bearer <jwt>``, or a function that returns it."""
    jwt_file: Path | None = None
    """A file that holds the token, read again whenever it changes; instead of ``jwt``."""
    tls: bool = False
    """Whether the connection uses TLS; a setting of one of the three files implies it."""
    tls_ca_file: Path | None = None
    """PEM file with the roots to trust; the system's unless it is set."""
    tls_cert_file: Path | None = None
    """PEM file with the client's certificate chain, for mTLS."""
    tls_key_file: Path | None = None
    """PEM file with the client's private key, for mTLS."""

    profile: str = "default"
    """``default``, ``high-throughput``, ``low-latency`` or ``minimal``; sets the next five."""
    buffer_size: int = _FROM_PROFILE
    """Events kept in memory at the most."""
    flush_threshold: int = _FROM_PROFILE
    """Events in memory beyond which they are spilled to disk."""
    batch_size: int = _FROM_PROFILE
    """Events in a batch at the most; so many waiting are sent at once."""
    batch_timeout: float = _FROM_PROFILE
    """Seconds after which fewer are sent."""
    enabled_levels: frozenset[str] = _FROM_PROFILE
    """Names of EventLevel, such as ``INFO``; events of other levels are filtered."""
    enabled_categories: frozenset[str] = _ALL_BUT_USAGE
    """Names of EventCategory, such as ``STORAGE``; events of other categories are filtered."""

    events_dir: Path = field(default_factory=default_events_dir)
    """The spool folder."""
    spool_mode: str = "spill"
    """``spill``: events wait in memory, and on disk beyond ``flush_threshold`` or while
    Toggle is away.
    ``journal``: each event is on disk before emit returns."""
    fsync: str = "never"
    """When files are synced, to outlast a loss of power: ``never``, each ``fsync_interval``
    (``interval``), or before emit returns (``always``)."""
    fsync_interval: float = 0.1
    """Seconds between two syncs of the journal."""
    spool_max_bytes: int = 1_000_000_000
    """Bytes of all spool files at the most."""
    spool_max_files: int = 10_000
    """Spool files at the most."""
    overflow: str = "drop_oldest"
    """What happens when memory and disk are full: ``drop_oldest``, ``drop_newest`` or ``block``."""
    on_drop: Callable[[Drop], None] | None = None
    """Called by the bus's thread with what was dropped since its last call, kind by kind."""
    overflow_timeout: float = 5.0
    """Seconds that emit waits for room with ``overflow="block"`` before it drops the event."""
    max_batch_bytes: int = 4_000_000
    """Bytes in a batch at the most; a default gRPC server takes 4,194,304."""
    max_file_size: int = 16_000_000
    """Bytes in a spool file at the most."""
    max_retry_attempts: int = 3
    """Tries in a row before a batch goes to disk and waits for the server."""
    retry_backoff_base: float = 1.0
    """Seconds; the n-th pause is drawn from 0 … base x 2^(n-1)."""
    retry_backoff_max: float = 30.0
    """Seconds; no pause is longer."""
    retry_rejected: bool = False
    """Whether a batch that Toggle answers with success=false is sent again, not quarantined."""
    send_timeout: float = 30.0
    """Seconds a try may take."""

    def __post_init__(self) -> None:
        for name, value in PROFILES[_one_of("profile", self.profile, PROFILES)].items():
            if getattr(self, name) is None:
                self._set(name, value)
        if isinstance(self.target, str) and self.target.startswith("https://"):
            self._set("tls", True)
        for setting in fields(self):
            value = getattr(self, setting.name)
            self._set(setting.name, _KINDS[setting.name].check(setting.name, value))
        self._check_contradictions()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_contradictions(self) -> None:
        for smaller, larger in (
            ("batch_size", "flush_threshold"),
            ("flush_threshold", "buffer_size"),
            ("max_batch_bytes", "max_file_size"),
            ("max_file_size", "spool_max_bytes"),
        ):
            low, high = getattr(self, smaller), getattr(self, larger)
            if low > high:
                raise ConfigError(
                    f"{smaller} is {low}{self._origin(smaller)}, more than {larger}, which is "
                    f"{high}{self._origin(larger)}: lower {smaller} or raise {larger}"
                )
        if self.jwt is not None and self.jwt_file is not None:
            raise ConfigError(f"jwt is set, and jwt_file is {self.jwt_file}: give one of them")
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ConfigError(
                f"tls_cert_file is {self.tls_cert_file} and tls_key_file is {self.tls_key_file}: "
                f"mTLS needs both"
            )

    def given(self) -> dict[str, Any]:
        """All settings but those that are as the profile has them."""
        settings = {setting.name: getattr(self, setting.name) for setting in fields(self)}
        profile = PROFILES[self.profile]
        return {
            key: value
            for key, value in settings.items()
            if key not in profile or profile[key] != value
        }

    def _origin(self, key: str) -> str:
        profile = PROFILES[self.profile]
        return f" by profile {self.profile}" if profile.get(key) == getattr(self, key) else ""

    @property
    def secure(self) -> bool:
        """Whether the connection uses TLS."""
        return self.tls or self.tls_ca_file is not None or self.tls_cert_file is not None

    @classmethod
    def load(
        cls,
        config: EventConfig | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        **settings: Any,
    ) -> EventConfig:
        """Gather the settings from all sources.

        Args:
            config: The path of a ``rodent.yml``, what its ``events`` section holds, or a whole
                EventConfig, which leaves out file and environment. If it is None, the variable
                ``RODENT_EVENTS_CONFIG`` may name the file.
            environ: The environment, ``os.environ`` unless it is given. Each setting is
                ``RODENT_EVENTS_<KEY>``; lists are separated by commas.
            settings: Single settings; they win. One that is None counts as not given.

        Raises:
            ConfigError: A key is unknown, a value is wrong, a file cannot be read, or settings
                contradict each other.
        """
        keywords = {
            _known_key(key, "the keyword arguments"): value
            for key, value in settings.items()
            if value is not None
        }
        if isinstance(config, EventConfig):
            return cls(**config.given() | keywords)
        if not isinstance(config, Mapping | str | os.PathLike | None):
            _fail("config", config, "give a path, a mapping, or an EventConfig")
        environ = os.environ if environ is None else environ
        return cls(**_from_file(config, environ) | _from_environment(environ) | keywords)


def _from_file(
    config: Mapping[str, Any] | str | os.PathLike[str] | None, environ: Mapping[str, str]
) -> dict[str, Any]:
    if isinstance(config, Mapping):
        return _normalize(config, "config")
    path = config or environ.get(CONFIG_FILE_VARIABLE)
    if not path:
        return {}
    import yaml

    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        hint = ""
        if re.fullmatch(r"[\w.-]+:\d+", os.fspath(path)):
            hint = "; an address is given as target="
        raise ConfigError(
            f"cannot read the settings in {os.fspath(path)}: {error}{hint}"
        ) from error
    return _normalize(_events_section(document, os.fspath(path)), os.fspath(path))


def _events_section(document: Any, path: str) -> Mapping[str, Any]:
    section = document.get(_SECTION) if isinstance(document, dict) else document
    if section is None:
        misplaced = [key for key in document or () if _is_misplaced(str(key))]
        if misplaced:
            raise ConfigError(
                f"{path} has {misplaced[0]!r} at the top: settings stand in the section "
                f"{_SECTION!r}"
            )
        return {}
    if not isinstance(section, dict):
        raise ConfigError(f"{_SECTION} in {path} is {describe(section)}: give a mapping")
    return section


def _is_misplaced(key: str) -> bool:
    if key == _SECTION:
        return False
    return _snake(key) in _KINDS or bool(_near(key.lower(), [_SECTION], 0.8))


def _normalize(section: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """Keys in snake_case; deployed files have them in camelCase."""
    values: dict[str, Any] = {}
    for key, value in section.items():
        name = _snake(key)
        if name not in _KINDS:
            raise _unknown(str(key), origin)
        if name in values:
            raise ConfigError(f"{name} stands twice in {origin}, in snake_case and in camelCase")
        try:
            values[name] = _KINDS[name].check(name, value)
        except ConfigError as error:
            raise ConfigError(f"{error} (in {origin})") from None
    return values


def _snake(key: object) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", str(key)).lower()


def _known_key(key: str, origin: str) -> str:
    if key not in _KINDS:
        raise _unknown(key, origin)
    return key


def _near(word: str, words: Iterable[str], cutoff: float = 0.6) -> list[str]:
    """The word that is most like another, if there is one."""
    import difflib

    return difflib.get_close_matches(word, list(words), 1, cutoff)


def _unknown(key: str, origin: str) -> ConfigError:
    near = _near(_snake(key), _KINDS)
    hint = f"did you mean {near[0]}?" if near else f"known are: {', '.join(sorted(_KINDS))}"
    return ConfigError(f"unknown setting {key!r} in {origin}: {hint}")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != CONFIG_FILE_VARIABLE:
            key = _known_key(variable.removeprefix(ENVIRONMENT_PREFIX).lower(), "the environment")
            values[key] = _KINDS[key].parse(variable, text)
    return values


# Kinds of settings: a check, which returns the value in its right type, and a parser, which turns
# the text of an environment variable into what the check takes.


@dataclass(frozen=True)
class _Kind:
    check: Callable[[str, Any], Any]
    parse: Callable[[str, str], Any] = lambda _variable, text: text


def _fail(key: str, value: object, wanted: str) -> NoReturn:
    raise ConfigError(f"{key} is {describe(value)}: {wanted}")


_WANTED_COUNT = "give a whole number of 1 or more"
_WANTED_SECONDS = "give a number of seconds above 0"


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        _fail(key, value, _WANTED_COUNT)
    return value


def _parse_count(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        _fail(variable, text, _WANTED_COUNT)


def _seconds(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
        _fail(key, value, _WANTED_SECONDS)
    return float(value)


def _parse_seconds(variable: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        _fail(variable, text, _WANTED_SECONDS)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        _fail(key, value, "give true or false")
    return value


def _parse_flag(variable: str, text: str) -> bool:
    return _one_of(variable, text.lower(), ("true", "false")) == "true"


def _path(key: str, value: Any) -> Path:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        _fail(key, value, "give a path")
    return Path(value).expanduser()


def _optional_path(key: str, value: Any) -> Path | None:
    return None if value is None else _path(key, value)


def _one_of(key: str, value: Any, known: Collection[str]) -> str:
    if not isinstance(value, str) or value not in known:
        _fail(key, value, f"give one of {', '.join(known)}")
    return value


def _address(key: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        _fail(key, value, "give an address such as toggle.example.com:443")
    address = re.sub(r"^https?://", "", value).rstrip("/")
    host_and_port = re.fullmatch(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/]+):(\d{1,5})", address)
    if host_and_port is None or not 0 < int(host_and_port[1]) < 1 << 16:
        _fail(key, value, "give host:port; there is no default port")
    return address


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


def _callback(key: str, value: Any) -> Any:
    if value is not None and not callable(value):
        _fail(key, value, "give a function of one Drop")
    return value


def _names(prefix: str, known: Mapping[Any, str]) -> _Kind:
    def check(key: str, value: Any) -> frozenset[str]:
        if isinstance(value, str) or not isinstance(value, Collection) or not value:
            _fail(key, value, f"give a list with at least one of {', '.join(known.values())}")
        plain = [
            item.upper().removeprefix(prefix) if isinstance(item, str) else known.get(item, item)
            for item in value
        ]
        return frozenset(_one_of(key, item, known.values()) for item in plain)

    def parse(_variable: str, text: str) -> list[str]:
        return [item.strip() for item in text.split(",") if item.strip()]

    return _Kind(check, parse)


def _choice(*known: str) -> _Kind:
    return _Kind(lambda key, value: _one_of(key, value, known))


_COUNT = _Kind(_count, _parse_count)
_SECONDS = _Kind(_seconds, _parse_seconds)
_FLAG = _Kind(_flag, _parse_flag)
_OPTIONAL_PATH = _Kind(_optional_path)

_KINDS: Mapping[str, _Kind] = {
    "target": _Kind(_address),
    "jwt": _Kind(_token),
    "jwt_file": _OPTIONAL_PATH,
    "tls": _FLAG,
    "tls_ca_file": _OPTIONAL_PATH,
    "tls_cert_file": _OPTIONAL_PATH,
    "tls_key_file": _OPTIONAL_PATH,
    "profile": _choice(*PROFILES),
    "buffer_size": _COUNT,
    "flush_threshold": _COUNT,
    "batch_size": _COUNT,
    "batch_timeout": _SECONDS,
    "enabled_levels": _names("EVENT_LEVEL_", LEVELS),
    "enabled_categories": _names("EVENT_CATEGORY_", CATEGORIES),
    "events_dir": _Kind(_path),
    "spool_mode": _choice("spill", "journal"),
    "fsync": _choice("never", "interval", "always"),
    "fsync_interval": _SECONDS,
    "spool_max_bytes": _COUNT,
    "spool_max_files": _COUNT,
    "overflow": _choice("drop_oldest", "drop_newest", "block"),
    "on_drop": _Kind(_callback),
    "overflow_timeout": _SECONDS,
    "max_batch_bytes": _COUNT,
    "max_file_size": _COUNT,
    "max_retry_attempts": _COUNT,
    "retry_backoff_base": _SECONDS,
    "retry_backoff_max": _SECONDS,
    "retry_rejected": _FLAG,
    "send_timeout": _SECONDS,
}
