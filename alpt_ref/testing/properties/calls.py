"""The influences that a call may depend on and those that it must leave alone: seeds, threads, memory, dtypes, shapes."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Values, Violation, first_false
from alpt_ref.testing.level import Level
from alpt_ref.testing.literals import literal, shown
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.rulers import Ruler
from alpt_ref.testing.targets import UNIFORMS

BETWEEN = (-1.7, -0.6, 0.3, 0.7)  # points that every grid of step 1 has around them
SHAPES = ((), (0,), (1,), (7,), (0, 3), (3, 1), (2, 3, 4), (3, 1001))
ALL_SIZES = tuple(range(1, 68))
FEW_SIZES = (*range(1, 10), 13, 15, 16, 17, 31, 33, 64, 67)  # next to the widths of registers
SOME_SHAPES = ((256,), (257,), (1023,), (4099,), (3, 1001), (129, 65), (5, 7, 257))
POINTS = (-2.0, -1.0, 0.0, 1.0)
SPECIAL = np.array((np.nan, 0.25, np.inf, -np.inf), float32)


def _between(ruler: Ruler, shape: tuple[int, ...]) -> Values:
    """The values at BETWEEN steps from home, again and again, in an array of that shape."""
    return np.resize(np.array([ruler.near(a) for a in BETWEEN], float32), shape)


def _large(level: Level) -> int:
    """The size of one large array; few sizes, for libraries that compile for each."""
    return 16 * level.side**2 + 3


def _cases(candidate: Candidate, *shape: int) -> Iterator[Case]:
    """The calls for points between those of the grid, under a seed and, where they can be given, under uniforms."""
    ruler = candidate.declared.plain
    return _both_ways(candidate, Case(ruler, _between(ruler, shape)))


def _around(ruler: Ruler, size: int) -> Case:
    """The call for everything around the points of the grid, midpoints among it, and beyond the range."""
    x, text = ruler.thresholds(few=True), ruler.thresholds_text(few=True)
    return Case(ruler, np.resize(x, size), source=f"np.resize({text}, {size})")


def _between_and_around(candidate: Candidate, size: int) -> Iterator[tuple[Case, Values]]:
    """The calls for points between those of the grid, and for everything around them unless it is refused, with the values."""
    for case in (*_cases(candidate, size), *_both_ways(candidate, _around(candidate.declared.plain, size))):
        if (values := _answer(case, candidate.values)) is not None:
            yield case, values


def _answer(case: Case, ask: Callable[[Case], NDArray[Any]]) -> NDArray[Any] | None:
    """The result of ``ask(case)``; None where values outside of the range are refused, which other properties judge."""
    lo, hi = case.ruler.ends
    inside = ((case.x >= lo) & (case.x <= hi)).all()  # before the call, which may write there
    try:
        return ask(case)
    except Violation as found:
        if inside or not found.raised:
            raise
        return None


def _both_ways(candidate: Candidate, case: Case) -> Iterator[Case]:
    """The call under a seed and, where they can be given, under uniforms."""
    yield case._replace(seed=7)
    if candidate.takes_uniforms:
        yield case._replace(u=np.resize(np.array(UNIFORMS, float32), case.x.shape))


def _same(candidate: Candidate, case: Case, first: Values, said: str) -> None:
    """Raise Violation where a second call of ``case`` gives other bits than ``first``; ``said`` tells what came before it."""
    again = candidate.values(case)
    same = ((again == first) & (np.signbit(again) == np.signbit(first))) | (np.isnan(again) & np.isnan(first))
    if (i := first_false(same)) is not None:
        told = f"element {i} of {first.size:,} is {first.flat[i]!s}, and {again.flat[i]!s} {said}"
        raise Violation(told, case, i)


def _repeats(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case, first in _between_and_around(candidate, 4099):
        _same(candidate, case, first, "in a second call")
        candidate.values(Case(case.ruler.scaled(0.5), _between(case.ruler, (7,)), seed=8))
        _same(candidate, case, first, "after a call with another seed")
    return Finding("4,099 elements, with and without another call between")


def _any_threads(candidate: Candidate, level: Level, alpha: float) -> Finding:
    if not callable(getattr(candidate.adapter, "set_threads", None)):
        raise NotApplicable("the adapter has no set_threads(n)")
    size = level.side**2 + 13
    candidate.set_threads(1)
    for case, first in _between_and_around(candidate, size):
        for n in (2, 3, 4):
            candidate.set_threads(n)
            _same(candidate, case, first, f"with {n} threads")
        candidate.set_threads(1)
    return Finding(f"{size:,} elements with 1, 2, 3 and 4 threads")


def _untouched(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _all_kinds(candidate, level):
        given, arguments = case.copied(), case.ruler.arguments(case.x.shape)
        arrays = {"x": given.x, "u": given.u, "the step sizes": arguments[0] if arguments else None}
        there = {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)}
        before = {name: array.copy() for name, array in there.items()}
        out = _answer(given, partial(candidate.values_of, arguments=arguments))
        for name, array in there.items():
            if (i := first_false(array.view(np.uint32) == before[name].view(np.uint32))) is not None:
                told = f"{literal(before[name].flat[i])} at {i} becomes {literal(array.flat[i])}"
                raise Violation(f"writes into {name}: {told}", case)
            if out is not None and np.shares_memory(out, array):
                raise Violation(f"returns the memory of {name}", case)
        if out is None:
            continue
        kept = out.tobytes()
        _answer(case.with_x(-case.x)._replace(seed=8), candidate.values_of)
        if kept != out.tobytes():
            raise Violation("a later call writes into what an earlier one returned", case)
    return Finding("x, u, steps of rows or blocks, and what was returned before, bit by bit")


def _all_kinds(candidate: Candidate, level: Level) -> Iterator[Case]:
    """The calls for points of the grid and between them, everything around them, beyond the range, and no numbers; and for a
    large array."""
    ruler = candidate.declared.plain.scaled(0.5)  # not 1: x / 1 leaves no trace in x
    layout = ruler.layout
    size, large = ((n if layout is None else layout.whole(n)) for n in (1023, _large(level)))
    points = np.array([ruler.near(a) for a in POINTS], float32)
    for case in (
        Case(ruler, _between(ruler, (size,))),
        Case(ruler, np.resize(points, size)),
        _around(ruler, size),
        Case(ruler, np.resize(SPECIAL, size)),
    ):
        yield from (noisy.laid() for noisy in _both_ways(candidate, case))
    yield Case(ruler, _between(ruler, (large,)), seed=7).laid()  # once: there are quantizers in plain Python


def _check_type(candidate: Candidate, case: Case) -> Values:
    """The values of the result for x of any layout; Violation unless it is a float32 array of the shape of x, or one of
    integers where codes are returned."""
    out, codes = candidate.raw(case), case.ruler.returns == "codes"
    array = isinstance(out, np.ndarray | np.generic)
    if not array or out.shape != case.x.shape or not (codes or out.dtype == float32):
        kind = f"{out.dtype} of shape {out.shape}" if array else type(out).__name__
        raise Violation(f"returns {kind} for float32 of shape {case.x.shape}", case)
    return candidate.decoded(out, case)


def _every_other(array: Values) -> Values:
    return array[::2, 1::3]


def _viewed(base: Case, view: Callable[[Values], Values], layout: str) -> Case:
    """The call of views of copies of x and u."""
    case = base.with_x(view(base.x.copy()), f"{shown(base.x)}{layout}")
    return case if base.u is None else case._replace(u=view(base.u.copy()), u_source=f"{shown(base.u)}{layout}")


def _dtype_and_shape(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for shape in SHAPES:
        for case in _cases(candidate, *shape):
            _check_type(candidate, case)
    middle = _middle(candidate)
    for base in _cases(candidate, 12, 10):
        for view, layout in ((np.transpose, ".T"), (_every_other, "[::2, 1::3]")):
            case, given = (_viewed(base, view, layout) for _ in range(2))  # one that an adapter cannot write into
            alike = view(_alike(candidate, base, middle))
            _like(_check_type(candidate, given), case, alike, f"of a strided array, {layout}")
    return Finding(f"shapes {', '.join(map(str, SHAPES))}; transposed and strided")


def _middle(candidate: Candidate) -> Values:
    """The results for all pairs of x and u in _cases, from the middle of a long array."""
    period = len(BETWEEN) * len(UNIFORMS)
    (*_, long) = _cases(candidate, 4099)
    return candidate.values(long)[32 * period : 33 * period]


def _alike(candidate: Candidate, case: Case, middle: Values) -> Values:
    """The results for the elements of ``case``, one of _cases, in the middle of a long array; NaN where chance decides."""
    by_chance = candidate.declared.stochastic and case.u is None
    return np.full(case.x.shape, np.nan, middle.dtype) if by_chance else np.resize(middle, case.x.shape)


def _like(values: Values, case: Case, alike: Values, where: str) -> None:
    """Raise Violation where values are no neighbours of x, or not those of the same x and u in a long array."""
    k, s = case.ruler.ordinals(values, case.x), case.ruler.locate(case.x)
    ok = (np.abs(k - s) < 1.0) & (k == np.rint(k)) & (np.isnan(alike) | (values == alike))
    if (i := first_false(ok)) is not None:
        told = f"element {i} {where}, x = {literal(case.x.flat[i])}, gives {values.flat[i]:g}; demanded: "
        same = f"{alike.flat[i]:g}, as in the middle of a long array"
        neighbour = np.isnan(alike.flat[i]) or values.flat[i] == alike.flat[i]
        raise Violation(told + ("a neighbour on the grid" if neighbour else same), case, i)


def _every_element(candidate: Candidate, level: Level, alpha: float) -> Finding:
    large, middle = (_large(level),), _middle(candidate)
    sizes = FEW_SIZES if level.few_sizes else ALL_SIZES
    for shape in (*((size,) for size in sizes), *SOME_SHAPES, large):
        for case in _cases(candidate, *shape):
            _like(candidate.values(case), case, _alike(candidate, case, middle), f"of an array of shape {shape}")
    return Finding(f"{len(sizes)} sizes from 1 to {sizes[-1]}, shapes {', '.join(map(str, (*SOME_SHAPES, large)))}")


PROPERTIES = (
    Property("repeatable", "the same seed, or uniforms, give the same bits", "counters", _repeats),
    Property("same-bits-any-threads", "the number of threads changes nothing", "counters", _any_threads),
    Property("input-untouched", "no argument and no earlier result is written to", "definition of Q", _untouched),
    Property("dtype-and-shape", "float32 of x's shape comes out, whatever the layout", "definition of Q", _dtype_and_shape),
    Property("every-element", "an element becomes the same in arrays of every size", "definition of Q", _every_element),
)
