"""Which versions are at work."""

from __future__ import annotations

import platform
from importlib import metadata

from toggle_mock.doctor.findings import Finding, ok

PACKAGES = ("rodent-events", "grpcio", "protobuf")


def versions() -> Finding:
    """Those of Python, and of the packages that speak to Toggle."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    system = f"{platform.system()} {platform.machine()}"
    return ok("versions", f"Python {platform.python_version()} on {system}, {packages}")
