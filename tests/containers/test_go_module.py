"""The Go module's container, of the image."""

import os
import subprocess

from support.go_driver import ROOT, find_go

from toggle_mock.container.toggle import IMAGE


def test_a_go_test_starts_the_image():
    ran = subprocess.run(
        [find_go(), "test", "-count=1", "-v", "-run=TestTheImage", "./togglemock/container"],
        cwd=ROOT / "go",
        env=os.environ | {"TOGGLE_MOCK_IMAGE": IMAGE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "--- PASS: TestTheImage" in ran.stdout
