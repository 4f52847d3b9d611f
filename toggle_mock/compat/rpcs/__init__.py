"""What becomes of calls between two schemas: tried on a live server."""
