"""What a release is made with: bytes that repeat, licences that are known, a whole changelog."""

import gzip
import io
import sys
import tarfile
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "tools"))

from distributions import normalized
from licences import Dependency, refused
from release_notes import notes
from sbom import narrowed


def sdist(names: list[str], mtime: int, uid: int, mode: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uid, member.mode = len(name), mtime, uid, mode
            archive.addfile(member, io.BytesIO(name.encode()))
    return packed.getvalue()


def test_an_sdist_has_the_same_bytes_whoever_makes_it():
    one = normalized(sdist(["p/b.py", "p/a.py"], 1, 0, 0o600), 1_790_000_000)
    other = normalized(sdist(["p/a.py", "p/b.py"], 2, 1000, 0o664), 1_790_000_000)
    assert one == other
    with tarfile.open(fileobj=io.BytesIO(one)) as archive:
        assert [archive.extractfile(name).read() for name in archive] == [b"p/a.py", b"p/b.py"]
        assert {(member.mtime, member.mode) for member in archive} == {(1_790_000_000, 0o644)}
    assert gzip.decompress(one)


def test_an_sdist_keeps_what_can_be_run():
    with tarfile.open(fileobj=io.BytesIO(normalized(sdist(["run"], 1, 0, 0o700), 5))) as archive:
        assert archive.getmember("run").mode == 0o755


@pytest.mark.parametrize(
    ("licence", "permitted"),
    [
        ("MIT", True),
        ("Apache-2.0 OR BSD-3-Clause", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("GPL-3.0-only OR MIT", True),
        ("(MIT)", True),
        ("GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_licence_is_permitted_or_refused(licence, permitted):
    assert refused(Dependency("one", licence, "")) is not permitted


def test_the_list_of_parts_has_what_is_wanted_and_no_loose_ends():
    listed = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [{"bom-ref": "a==1", "name": "A"}, {"bom-ref": "b==1", "name": "b"}],
        "dependencies": [{"ref": "root", "dependsOn": ["a==1", "b==1"]}, {"ref": "b==1"}],
    }
    assert narrowed(listed, {"a"}) == {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [{"bom-ref": "a==1", "name": "A"}],
        "dependencies": [{"ref": "root", "dependsOn": ["a==1"]}],
    }


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    changelog = (
        "# Changelog\n\n## [1.2.0] - 2026-11-29\n\n### Added\n\n- This.\n\n## [1.1.0] - 2026\n"
    )
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    (tmp_path / "changelog.d").mkdir()
    return tmp_path


def test_the_notes_of_a_release_are_its_part_of_the_changelog(tree):
    assert notes(tree, "v1.2.0") == "### Added\n\n- This.\n"


def test_a_tag_of_another_version_is_refused(tree):
    with pytest.raises(
        ValueError, match=r"the tag is v1.3.0, and pyproject.toml has version 1.2.0"
    ):
        notes(tree, "v1.3.0")


def test_a_fragment_that_is_left_is_refused(tree):
    (tree / "changelog.d" / "+new.feature.md").write_text("That.\n")
    with pytest.raises(ValueError, match=r"towncrier build --version 1.2.0"):
        notes(tree, "v1.2.0")


def test_a_changelog_without_the_version_is_refused(tree):
    (tree / "CHANGELOG.md").write_text("# Changelog\n")
    with pytest.raises(ValueError, match=r"CHANGELOG.md has not all of 1.2.0"):
        notes(tree, "v1.2.0")
