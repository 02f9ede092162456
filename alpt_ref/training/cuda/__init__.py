"""Training on a GPU; imported when a device is asked for, never before."""
