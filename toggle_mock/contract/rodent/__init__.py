"""Judging a Rodent: what a case holds of it, and the cases, by group."""
