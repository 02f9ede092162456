"""The statements of the contract as they read for formats, where those for integer grids do not fit."""

OF_FORMATS = {
    "values-on-grid": "every value is a number of the format, or what overflow gives",
    "grid-points-fixed": "Q(x) = x for every number of the format, for every u",
    "saturates": "beyond the largest number Q(x) is what is declared, never a wrap",
    "clip-commutes": "Q(x) = Q(clip(x)) at the same u or seed",
    "nearest-point": "no number of the format is nearer to clip(x) than Q(x)",
    "ties": "midpoints go where the declared rule says",
    "two-neighbours": "Q(x) is one of the two numbers of the format around clip(x)",
    "unbiased-enumerated": "the part a of all u = j/2^k leads up: E Q(x) = clip(x), in every binade",
    "unbiased": "E Q(x) = clip(x), at every fraction, both signs, in every binade, subnormals, the last gap",
    "variance": "Var Q(x) = gap^2 a(1 - a)",
    "small-updates-survive": "100 updates of gap/1000 move a weight at 1 by 0.1 gap on average",
    "scales": "x scaled by a power of two scales Q(x), exactly, between normal numbers",
}
