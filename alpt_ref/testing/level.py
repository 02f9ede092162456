"""The levels of the suite: how hard it looks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """The effort of a run: numbers of elements, but ``examples`` are those of Hypothesis and ``lattice`` is in bits of u."""

    name: str
    examples: int
    widest: int  # bits of the widest grid that is swept
    grid_points: int  # on-grid elements at each end of a grid of up to 8 bits
    samples: int  # at each fraction
    rare_samples: int  # at fractions within 2^-12 of 0 or 1
    lattice: int  # of u, enumerated at each fraction
    side: int  # side^2 elements are compared with each other
    seeds: int  # at each element of small arrays
    weights: int  # that small updates move
    stride: int = 1  # of binades of formats that are wider than ``widest``
    few_sizes: bool = False  # of short arrays not all sizes, only those next to the widths of registers


LEVELS = {
    "quick": Level("quick", 15, 8, 2**14, 2**12, 2**12, 8, 64, 512, 1023, 9, True),
    "default": Level("default", 80, 16, 2**25, 2**21, 2**21, 14, 256, 2**12, 10_000),
    "thorough": Level("thorough", 500, 16, 2**27, 2**23, 2**27, 20, 512, 2**14, 100_000),
}
