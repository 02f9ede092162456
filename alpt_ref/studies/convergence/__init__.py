"""The study of convergence errors: convex problems, bound T1, click models."""
