"""The settings: where they come from, what they may be, and what contradicts what.

The later of these wins: the profile, the file ``rodent.yml``, the environment, keyword arguments.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from rodent_events.errors import ConfigError, describe
from rodent_events.ledger import Drop
from rodent_events.payload_types import payload_types, schema_of, short_names
from rodent_events.pb.events.event_messages_pb2 import Event, EventCategory, EventLevel
from rodent_events.rate_limit import Rate
from rodent_events.setting_kinds import (
    Address,
    Count,
    FilePath,
    Flag,
    FolderPath,
    Kind,
    Seconds,
    Token,
    choice,
    fail,
    function_of,
    names,
    near,
    one_of,
    rates,
)

ENVIRONMENT_PREFIX = "RODENT_EVENTS_"
_SECTION = "events"
CONFIG_FILE_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"

LEVELS: Mapping[int, str] = short_names(EventLevel.DESCRIPTOR)
CATEGORIES: Mapping[int, str] = short_names(EventCategory.DESCRIPTOR)


def _payload_type_names() -> frozenset[str]:
    return frozenset(one.short_name for one in payload_types(schema_of(Event())).values())


_ALL_BUT_USAGE = frozenset(CATEGORIES.values()) - {"USAGE"}
_INFO_AND_ABOVE = frozenset({"INFO", "WARN", "ERROR", "CRITICAL"})
_ERROR_AND_ABOVE = frozenset({"ERROR", "CRITICAL"})


PROFILES: Mapping[str, Mapping[str, Any]] = {
    "default": {
        "buffer_size": 20_000,
        "flush_threshold": 18_000,
        "batch_size": 100,
        "batch_timeout": 30.0,
        "enabled_levels": _INFO_AND_ABOVE,
    },
    "high-throughput": {
        "buffer_size": 50_000,
        "flush_threshold": 45_000,
        "batch_size": 500,
        "batch_timeout": 60.0,
        "enabled_levels": _INFO_AND_ABOVE,
    },
    "low-latency": {
        "buffer_size": 5_000,
        "flush_threshold": 4_000,
        "batch_size": 50,
        "batch_timeout": 5.0,
        "enabled_levels": _INFO_AND_ABOVE,
    },
    "minimal": {
        "buffer_size": 2_000,
        "flush_threshold": 1_800,
        "batch_size": 25,
        "batch_timeout": 30.0,
        "enabled_levels": _ERROR_AND_ABOVE,
    },
}

_FROM_PROFILE: Any = None


class SpoolMode(StrEnum):
    """Where events wait."""

    SPILL = "spill"
    JOURNAL = "journal"


class Fsync(StrEnum):
    """When files are synced."""

    NEVER = "never"
    INTERVAL = "interval"
    ALWAYS = "always"


class Overflow(StrEnum):
    """What happens to an event that finds memory and disk full."""

    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"
    BLOCK = "block"


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

    target: Address = None
    """Toggle's address, ``host:port``; http:// before it is dropped, https:// means ``tls``.
    Or a socket of this machine, ``unix:/path`` or ``unix-abstract:name``."""
    jwt: Token = field(default=None, repr=False)
    """The token sent as ``authorization: Bearer <jwt>``, or a function that returns it."""
    jwt_file: FilePath = None
    """A file that holds the token, read again whenever it changes; instead of ``jwt``."""
    tls: Flag = False
    """Whether the connection uses TLS; a setting of one of the three files implies it."""
    tls_ca_file: FilePath = None
    """PEM file with the roots to trust; else that of SSL_CERT_FILE, or the system's."""
    tls_cert_file: FilePath = None
    """PEM file with the client's certificate chain, for mTLS."""
    tls_key_file: FilePath = None
    """PEM file with the client's private key, for mTLS."""
    use_proxy: Flag = True
    """Whether the HTTP proxy that the environment names is used, as gRPC does."""

    profile: Annotated[str, choice(PROFILES)] = "default"
    """``default``, ``high-throughput``, ``low-latency`` or ``minimal``; sets the next five."""
    buffer_size: Count = _FROM_PROFILE
    """Events kept in memory at the most."""
    flush_threshold: Count = _FROM_PROFILE
    """Events in memory beyond which they are spilled to disk."""
    batch_size: Count = _FROM_PROFILE
    """Events in a batch at the most; so many waiting are sent at once."""
    batch_timeout: Seconds = _FROM_PROFILE
    """Seconds after which fewer are sent."""
    enabled_levels: Annotated[frozenset[str], names("EVENT_LEVEL_", LEVELS)] = _FROM_PROFILE
    """Names of EventLevel, such as ``INFO``; events of other levels are filtered."""
    enabled_categories: Annotated[frozenset[str], names("EVENT_CATEGORY_", CATEGORIES)] = (
        _ALL_BUT_USAGE
    )
    """Names of EventCategory, such as ``STORAGE``; events of other categories are filtered."""

    events_dir: FolderPath = field(default_factory=default_events_dir)
    """The spool folder."""
    require_disk: Flag = False
    """Whether the start fails while ``events_dir`` cannot be used. Else events are kept in memory
    until it can."""
    spool_mode: Annotated[SpoolMode, choice(SpoolMode)] = SpoolMode.SPILL
    """``spill``: events wait in memory, and on disk beyond ``flush_threshold`` or while
    Toggle is away.
    ``journal``: each event is on disk before emit returns."""
    spill_after: Seconds = 1.0
    """Seconds that an event waits in memory alone at the most; then it is on disk too. So much is
    what an end can lose that nothing notices, such as kill -9."""
    fsync: Annotated[Fsync, choice(Fsync)] = Fsync.NEVER
    """When files are synced, to outlast a loss of power: ``never``, each ``fsync_interval``
    (``interval``), or before emit returns (``always``)."""
    fsync_interval: Seconds = 0.1
    """Seconds between two syncs of the journal."""
    spool_max_bytes: Count = 1_000_000_000
    """Bytes of all spool files at the most; a tenth of it is kept for the end of the process."""
    spool_max_files: Count = 10_000
    """Spool files at the most; a tenth of them, and at least one of several, likewise."""
    overflow: Annotated[Overflow, choice(Overflow)] = Overflow.DROP_OLDEST
    """What happens when memory and disk are full: ``drop_oldest``, ``drop_newest`` or ``block``."""
    rate_limits: Annotated[Mapping[str, Rate], rates(_payload_type_names)] = field(
        default_factory=dict, hash=False
    )
    """Events per second, by payload type, such as ``{"storage_pool": 100}``; what is beyond is
    dropped, counted. A burst of one second's worth passes, or what ``{"storage_pool":
    {"per_second": 100, "burst": 1000}}`` says."""
    before_emit: Annotated[Callable[[Event], Event | None] | None, function_of("one Event")] = None
    """Called in emit with each event that passes the filters; what it returns is emitted instead,
    and None drops it, counted."""
    on_drop: Annotated[Callable[[Drop], None] | None, function_of("one Drop")] = None
    """Called by the bus's thread with what was dropped since its last call, kind by kind."""
    overflow_timeout: Seconds = 5.0
    """Seconds that emit waits for room with ``overflow="block"`` before it drops the event."""
    max_batch_bytes: Count = 4_000_000
    """Bytes in a batch at the most; a default gRPC server takes 4,194,304."""
    max_file_size: Count = 16_000_000
    """Bytes in a spool file at the most."""
    max_retry_attempts: Count = 3
    """Tries in a row before a batch goes to disk and waits for the server."""
    retry_backoff_base: Seconds = 1.0
    """Seconds; the n-th pause is drawn from 0 … base x 2^(n-1)."""
    retry_backoff_max: Seconds = 30.0
    """Seconds; no pause is longer."""
    retry_rejected: Flag = False
    """Whether a batch that Toggle answers with success=false is sent again, not quarantined."""
    send_timeout: Seconds = 30.0
    """Seconds a try may take."""

    def __post_init__(self) -> None:
        for name, value in PROFILES[one_of("profile", self.profile, PROFILES)].items():
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

    @property
    def synced(self) -> bool:
        """Whether files are synced at all."""
        return self.fsync is not Fsync.NEVER

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
            fail("config", config, "give a path, a mapping, or an EventConfig")
        environ = os.environ if environ is None else environ
        return cls(**_from_file(config, environ) | _from_environment(environ) | keywords)


# The kind of each setting, as its type says.
_KINDS: Mapping[str, Kind] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(EventConfig, include_extras=True).items()
}


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
    return _snake(key) in _KINDS or bool(near(key.lower(), [_SECTION], 0.8))


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


def _unknown(key: str, origin: str) -> ConfigError:
    found = near(_snake(key), _KINDS)
    hint = f"did you mean {found[0]}?" if found else f"known are: {', '.join(sorted(_KINDS))}"
    return ConfigError(f"unknown setting {key!r} in {origin}: {hint}")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != CONFIG_FILE_VARIABLE:
            key = _known_key(variable.removeprefix(ENVIRONMENT_PREFIX).lower(), "the environment")
            values[key] = _KINDS[key].parse(variable, text)
    return values
