"""A training run, in reading order: config, table, state, forward, step, epochs, checkpoint."""
