"""Figures are drawn from saved results alone. Matplotlib is imported here and nowhere else."""
