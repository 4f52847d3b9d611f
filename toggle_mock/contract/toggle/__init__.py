"""Judging a Toggle: what a case holds of it, and the cases, by group."""
