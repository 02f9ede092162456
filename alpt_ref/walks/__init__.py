"""The exact law of LPT's iterate: on a grid it is a finite Markov chain, and expectations come without sampling error."""
