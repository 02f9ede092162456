"""The comparison of ways to train small models, tuned alike, with decisions on C2 to C4."""
