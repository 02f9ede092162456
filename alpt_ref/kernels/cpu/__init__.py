"""Loops compiled for a CPU, and what is tuned for one: lanes of words, prefetching, threads."""
