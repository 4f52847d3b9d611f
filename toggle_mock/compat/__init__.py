"""Whether two schemas understand each other: by rules, by what messages come to mean, by calls.

Example::

    def test_the_schema_stays_compatible():
        assert_compatible("git:main:proto", "proto")
"""

from toggle_mock.extras import extras

with extras():
    from toggle_mock.compat.assertions import IncompatibleError, assert_compatible
    from toggle_mock.compat.comparison import check
    from toggle_mock.compat.report import (
        Category,
        Direction,
        Finding,
        Report,
        Row,
        Severity,
        Verdict,
    )

__all__ = [
    "Category",
    "Direction",
    "Finding",
    "IncompatibleError",
    "Report",
    "Row",
    "Severity",
    "Verdict",
    "assert_compatible",
    "check",
]
