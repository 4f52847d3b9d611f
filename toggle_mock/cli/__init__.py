"""The command ``toggle-mock``: ``main`` has the group, each further module a command of it."""
