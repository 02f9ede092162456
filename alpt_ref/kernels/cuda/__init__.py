"""Loops compiled for a GPU, named as those for a CPU; imported when a device is asked for, never before."""
