"""Loops over the scalars. ``storage`` says how loops reach a table; ``cpu`` holds the loops of the CPU."""
