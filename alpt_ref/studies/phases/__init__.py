"""Where the weights of a model lie in the phase diagram of rounding, and which rounding that speaks for."""
