"""The formats by name. Names, and what rounding does on overflow, are those of the Python package ml_dtypes."""

from alpt_ref.formats.record import Format
from alpt_ref.tools.checks import one_of


def _without_infinities(name: str, exponent_bits: int, mantissa_bits: int, bias: int, nans: str) -> Format:
    overflow = "saturate" if nans == "none" else "nan"
    return Format(name, exponent_bits, mantissa_bits, bias, nans, infinities=False, overflow=overflow)


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format("bfloat16", 8, 7, 127),
        Format("float16", 5, 10, 15),
        Format("float8_e5m2", 5, 2, 15),
        Format("float8_e4m3", 4, 3, 7),
        Format("float8_e3m4", 3, 4, 3),
        _without_infinities("float8_e4m3fn", 4, 3, 7, "top"),
        _without_infinities("float8_e4m3fnuz", 4, 3, 8, "negative zero"),
        _without_infinities("float8_e4m3b11fnuz", 4, 3, 11, "negative zero"),
        _without_infinities("float8_e5m2fnuz", 5, 2, 16, "negative zero"),
        _without_infinities("float6_e2m3fn", 2, 3, 1, "none"),
        _without_infinities("float6_e3m2fn", 3, 2, 3, "none"),
        _without_infinities("float4_e2m1fn", 2, 1, 1, "none"),
    )
}


def format_of(name: str | Format) -> Format:
    """The format of that name, or the one that is given; ValueError for an unknown name."""
    if isinstance(name, Format):
        return name
    one_of("format", name, FORMATS, str)
    return FORMATS[name]
