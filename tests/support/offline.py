"""python3 for those who follow a tutorial: its pip brings what is installed where the tests run.

``-m venv FOLDER`` makes an environment with such a pip; ``-m pip install --quiet REQUIREMENT…``
puts what the requirements bring into it, and no more.
"""

import os
import subprocess
import sys
import sysconfig
from importlib.metadata import distribution
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.distributions import OURS, brought_by, linked

ROOT = Path(__file__).parents[2]
PIP = '#!/bin/sh\nexec {python} {here} -m pip "$@"\n'
PROGRAM = "#!{python}\nimport sys\nfrom {module} import {name}\nsys.exit({name}())\n"


def make_environment(folder: Path) -> None:
    """An environment without anything but that pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    write_program(folder / "bin" / "pip", PIP.format(python=sys.executable, here=__file__))


def install(requirements: list[str], environment: Path) -> None:
    """Link what the requirements bring, and their programs, into an environment."""
    packages = next(environment.glob("lib/python*/site-packages"))
    found = brought_by(requirements)
    linked(found.values(), packages)
    (information,) = Path(sysconfig.get_path("purelib")).glob("rodent_events-*.dist-info")
    for own in (information, ROOT / "rodent_events", ROOT / "toggle_mock"):
        if not (packages / own.name).exists():
            (packages / own.name).symlink_to(own)
    for one in (*found.values(), distribution(OURS)):
        for point in one.entry_points.select(group="console_scripts"):
            text = PROGRAM.format(
                python=environment / "bin" / "python", module=point.module, name=point.attr
            )
            write_program(environment / "bin" / point.name, text)


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["-m", "venv", folder]:
            make_environment(Path(folder))
        case ["-m", "pip", "install", "--quiet", *requirements]:
            install(requirements, Path(os.environ["VIRTUAL_ENV"]))
        case others:
            sys.exit(f"a tutorial needs no other command of python3 than these two, got {others}")
