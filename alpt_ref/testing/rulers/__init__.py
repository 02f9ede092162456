"""Rulers: the points of a grid, numbered in order, and the position of any number among them.

Rounding is judged on positions. The points of a grid have consecutive **ordinals**, and x, between the points k and k + 1, has
the position s = k + a, a = (x - p_k) / (p_(k+1) - p_k). Within a cell that is linear, so E Q(x) = x is E s(Q(x)) = s(x), the
variance of Q(x) is a(1 - a) in units of the local gap, a midpoint is a = 1/2, and nearer in position is nearer. On an integer
grid an ordinal is a code (less the zero point) and s = x / delta; the ordinals of a floating-point format are those of
:mod:`alpt_ref.formats.points`.
"""

from alpt_ref.testing.rulers.base import Ruler
from alpt_ref.testing.rulers.blocks import OfBlocks
from alpt_ref.testing.rulers.division import is_power_of_two
from alpt_ref.testing.rulers.floating import OfFormat
from alpt_ref.testing.rulers.positions import thresholds, thresholds_of
from alpt_ref.testing.rulers.uniform import Uniform

__all__ = ["OfBlocks", "OfFormat", "Ruler", "Uniform", "is_power_of_two", "thresholds", "thresholds_of"]
