"""How far mock, load and PostgreSQL carry, up to a million Rodents, by calculation.

python examples/capacity                                      the tables of docs/capacity.md
python examples/capacity --cores 16 --rate 2 --mock-call 250e-6    for your machine, your Rodents
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from figures import Figures
from steady import Load, Machine
from tables import TABLES


def parser() -> argparse.ArgumentParser:
    """With an option for each figure."""
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for kind in (Load, Machine, Figures):
        group = made.add_argument_group(str(kind.__doc__))
        for one in fields(kind):
            says = one.metadata["says"]
            name = f"--{one.name.replace('_', '-')}"
            group.add_argument(name, type=float, default=one.default, help=f"{says} (%(default)g)")
    return made


def tables(**given: float) -> dict[str, str]:
    """All tables, by name; of the usual figures, but for those that are given."""

    def of(kind: Any) -> Any:
        names = [one.name for one in fields(kind)]
        return kind(**{name: given[name] for name in names if name in given})

    said = of(Load), of(Machine), of(Figures)
    return {name: table(*said) for name, table in TABLES.items()}


def main() -> None:
    """Print all tables."""
    for name, table in tables(**vars(parser().parse_args())).items():
        print(f"\n{name}\n\n{table}")


if __name__ == "__main__":
    main()
