"""Hypothesis strategies for quantizers: grids, floats that matter, update pairs, uniforms.

The float32 values that matter sit next to thresholds: points of the grid, midpoints, their ``nextafter`` neighbours, the edges
of the range and all beyond, tiny and huge values. Of the uniforms 0 and the largest below 1 matter most. Examples shrink to few
bits, delta = 1 and values near 0.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.grid import MAX_BITS, MIN_BITS, Grid
from alpt_ref.testing.case import Case
from alpt_ref.testing.declaration import ALL_BITS, STEP_RANGE, Declaration
from alpt_ref.testing.rulers import OfFormat, Ruler, Uniform
from alpt_ref.testing.rulers.base import BEYOND, HUGE, TINY
from alpt_ref.testing.shapes import padded
from alpt_ref.tools.extras import importing

with importing("testing", "the suite for quantizers"):
    from hypothesis import strategies as st
    from hypothesis.strategies import DrawFn, SearchStrategy

LAST_UNIFORM = 1.0 - 2.0**-24  # the largest float32 below 1
AWKWARD = (0.1, 0.3, 0.012356101, 1 / 3, 7.0)  # steps that are no powers of two


def bit_widths() -> SearchStrategy[int]:
    """The bit widths 2 to 16."""
    return st.integers(MIN_BITS, MAX_BITS)


def deltas(steps: str = "any", step_range: tuple[float, float] = STEP_RANGE) -> SearchStrategy[float]:
    """Step sizes in ``step_range`` that float32 holds; the range lies around 1.

    steps : "any", or "powers of two" for these alone.
    """
    smallest, largest = step_range
    powers = st.integers(0, math.floor(-math.log2(smallest))).map(lambda e: 2.0**-e)
    if largest >= 2.0:
        powers |= st.integers(1, math.floor(math.log2(largest))).map(lambda e: 2.0**e)
    if steps == "powers of two":
        return powers
    awkward = st.sampled_from([delta for delta in map(_float32, AWKWARD) if smallest <= delta <= largest])
    any_step = st.floats(_float32(smallest), _float32(largest), width=32).filter(lambda d: smallest <= d <= largest)
    return powers | awkward | any_step


def grids(
    bits: SearchStrategy[int] | None = None, steps: str = "any", step_range: tuple[float, float] = STEP_RANGE
) -> SearchStrategy[Grid]:
    """Grids with one step size, of ``bits`` (2 to 16 by default), with ``steps`` and ``step_range`` as for :func:`deltas`."""
    return st.builds(Grid, bit_widths() if bits is None else bits, deltas(steps, step_range))


def codes(grid: Grid) -> SearchStrategy[int]:
    """The codes of ``grid``, its ends among them."""
    return _codes(grid.q_lo, grid.q_hi)


def _codes(lo: int, hi: int) -> SearchStrategy[int]:
    return st.integers(lo, hi) | st.sampled_from([0, lo, lo + 1, hi - 1, hi])


def values(grid: Grid, dtype: Any = float32) -> SearchStrategy[float]:
    """Finite numbers of ``dtype`` (float32 or float64), as Python floats, that matter on ``grid`` (one step size)."""
    return _values(grid.q_lo, grid.q_hi, float(grid.delta), dtype)


def _values(lo: int, hi: int, delta: float, dtype: Any = float32) -> SearchStrategy[float]:
    """The numbers that matter on the grid of the points ``lo`` .. ``hi`` times ``delta``."""
    half_steps = st.integers(2 * lo - BEYOND, 2 * hi + BEYOND) | _codes(lo, hi).map(lambda q: 2 * q)
    threshold = st.builds(_near, half_steps.map(lambda h: h * delta / 2), st.integers(-2, 2), st.just(dtype))
    inside = st.floats(_float32(lo * delta), _float32(hi * delta), width=32)
    return threshold | inside | st.sampled_from([_float32(x) for x in TINY]) | st.sampled_from(_huge(delta))


def _huge(delta: float) -> list[float]:
    """Huge numbers, and huge numbers of steps (int8, int16, int32 and int64 wrap there)."""
    with np.errstate(over="ignore"):
        steps = [_float32(n * delta) for n in (300, -300, 2**15 + 0.6, -(2**16), 2**31, 2**32 + 2, -(2**63))]
    return [_float32(x) for x in HUGE] + [x for x in steps if np.isfinite(x)]


def _float32(x: float) -> float:
    return float(float32(x))


def _near(x: float, places: int, dtype: Any) -> float:
    """The number of ``dtype`` that is ``places`` neighbours away from x rounded to it."""
    out = dtype(x)
    for _ in range(abs(places)):
        out = np.nextafter(out, dtype(np.copysign(np.inf, places)))
    return float(out)


def arrays_of(elements: SearchStrategy[float], max_size: int = 8, dtype: Any = float32) -> SearchStrategy[NDArray[Any]]:
    """Vectors of ``dtype``, of 1 to ``max_size`` elements."""
    return st.lists(elements, min_size=1, max_size=max_size).map(lambda xs: np.array(xs, dtype))


def uniforms() -> SearchStrategy[float]:
    """Uniforms on the lattice 2^-24 in [0, 1): 0, the largest below 1, those next to 1/2, tiny ones, any."""
    ends = st.sampled_from([0.0, LAST_UNIFORM, 0.5, 0.5 - 2.0**-24, 0.5 + 2.0**-24, 2.0**-24, 2.0**-12, 1.0 - 2.0**-12])
    return ends | st.integers(0, 2**24 - 1).map(lambda n: n * 2.0**-24)


@st.composite
def update_pairs(draw: DrawFn, grid: Grid, largest: float = 1.0) -> tuple[float, float]:
    """Pairs (w, move), both held by float32: w a point of ``grid``, and a move that is often far below a step.

    largest : most steps that a move takes.
    """
    w = _float32(draw(codes(grid)) * float(grid.delta))
    size = draw(st.sampled_from([0.0, 2.0**-24, 1e-6, 1e-3, 0.25, 0.5, 1.0]) | st.floats(0.0, 1.0)) * largest
    sign = draw(st.sampled_from([1.0, -1.0]))
    return w, _float32(sign * size * float(grid.delta))


def numbers(ruler: OfFormat) -> SearchStrategy[float]:
    """Finite float32 numbers that matter for a format: next to its numbers and midpoints, at its ends, any. They shrink
    to 1."""
    home, end, binade = 2 * ruler.home, 2 * ruler.largest, 2 * 2**ruler.kind.mantissa_bits
    ends = st.sampled_from([0, 1, 2, binade - 2, binade, end - 2, end - 1, end, end + 1, end + 2, end + 3])
    halves = st.integers(-home, end - home + BEYOND).map(lambda h: home + h) | ends
    sign = st.sampled_from([1.0, -1.0])
    signed = st.builds(lambda h, sign: sign * h / 2.0, halves, sign)
    threshold = st.builds(_near, signed.map(lambda s: float(ruler.value(s))), st.integers(-2, 2), st.just(float32))
    sizes = st.floats(_float32(ruler.kind.smallest), _float32(ruler.kind.max), width=32)
    inside = st.builds(lambda x, sign: sign * x, sizes, sign)
    found = threshold | inside | st.sampled_from([_float32(x) for x in (*TINY, *HUGE)])
    return found.filter(lambda x: abs(x) <= ruler.limit and (x == 0.0 or abs(x) >= 2.0**-126 or not ruler.flushed))


@st.composite
def cases(
    draw: DrawFn,
    bits: Sequence[int] = ALL_BITS,
    steps: str = "any",
    given: bool = False,
    max_size: int = 8,
    step_range: tuple[float, float] = STEP_RANGE,
) -> Case:
    """Calls of a quantizer: a signed integer grid, floats that matter, and uniforms if ``given``, else a seed."""
    grid = draw(grids(st.sampled_from(tuple(bits)), steps, step_range))
    ruler = Uniform(grid.bits, float(grid.delta), grid.q_lo, grid.q_hi)
    return _call(draw, ruler, given, max_size)


@st.composite
def calls_of(draw: DrawFn, declared: Declaration, given: bool = False, *, exact_only: bool = False, max_size: int = 8) -> Case:
    """Calls of a quantizer that is declared so; its step sizes are powers of two if ``exact_only``."""
    if declared.format is not None:
        return _few(_call(draw, declared.plain, given, max_size))
    steps = "powers of two" if exact_only else declared.steps
    grid = draw(grids(st.sampled_from(declared.bits), steps, declared.step_range))
    rulers = declared.rulers([grid.bits], [float(grid.delta)])
    return _few(_call(draw, rulers[0] if len(rulers) == 1 else draw(st.sampled_from(rulers)), given, max_size))


def _few(case: Case) -> Case:
    """The call of a longer array, which repeats itself: there are few shapes."""
    return case._replace(x=padded(case.x), u=None if case.u is None else padded(case.u))


def _call(draw: DrawFn, ruler: Ruler, given: bool, max_size: int) -> Case:
    """A call on one grid."""
    if isinstance(ruler, Uniform):
        # Thresholds of codes that a symmetric range leaves out matter, too.
        lowest = ruler.q_lo if ruler.q_lo >= 0 else -(2 ** (ruler.bits - 1))
        of = _values(lowest - ruler.zero, ruler.q_hi - ruler.zero, ruler.delta)
    else:
        assert isinstance(ruler, OfFormat)
        of = numbers(ruler)
    x = draw(arrays_of(of, max_size))
    if given:
        u = draw(st.lists(uniforms(), min_size=x.size, max_size=x.size).map(lambda us: np.array(us, float32)))
        return Case(ruler, x, u)
    return Case(ruler, x, None, draw(st.integers(0, 2**31 - 1)))
