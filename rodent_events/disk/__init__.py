"""What waits on disk: a folder (``spool``) of files (``segment``), one that grows (``journal``)."""
