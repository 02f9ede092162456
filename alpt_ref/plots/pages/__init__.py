"""Pages of several panels, each from the folder of a saved study."""
