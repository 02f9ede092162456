"""Runs: what became of a walk, step by step, in one record that plots draw and files keep."""
