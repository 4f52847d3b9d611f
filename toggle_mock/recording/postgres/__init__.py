"""Recordings in PostgreSQL: a run for each, in tables that many writers and readers share.

From the bottom up: the ``url`` of a store, the ``migrations`` that make its tables, ``connecting``
to it, the ``backlog`` of what waits while it is away, the ``run`` that is written and read.
"""
