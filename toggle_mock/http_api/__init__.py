"""HTTP over a mock Toggle, for tests in other languages and for people."""
