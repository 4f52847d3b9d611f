"""Which events are meant: matchers, and the query language in which they can be written."""
