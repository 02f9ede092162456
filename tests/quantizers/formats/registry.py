"""The wrong quantizers beyond uniform signed grids, each under the property that must name it."""

MUTANTS: list[tuple[type, str, str]] = []


def caught_by(name, level="quick"):
    """Register a mutant that the property ``name`` must fail at ``level``."""

    def register(mutant):
        MUTANTS.append((mutant, name, level))
        return mutant

    return register
