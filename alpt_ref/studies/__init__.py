"""Studies measure: each returns a record of numbers and keeps its finished cells."""
