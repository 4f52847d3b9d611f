"""What tests of containers need: an engine, the image, and a Rodent in Go as an image."""

import io
import os
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path

import pytest

from support.go_driver import build

MAKE = "tools/with_docker make image test-containers"


@cache
def missing() -> str | None:
    """Why no container can be started here; None if one can."""
    from toggle_mock.container.toggle import IMAGE

    if shutil.which("docker") is None:
        return f"there is no Docker: {MAKE}"
    asked = subprocess.run(
        ["docker", "image", "inspect", IMAGE], capture_output=True, text=True, check=False
    )
    return f"{asked.stderr.strip()}: {MAKE}" if asked.returncode else None


def require_containers() -> None:
    """Skip a test if no container can be started; in CI, make test-containers fails then."""
    if (why := missing()) is None:
        return
    if os.environ.get("CI") and "TEST_CONTAINERS" in os.environ:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def archive(**files: Path | bytes) -> bytes:
    """A tar of executable files, by their names."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            tar.addfile(member, io.BytesIO(data))
    return written.getvalue()


def import_go_driver(tag: str) -> str:
    """The Rodent in Go of examples/go-driver as an image of one file; its name is returned."""
    from docker import from_env

    program = build("go-driver-static", CGO_ENABLED="0")
    changes = ['ENTRYPOINT ["/go_driver"]', "ENV HOME=/"]
    name, _, version = tag.partition(":")
    engine = from_env()
    try:
        engine.api.import_image_from_data(
            archive(go_driver=program), repository=name, tag=version, changes=changes
        )
    finally:
        engine.close()
    return tag
