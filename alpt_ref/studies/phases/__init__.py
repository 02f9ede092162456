"""The weights of a model in the phase diagram of rounding, and the rounding that they speak for."""
