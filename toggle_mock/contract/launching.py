"""Starting a Rodent that is judged: what of the environment it gets, and its configuration file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template

from toggle_mock.contract.program import Program
from toggle_mock.contract.settings import RodentContract

EVENTS_DIR = "events"
"""The folder of its events, in a Rodent's own one."""

JWT_FILE = "token"
"""The file with its token, there too."""

_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH")


def inherited() -> dict[str, str]:
    """What of our own environment a program gets."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def told(folder: Path, address: str, token: str, case_id: str) -> dict[str, str]:
    """What every Rodent is told in its environment; what that names is there afterwards.

    Args:
        folder: Its own.
        address: Toggle's, ``host:port``.
        token: Its token.
        case_id: What ``SUITE_CASE`` is to be.
    """
    events_dir = folder / EVENTS_DIR
    events_dir.mkdir(exist_ok=True)
    return {
        "TOGGLE_ADDRESS": address,
        "TOGGLE_JWT": token,
        "TOGGLE_JWT_FILE": str(write_token(folder, token)),
        "EVENTS_DIR": str(events_dir),
        "HOME": str(folder),
        "SUITE_CASE": case_id,
    }


def write_token(folder: Path, token: str) -> Path:
    """Write a token into the file that TOGGLE_JWT_FILE names, at once as a whole."""
    new = folder / f"{JWT_FILE}.new"
    new.write_text(token)
    return new.replace(folder / JWT_FILE)


def start_rodent(
    contract: RodentContract,
    environment: Mapping[str, str],
    own_folder: Path,
    on_line: Callable[[str], object],
    *,
    where: Path,
) -> Program:
    """Start a Rodent.

    Args:
        contract: What is said of it.
        environment: What it is told in its environment, besides what the contract says.
        own_folder: Where its configuration file is rendered, if it has a template.
        on_line: Is called with each line of its stdout, in a thread.
        where: The folder that it is started in.

    Raises:
        ContractError: It cannot be started.
        OSError: The template cannot be read.
    """
    config = own_folder / "rodent-config"
    all_told = {
        **inherited(),
        **contract.environment,
        "RODENT_CONFIG": str(config),
        **environment,
    }
    if contract.config_template is not None:
        template = Template(Path(contract.config_template).read_text("utf-8"))
        config.write_text(template.safe_substitute(all_told), "utf-8")
    command = [part.replace("{config}", str(config)) for part in contract.command]
    return Program(command, all_told, where, on_line)
