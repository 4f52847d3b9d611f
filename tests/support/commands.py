"""The commands that are installed beside the interpreter."""

import sys
from pathlib import Path

TOGGLE_MOCK = str(Path(sys.executable).with_name("toggle-mock"))
