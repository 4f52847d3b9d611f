"""What several commands take: files, and the key of tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from toggle_mock.wording import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

IN_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT_FILE = click.Path(dir_okay=False, path_type=Path)


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
    given = read_yaml(path, click.BadParameter) or {}
    if not isinstance(given, dict):
        raise click.BadParameter(f"{path} has no names of options with values")
    names = {option_name(option): option.name for option in context.command.params}
    for name in map(str, given):
        if name not in names:
            raise click.BadParameter(
                f"{path}: there is no option {name!r}{did_you_mean([name], names)}"
            )
    context.default_map = {names[str(name)]: value for name, value in given.items()}


def read_yaml(path: Path, problem: Callable[[str], Exception]) -> Any:
    """What stands in a YAML file.

    Args:
        path: The file.
        problem: Makes what is raised if it is none, of a text that says so.

    Raises:
        OSError: It cannot be read.
    """
    import yaml

    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise problem(f"{path} is no YAML: {error}") from None


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
