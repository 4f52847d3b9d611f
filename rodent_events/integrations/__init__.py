"""The global bus in frameworks whose processes begin and end in ways of their own."""
