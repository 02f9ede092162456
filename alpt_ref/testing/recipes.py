"""The names that counterexamples use beside np, quantize and quantize_with_uniforms:

from alpt_ref.testing.recipes import *
"""

from alpt_ref.formats import Format, format_of
from alpt_ref.testing.rulers import thresholds, thresholds_of
from alpt_ref.testing.rulers.layouts import laid, taken
from alpt_ref.testing.rulers.positions import decode

__all__ = ["Format", "decode", "format_of", "laid", "taken", "thresholds", "thresholds_of"]
