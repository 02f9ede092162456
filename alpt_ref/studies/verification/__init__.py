"""Verdicts on all statements, and C1 and C2 in both directions."""
