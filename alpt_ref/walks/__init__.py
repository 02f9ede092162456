"""LPT-SGD on a problem: its exact law as a finite Markov chain, and independent replicas."""
