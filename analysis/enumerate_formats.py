"""Every pair of adjacent codes of every format, every uniform: how many lead up, against rational numbers.

    python analysis/enumerate_formats.py [--formats bfloat16 ...]

Between two neighbours, the cells that end in overflow included, x is 1/4, 1/2 and 3/4 of the way, and next to both ends, as
float32 and as float64. Of the 2^k uniforms j/2^k exactly those with j/2^k < a lead up, ceil(2^k a) of them. Every number of the
format stays under all of them. To nearest, each x goes to the nearer one, and from the middle to the even one, or away from 0.
"""

import argparse
import time
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from alpt_ref import quantize
from alpt_ref.formats import FORMATS, Format
from alpt_ref.formats import points as pt

CHUNK = 2**23  # decisions at once


class Cells(NamedTuple):
    """Numbers x between the points of ordinals k and k + 1: quarters of the way, and next to both ends, five to a cell."""

    k: NDArray[Any]  # (n,)
    x: NDArray[Any]  # (n, 5)
    ways: list[Fraction]  # a = (x - p_k) / (p_(k+1) - p_k), n times five


class Count(NamedTuple):
    """The decisions made, and the inputs on which any was wrong."""

    inputs: int
    decisions: int
    wrong: int


def cells_above(kind: Format, ordinals: NDArray[Any], dtype: Any) -> Cells:
    """The cells above the points of ``ordinals``, with numbers of ``dtype``."""
    low, high = pt.values(kind, ordinals), pt.values(kind, ordinals + 1)
    quarters = np.stack([low + (high - low) * f for f in (0.25, 0.5, 0.75)], axis=1)
    with np.errstate(over="ignore"):
        ends = [np.nextafter(low.astype(dtype), dtype(np.inf)), np.nextafter(high.astype(dtype), dtype(-np.inf))]
    x = np.concatenate([quarters, np.stack(ends, axis=1)], axis=1).astype(dtype)
    assert np.array_equal(x[:, :3], quarters)
    ways = []
    for a, b, row in zip(low.tolist(), high.tolist(), x.astype(float64).tolist(), strict=True):
        below, gap = Fraction(a), Fraction(b) - Fraction(a)
        ways += [(Fraction(v) - below) / gap for v in row]
    return Cells(ordinals, x, ways)


def _codes(kind: Format, ordinals: NDArray[Any], negative: NDArray[Any]) -> NDArray[Any]:
    """The codes of the points of ``ordinals``, as what numbers of those signs become: 0 has their sign, the ends overflow."""
    beyond = np.abs(ordinals) > kind.largest
    found = pt.encode(kind, np.copysign(pt.values(kind, np.where(beyond, 0, ordinals)), np.where(negative, -1.0, 1.0)))
    over = {"saturate": kind.max, "infinity": np.inf, "nan": np.nan}[kind.overflow]
    return np.where(beyond, pt.encode(kind, np.copysign(over, ordinals)), found)


def stochastic_cells(kind: Format, cells: Cells, random_bits: int) -> Count:
    """The decisions under all 2^random_bits uniforms in the cells, and on the points below them."""
    n, wrong, decisions, dtype = 1 << random_bits, 0, 0, cells.x.dtype
    u = (np.arange(n) / n).astype(dtype)
    ups = np.array([ceil(n * a) for a in cells.ways]).reshape(-1, 5)
    parts = max(1, cells.x.size * n // CHUNK)
    for k, x, up in zip(*(np.array_split(values, parts) for values in (cells.k, cells.x, ups)), strict=True):
        flat, negative = x.reshape(-1), np.signbit(x.reshape(-1))
        below, above = (_codes(kind, np.repeat(k + i, 5), negative)[:, None] for i in (0, 1))
        found = quantize(np.repeat(flat, n), kind, "stochastic", u=np.tile(u, flat.size)).reshape(-1, n)
        wrong += int((found != np.where(np.arange(n) < up.reshape(-1, 1), above, below)).any(axis=1).sum())
        points = pt.values(kind, k[np.abs(k) <= kind.largest]).astype(dtype)
        fixed = quantize(np.repeat(points, n), kind, "stochastic", u=np.tile(u, points.size)).reshape(-1, n)
        wrong += int((fixed != pt.encode(kind, points)[:, None]).any(axis=1).sum())
        decisions += found.size + fixed.size
    return Count(decisions // n, decisions, wrong)


def nearest_cells(kind: Format, cells: Cells) -> Count:
    """The decisions to nearest in the cells, ties to even and away from 0."""
    x, k, half = cells.x.reshape(-1), np.repeat(cells.k, 5), Fraction(1, 2)
    more = np.array([(a > half) - (a < half) for a in cells.ways])
    wrong = 0
    for rounding, tie_up in (("nearest", k % 2 == 1), ("nearest_away", k >= 0)):
        up = (more > 0) | ((more == 0) & tie_up)
        wrong += int((quantize(x, kind, rounding) != _codes(kind, k + up, np.signbit(x))).sum())
    return Count(x.size, 2 * x.size, wrong)


def all_cells(kind: Format) -> NDArray[Any]:
    """The ordinals of the lower ends of all cells, those beyond which is overflow among them."""
    return np.arange(-kind.largest - 1, kind.largest + 1)


def main() -> None:
    """Print a line for each format, type and number of random bits; exit with 1 where a decision is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=list(FORMATS))
    names = parser.parse_args().formats
    print(f"{'format':20} {'x':8} {'rounding':16} {'cells':>6} {'inputs':>7} {'decisions':>10} {'wrong':>5} {'seconds':>7}")
    total = 0
    for name in names:
        kind = FORMATS[name]
        for dtype in (float32, float64):
            began = time.perf_counter()
            cells = cells_above(kind, all_cells(kind), dtype)
            for random_bits in (0, 8, 16) if kind.bits <= 8 else (0, 8):
                found = stochastic_cells(kind, cells, random_bits) if random_bits else nearest_cells(kind, cells)
                rounding = f"stochastic({random_bits})" if random_bits else "nearest, both"
                line = f"{cells.k.size:6} {found.inputs:7} {found.decisions:10} {found.wrong:5}"
                print(f"{name:20} {dtype.__name__:8} {rounding:16} {line} {time.perf_counter() - began:7.1f}", flush=True)
                began, total = time.perf_counter(), total + found.wrong
    raise SystemExit(1 if total else 0)


if __name__ == "__main__":
    main()
