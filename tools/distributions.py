"""Build the sdist, and from it the wheel: the same bytes of a commit, wherever and whenever.

python tools/distributions.py FOLDER     with the Python of build/release
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
READABLE, RUNNABLE = 0o644, 0o755


def committed(to: Path) -> int:
    """Write what git knows of the tree below a folder; return when it was committed.

    What lies about in the tree, such as the list of files of an earlier build, is left out.
    """
    listed = git("ls-files", "-z").split("\0")
    for name in filter(None, listed):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        target.chmod(RUNNABLE if (ROOT / name).stat().st_mode & 0o100 else READABLE)
    return int(git("show", "--no-patch", "--format=%ct", "HEAD"))


def git(*arguments: str) -> str:
    """What git says."""
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def build(kind: str, source: Path, out: Path, epoch: int) -> Path:
    """Build a distribution of a source tree; return its path."""
    folder = out / kind
    command = [
        sys.executable,
        "-m",
        "build",
        f"--{kind}",
        "--no-isolation",
        "--outdir",
        str(folder),
    ]
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(epoch)}
    subprocess.run([*command, str(source)], check=True, env=environment, stdout=subprocess.DEVNULL)
    (path,) = folder.iterdir()
    return path


def normalized(sdist: bytes, epoch: int) -> bytes:
    """An sdist whose bytes follow from its files; setuptools adds when and by whom it was made.

    Args:
        sdist: As setuptools makes it.
        epoch: The time that all of it gets, in seconds since the Unix epoch.
    """
    plain, packed = BytesIO(), BytesIO()
    with (
        tarfile.open(fileobj=BytesIO(sdist)) as old,
        tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            runs = member.isdir() or member.mode & 0o100
            kept = tarfile.TarInfo(member.name)
            kept.type, kept.size, kept.mtime = member.type, member.size, epoch
            kept.mode = RUNNABLE if runs else READABLE
            new.addfile(kept, old.extractfile(member) if member.isfile() else None)
    with gzip.GzipFile(fileobj=packed, mode="wb", filename="", mtime=epoch) as archive:
        archive.write(plain.getvalue())
    return packed.getvalue()


def main() -> int:
    os.umask(0o022)  # what is generated has the modes that it has elsewhere
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source, unpacked = Path(folder) / "source", Path(folder) / "unpacked"
        epoch = committed(source)
        sdist = build("sdist", source, Path(folder), epoch)
        (out / sdist.name).write_bytes(normalized(sdist.read_bytes(), epoch))
        with tarfile.open(out / sdist.name) as archive:
            archive.extractall(unpacked, filter="data")
        (top,) = unpacked.iterdir()
        wheel = build("wheel", top, Path(folder), epoch)
        shutil.copyfile(wheel, out / wheel.name)
    print(f"{out / sdist.name}, {out / wheel.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
