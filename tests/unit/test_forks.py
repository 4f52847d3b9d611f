"""What is done in a child where Python is told nothing of the fork."""

import subprocess
import sys

PROGRAM = """
import ctypes, os, sys, types
from rodent_events import forks

said = []
uwsgi = types.ModuleType("uwsgi")
uwsgi.masterpid = lambda: 1
uwsgi.post_fork_hook = lambda: said.append("the program's own hook")
sys.modules |= {"uwsgi": uwsgi, "uwsgidecorators": None}
forks.in_child(lambda: said.append("what is to be done"))
for _ in range(2):
    forks.watch()
if ctypes.CDLL(None).fork():
    os.wait()
else:
    for _ in range(2):
        uwsgi.post_fork_hook()
    print(*said, sep="\\n", flush=True)
    os._exit(0)
"""


def test_it_is_done_once_and_after_the_hook_that_was_there():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    own = "the program's own hook"
    assert done.stdout.splitlines() == [own, "what is to be done", own]
