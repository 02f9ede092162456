"""The loops: ``reference`` in naive NumPy, ``cpu`` and ``online`` compiled. Formulas live in the scalars they call."""
