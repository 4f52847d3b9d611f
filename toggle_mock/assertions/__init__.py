"""What a test asks of a recording: ``view`` is what is there, ``assertions`` what must be."""
