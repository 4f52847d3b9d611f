"""``toggle-mock schema export``: what it writes is what code generators of any language take."""

import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from click.testing import CliRunner
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc
from support.go_driver import find_go

from toggle_mock.cli.main import main
from toggle_mock.schema import REVISIONS, load_schema

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
GO = ROOT / "go"
PACKAGE = "example.com/agent/pb"


def export(*arguments):
    return CliRunner().invoke(main, ["schema", "export", *map(str, arguments)])


def compiled(folder: Path, out: Path) -> FileDescriptorSet:
    """What protoc makes of the files below a folder."""
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.proto"))
    shipped = resources.files("grpc_tools") / "_proto"
    options = [f"-I{folder}", f"-I{shipped}", f"--descriptor_set_out={out}"]
    assert protoc.main(["protoc", *options, *names]) == 0
    return FileDescriptorSet.FromString(out.read_bytes())


def by_name(files: FileDescriptorSet) -> dict:
    return {file.name: file for file in files.file}


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_is_written_as_it_was_published(revision, tmp_path):
    done = export(tmp_path / "out", "--schema", revision)
    assert (done.exit_code, len(done.output.splitlines())) == (0, 2)
    files = compiled(tmp_path / "out", tmp_path / "set")
    assert by_name(files) == by_name(load_schema(revision).files)


def test_without_a_word_it_is_the_newest(tmp_path):
    assert export(tmp_path).exit_code == 0
    assert by_name(compiled(tmp_path, tmp_path / "set")) == by_name(
        load_schema(REVISIONS[-1]).files
    )


def test_buf_builds_it_and_go_packages_follow_the_folders(tmp_path):
    out = tmp_path / "out"
    assert export(out, "--go-package", PACKAGE).exit_code == 0
    assert {
        name: file.options.go_package
        for name, file in by_name(compiled(out, tmp_path / "set")).items()
    } == {"base.proto": PACKAGE, "events/event_messages.proto": f"{PACKAGE}/events"}
    buf = Path(sys.executable).parent / "buf"
    subprocess.run([buf, "build", out], check=True, timeout=120)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('syntax = "proto3";\nmessage M {}\n', 'syntax = "proto3";\n\nOPTION\nmessage M {}\n'),
        (
            'syntax = "proto3"; // package a;\n/*\npackage b;\n*/\npackage t;\n',
            'syntax = "proto3"; // package a;\n/*\npackage b;\n*/\npackage t;\n\nOPTION\n',
        ),
        (
            'syntax = "proto3";\npackage t;\noption  go_package="a;b";\nmessage M {}\n',
            'syntax = "proto3";\npackage t;\nOPTION\nmessage M {}\n',
        ),
        ("message M {}\n", "OPTION\nmessage M {}\n"),
    ],
)
def test_the_option_stands_where_it_may(text, expected, tmp_path):
    (tmp_path / "own" / "a").mkdir(parents=True)
    (tmp_path / "own" / "a" / "t.proto").write_text(text)
    out = tmp_path / "out"
    done = export(out, "--schema", tmp_path / "own", "--go-package", PACKAGE)
    assert done.exit_code == 0, done.output
    option = f'option go_package = "{PACKAGE}/a";'
    assert (out / "a" / "t.proto").read_text() == expected.replace("OPTION", option)
    (file,) = compiled(out, tmp_path / "set").file
    assert file.options.go_package == f"{PACKAGE}/a"


def test_what_is_there_is_not_written_over_unasked(tmp_path):
    assert export(tmp_path).exit_code == export(tmp_path).exit_code == 0
    (tmp_path / "base.proto").write_text("mine")
    done = export(tmp_path, "--go-package", PACKAGE)
    assert (done.exit_code, "--force writes over it" in done.output) == (1, True)
    assert "go_package" not in (tmp_path / "events" / "event_messages.proto").read_text()
    assert export(tmp_path, "--force").exit_code == 0
    assert (tmp_path / "base.proto").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--schema", "2025-12-10"), "has no .proto files to write: give a revision (2025-09-17,"),
        (("--schema", "."), ". has no .proto files"),
        (("--go-package", "my package"), "'my package' is no import path of Go: give one such as"),
        (("--go-package", 'a";'), "is no import path of Go"),
    ],
)
def test_what_cannot_be_is_said(arguments, error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = export(tmp_path / "out", *arguments)
    assert (done.exit_code, error in done.output) == (1, True), done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(300)  # the first one may have to build the generators
def test_go_takes_the_code_that_is_made_of_it(tmp_path):
    go = find_go()
    assert export(tmp_path / "proto", "--go-package", PACKAGE).exit_code == 0
    shutil.copy(GO / "go.sum", tmp_path)
    (tmp_path / "go.mod").write_text(
        (GO / "go.mod")
        .read_text()
        .replace("module example.com/rodent-events/go", f"module {PACKAGE}")
    )
    tools = [
        "google.golang.org/protobuf/cmd/protoc-gen-go",
        "google.golang.org/grpc/cmd/protoc-gen-go-grpc",
    ]
    (tmp_path / "bin").mkdir()
    subprocess.run([go, "build", "-o", tmp_path / "bin", *tools], cwd=tmp_path, check=True)
    made = [
        option
        for kind in ("go", "go-grpc")
        for option in (
            f"--plugin={tmp_path}/bin/protoc-gen-{kind}",
            f"--{kind}_out={tmp_path}",
            f"--{kind}_opt=module={PACKAGE}",
        )
    ]
    files = ["base.proto", "events/event_messages.proto"]
    assert protoc.main(["protoc", f"-I{tmp_path}/proto", *made, *files]) == 0
    subprocess.run([go, "build", ".", "./events"], cwd=tmp_path, check=True)
