"""What is to be done in a forked child, also where uWSGI forks: it tells Python nothing of that.

Unless it is set to, by ``py-call-osafterfork``; then all is done only once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_in_child: list[Callable[[], None]] = []


class _Process:
    """That in which all is done that is to be."""

    pid = os.getpid()
    watched: object = None


def in_child(function: Callable[[], None]) -> None:
    """Have a function called in each child that is forked from now on."""
    _in_child.append(function)


def watch() -> None:
    """Have uWSGI tell of its forks, if this is a process that makes some."""
    uwsgi: Any = sys.modules.get("uwsgi")
    if uwsgi is None or uwsgi is _Process.watched or not uwsgi.masterpid():
        return
    _Process.watched = uwsgi
    try:
        # Whoever imports it later would take the hook, and call only what is in here.
        from uwsgidecorators import postfork_chain
    except ImportError:
        functions = [*filter(None, [getattr(uwsgi, "post_fork_hook", None)]), _tell]
        uwsgi.post_fork_hook = lambda: _call(functions)
    else:
        postfork_chain.insert(0, _tell)


def _tell() -> None:
    if os.getpid() != _Process.pid:
        _Process.pid = os.getpid()
        _call(_in_child)


def _call(functions: list[Callable[[], None]]) -> None:
    for function in functions:
        function()


os.register_at_fork(after_in_child=_tell)
