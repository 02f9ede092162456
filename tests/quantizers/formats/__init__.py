"""Quantizers to floating-point formats, with zero points, steps of rows and blocks, MX scales: sound and wrong ones."""

from tests.quantizers.formats import bias, bits, ends, gaps, rows, scales
from tests.quantizers.formats.blocks import BLOCKS
from tests.quantizers.formats.grids import GRIDS
from tests.quantizers.formats.nearest import NEAREST
from tests.quantizers.formats.registry import MUTANTS
from tests.quantizers.formats.sound import SOUND as STOCHASTIC

SOUND = [*STOCHASTIC, *NEAREST, *GRIDS, *BLOCKS]

__all__ = ["MUTANTS", "SOUND", "bias", "bits", "ends", "gaps", "rows", "scales"]
