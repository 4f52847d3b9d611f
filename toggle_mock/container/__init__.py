"""Mock Toggles and Rodents in containers, as a module for testcontainers.

It needs the extra ``container``, and a Docker engine.
"""

from toggle_mock.extras import extras

with extras():
    from toggle_mock.container.rodent import Connected, RodentContainer
    from toggle_mock.container.toggle import Ready, ToggleContainer, new_network

__all__ = ["Connected", "Ready", "RodentContainer", "ToggleContainer", "new_network"]
