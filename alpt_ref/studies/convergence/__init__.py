"""The study of convergence errors."""
