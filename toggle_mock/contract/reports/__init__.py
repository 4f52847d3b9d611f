"""What came of a run, as text for people and for programs: results in, text out."""
