"""What can go wrong on command: outcomes of calls, faults of the connection, and both as data."""
