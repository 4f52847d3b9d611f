"""Schemas that nobody here wrote, drawn from and compared: ``make world``."""
