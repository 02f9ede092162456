"""Floating-point formats of few bits as data: bfloat16, float16, float8, float6, float4. No rounding here.

``format_of("bfloat16")`` is a record of what defines the format; :mod:`alpt_ref.formats.points` has its points, their codes and
the gaps between them, :mod:`alpt_ref.formats.blocks` formats whose numbers share a scale.
"""

from alpt_ref.formats.blocks import BLOCK_FORMATS, BlockFormat
from alpt_ref.formats.catalogue import FORMATS, format_of
from alpt_ref.formats.record import Format

__all__ = ["BLOCK_FORMATS", "FORMATS", "BlockFormat", "Format", "format_of"]
