"""The comparison of ways to train small models, and the ablation of ALPT."""
