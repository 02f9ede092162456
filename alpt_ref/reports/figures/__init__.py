"""Figures, drawn from saved results only. Matplotlib is imported here and nowhere else."""
