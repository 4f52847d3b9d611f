"""Schemas taken apart: an index by name, lines of text, places in the .proto files."""
