"""Verdicts on the statements, and on C1 and C2 in both directions."""
