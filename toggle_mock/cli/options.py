"""What several commands take: files, and the key of tokens."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from toggle_mock.recording.postgres.url import StoreUrl, is_store_url
from toggle_mock.wording import did_you_mean
from toggle_mock.yaml_files import read_yaml

F = TypeVar("F", bound=Callable[..., Any])

IN_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT_FILE = click.Path(dir_okay=False, path_type=Path)


if TYPE_CHECKING:
    _OfRecordings = click.ParamType[Path | StoreUrl]
    _OfStores = click.ParamType[StoreUrl]
    _OfNumbers = click.ParamType[float]
else:  # older ones of click take no parameter
    _OfRecordings = _OfStores = _OfNumbers = click.ParamType


class RecordingType(_OfRecordings):
    """A file with a recording, or the URL of a run in a store.

    Args:
        file: What a file is taken by.
    """

    name = "recording"

    def __init__(self, file: click.Path) -> None:
        self._file = file

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | StoreUrl:
        """The place; a URL that is none is not shown, as it may have a password in it."""
        if isinstance(value, StoreUrl):
            return value
        if not is_store_url(str(value)):
            return Path(os.fsdecode(self._file.convert(value, param, ctx)))
        try:
            return StoreUrl.of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class StoreType(_OfStores):
    """The URL of a store, without a run."""

    name = "store"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> StoreUrl:
        """The URL; one that is none is not shown, as it may have a password in it."""
        try:
            url = value if isinstance(value, StoreUrl) else StoreUrl.of(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if url.run is not None:
            self.fail(f"{url.store} is enough: leave out ?run=", param, ctx)
        return url


class _Measure(_OfNumbers):
    """A number with a unit behind it, or without one."""

    units: Mapping[str, int]
    wanted: str

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """How much it is, in the smallest unit."""
        if isinstance(value, int | float):
            return value
        match = re.fullmatch(rf"(\d+(?:\.\d+)?)({'|'.join(self.units)})", str(value))
        if match is None or float(match[1]) == 0:
            self.fail(f"{value!r} {self.wanted}", param, ctx)
        return float(match[1]) * self.units[match[2]]


class Duration(_Measure):
    """Seconds, or ``90s``, ``10m``, ``2h``, ``30d``."""

    name = "duration"
    units: Mapping[str, int] = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "": 1}
    wanted = "is no time: give seconds, or such as 90s, 10m, 2h, 30d"


class Size(_Measure):
    """Bytes, or ``500MB``, ``10GB``."""

    name = "size"
    units: Mapping[str, int] = {"kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "": 1}
    wanted = "is no size: give bytes, or such as 500MB, 10GB"


IN_RECORDING = RecordingType(IN_FILE)
OUT_RECORDING = RecordingType(OUT_FILE)


def key_options(command: F) -> F:
    """Add ``--jwt-algorithm`` and ``--jwt-key``."""
    algorithm = click.option(
        "--jwt-algorithm",
        type=click.Choice(["HS256", "RS256", "ES256"]),
        default="HS256",
        show_default=True,
        help="How tokens are signed.",
    )
    key = click.option(
        "--jwt-key",
        type=IN_FILE,
        help="File with the secret of HS256, or the private key as PEM.",
    )
    return algorithm(key(command))


def schema_option(command: F) -> F:
    """Add ``--schema``."""
    return click.option(
        "--schema",
        help="What to read under: a revision, a folder of .proto files, a descriptor set, or auto, "
        "the newest revision that all events fit.",
    )(command)


def secret_of(path: Path | None) -> bytes | None:
    """The key in a file; None without one."""
    return path.read_bytes().strip() if path else None


def config_option(command: F) -> F:
    """Add ``--config``, a file that gives values to the other options."""
    return click.option(
        "--config",
        type=IN_FILE,
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="YAML file with values of these options by name, such as `http: 8080`.",
    )(command)


def _read_config(context: click.Context, _param: click.Parameter, path: Path | None) -> None:
    """Make the values of a file the defaults: what the environment or the command says is before.

    Raises:
        BadParameter: It is no mapping from options to values.
    """
    if path is None:
        return
    file = read_yaml(path, click.BadParameter)
    given = {} if file.data is None else file.data
    if not isinstance(given, dict):
        raise click.BadParameter(f"{path} has no names of options with values")
    options = configurable(context.command)
    values = {str(name): _as_given(options.get(str(name)), value) for name, value in given.items()}
    for name, value in values.items():
        try:
            _check_option(context, options, name, value)
        except click.BadParameter as error:
            raise click.BadParameter(f"{file.where(key=name)}: {error.message}") from None
    context.default_map = {options[name].name: value for name, value in values.items()}


def _as_given(option: click.Parameter | None, value: object) -> object:
    """The values of an option that may stand several times; a single one needs no list."""
    is_one = value is not None and not isinstance(value, list)
    return [value] if is_one and option is not None and option.multiple else value


def _check_option(
    context: click.Context, options: Mapping[str, click.Parameter], name: str, value: object
) -> None:
    if name not in options:
        raise click.BadParameter(f"there is no option {name!r}{did_you_mean([name], options)}")
    given = value if options[name].multiple and isinstance(value, list) else [value]
    no_values = list if _takes_mappings(options[name]) else list | dict
    if any(each is None or isinstance(each, no_values) for each in given):
        raise click.BadParameter(f"{name} is {value!r}: give one value")
    try:
        options[name].type_cast_value(context, value)
    except click.BadParameter as error:
        raise click.BadParameter(f"{name}: {error.message}") from None


def _takes_mappings(option: click.Parameter) -> bool:
    return getattr(option.type, "takes_mappings", False)


def configurable(command: click.Command) -> Mapping[str, click.Parameter]:
    """The options of a command that a file may give values to, by their names."""
    return {
        option_name(option): option
        for option in command.params
        if isinstance(option, click.Option) and option.expose_value
    }


def config_schema(command: click.Command) -> dict[str, Any]:
    """The JSON Schema of a file for ``--config``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A file for toggle-mock {command.name} --config: values of its options",
        "type": ["object", "null"],
        "properties": {
            name: {"description": getattr(option, "help", None), **_schema(option)}
            for name, option in configurable(command).items()
        },
        "additionalProperties": False,
    }


def _schema(option: click.Parameter) -> dict[str, Any]:
    one = _type_schema(option)
    return {"anyOf": [one, {"type": "array", "items": one}]} if option.multiple else one


def _type_schema(option: click.Parameter) -> dict[str, Any]:
    match option.type:
        case click.Choice(choices=choices):
            return {"enum": list(choices)}
        case click.IntRange(min=least, max=most) | click.FloatRange(min=least, max=most):
            kind = "integer" if isinstance(option.type, click.IntRange) else "number"
            limits = {"minimum": least, "maximum": most}
            return {"type": kind} | {key: at for key, at in limits.items() if at is not None}
        case click.types.BoolParamType():
            return {"type": "boolean"}
    return {"type": ["string", "object"] if _takes_mappings(option) else "string"}


def option_name(option: click.Parameter) -> str:
    """The name as users write it, without its dashes."""
    return max(option.opts, key=len).lstrip("-")


def from_environment(command: click.Command) -> click.Command:
    """Have each option of a command take ``TOGGLE_MOCK_NAME`` from the environment too."""
    for option in command.params:
        if isinstance(option, click.Option):
            option.envvar = f"TOGGLE_MOCK_{option_name(option).replace('-', '_').upper()}"
            option.show_envvar = True
    return command
