"""Formulas of one number at a time, shared by CPU, CUDA and plain Python: no loop, no draw."""
