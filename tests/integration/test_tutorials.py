"""Tutorials, followed from an empty folder as they are written."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.go_driver import find_go
from support.tutorials import ROOT, Command, File, Reader, is_like, steps

from toggle_mock import Tokens

TUTORIALS = ROOT / "docs" / "tutorials"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def follow(tmp_path):
    """Follows a tutorial by its name; gives how many commands were typed."""

    def follow(name, **environment):
        for folder in ("home", "empty"):
            (tmp_path / folder).mkdir()
        reader = Reader(tmp_path / "empty", tmp_path / "home", environment)
        return reader.follow((TUTORIALS / f"{name}.md").read_text())

    return follow


@pytest.mark.parametrize("name", ["first-test", "agent-that-survives", "contract-in-ci"])
def test_what_a_tutorial_says_is_so(follow, name):
    assert follow(name) >= 6


def test_what_the_one_in_go_says_is_so(follow, tmp_path):
    go = find_go()
    (tmp_path / "rodent-events").symlink_to(ROOT)
    names = ["GOMODCACHE", "GOCACHE", "GOPROXY", "GOFLAGS"]
    told = subprocess.run([go, "env", "-json", *names], stdout=subprocess.PIPE, check=True).stdout
    path = f"{tmp_path}/home/bin:{Path(go).parent}:/usr/local/bin:/usr/bin:/bin"
    assert follow("go-agent", **json.loads(told), PATH=path) >= 9


def test_what_is_said_of_a_mock_on_the_desk_is_so(make_toggle_server, tmp_path):
    if not shutil.which("curl"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("curl is not installed")
    text = (ROOT / "docs" / "how-to" / "look.md").read_text()
    section = text.split("## Run a mock on your desk", 1)[1].split("\n## ", 1)[0]
    server = make_toggle_server(http_port=0, relay=True, tokens=Tokens(verify=False))
    places = {"127.0.0.1:50051": server.address, "127.0.0.1:8080": server.http_address}
    for shown, place in places.items():
        assert shown in section
        section = section.replace(shown, place)
    home = tmp_path / "home"
    home.mkdir()
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {"PATH": path, "no_proxy": "127.0.0.1"}
    assert Reader(tmp_path, home, environment).follow(section) == 6


def test_each_tutorial_is_followed():
    assert {page.stem for page in TUTORIALS.glob("*.md")} == {
        "first-test",
        "agent-that-survives",
        "contract-in-ci",
        "go-agent",
    }


PAGE = """
```python title="a.py"
print(1)
```

```console
$ cat <<'END'
no output
END
no output
$ python3 a.py
1
```

```text
only to be read
```
"""


def test_a_page_is_read_in_its_order():
    assert list(steps(PAGE)) == [
        File("a.py", "print(1)\n"),
        Command("cat <<'END'\nno output\nEND\n", "no output\n"),
        Command("python3 a.py\n", "1\n"),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("1 passed in 0.31s", "1 passed in 12.7s\n", True),
        ("1 passed", "1 failed", False),
        ("1 passed in 0.31s", "2 passed in 0.31s", False),
        ("at 10:20:01.2", "at 1:00:00.123", True),
        ("a\n…\nz", "a\nb\nc\nz", True),
        ("a\n…\nz", "a\nb", False),
        ("", "", True),
        ("", "a warning", False),
    ],
)
def test_what_is_printed_is_compared_loosely(shown, printed, expected):
    assert is_like(shown, printed) is expected
