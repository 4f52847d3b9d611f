"""What waits on disk: a folder (``spool``) of files (``segment``), one that grows (``journal``).

What a buffer asks of it is in ``store``.
"""
