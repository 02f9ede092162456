"""Figures of saved results; the only part that knows matplotlib."""
