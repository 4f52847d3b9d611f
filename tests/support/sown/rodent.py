"""The reference driver with a fault sown into it: ``python tests/support/sown/rodent.py FAULT …``.

What follows the fault's name are the driver's own options.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.sown import (
    rodent_connection,
    rodent_content,
    rodent_control,
    rodent_delivery,
    rodent_keeping,
    rodent_retrying,
)

FAULTS = (
    rodent_control.FAULTS
    | rodent_connection.FAULTS
    | rodent_content.FAULTS
    | rodent_delivery.FAULTS
    | rodent_retrying.FAULTS
    | rodent_keeping.FAULTS
)


def main() -> None:
    """Sow the fault, and be the driver."""
    from toggle_mock.contract import driver

    FAULTS[sys.argv.pop(1)].sow()
    driver.main()


if __name__ == "__main__":
    main()
