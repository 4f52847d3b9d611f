"""Fleets of Rodents by Locust, which distributes and counts: see docs/load.md.

What is public is in ``__all__``. It brings Locust, which replaces Python's threads and sockets with
gevent's: import it in a locustfile, and nowhere else.
"""

from typing import TYPE_CHECKING

from toggle_mock.extras import loaded

if TYPE_CHECKING:
    from toggle_mock.locust.user import RodentUser

__all__ = ["RodentUser"]

_HOMES = {"user": ("RodentUser",)}


# There is no __dir__: who looks at all that every module has, as freezegun does, would load Locust.
def __getattr__(name: str) -> object:
    return loaded(__name__, _HOMES, name)
