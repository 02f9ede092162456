"""Figures of saved records; the only part that knows matplotlib."""
