"""What a call may depend on and what it must leave alone: seeds, threads, memory, dtypes, shapes."""

from collections.abc import Iterator

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Values, Violation, literal, shown
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.targets import UNIFORMS

BETWEEN = (-1.7, -0.6, 0.3, 0.7)  # points that every grid of step 1 has around them
SHAPES = ((), (0,), (1,), (7,), (0, 3), (3, 1), (2, 3, 4), (3, 1001))
EVERY_SIZE = 68
SOME_SHAPES = ((255,), (257,), (1023,), (4099,), (3, 1001), (129, 65), (5, 7, 257))


def _between(shape: tuple[int, ...]) -> Values:
    """The values of BETWEEN, again and again."""
    return np.resize(np.array(BETWEEN, float32), shape)


def _cases(candidate: Candidate, *shape: int) -> Iterator[Case]:
    """Points between, under a seed and, where they can be given, under uniforms."""
    bits, x = candidate.declared.bits[0], _between(shape)
    yield Case(bits, 1.0, x, seed=7)
    if candidate.takes_uniforms:
        yield Case(bits, 1.0, x, np.resize(np.array(UNIFORMS, float32), shape))


def _same(candidate: Candidate, case: Case, first: Values, said: str) -> None:
    again = candidate.values(case)
    same = (again == first) & (np.signbit(again) == np.signbit(first))
    if not same.all():
        i = int(np.argmin(same.reshape(-1)))
        told = f"element {i} of {first.size:,} is {first.flat[i]!s}, and {again.flat[i]!s} {said}"
        raise Violation(told, case, i)


def _repeats(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _cases(candidate, 4099):
        first = candidate.values(case)
        _same(candidate, case, first, "in a second call")
        candidate.values(Case(case.bits, 0.5, _between((3, 5)), seed=8))
        _same(candidate, case, first, "after a call with another seed")
    return Finding("4,099 elements, with and without another call between")


def _any_threads(candidate: Candidate, level: Level, alpha: float) -> Finding:
    if not callable(getattr(candidate.adapter, "set_threads", None)):
        raise NotApplicable("the adapter has no set_threads(n)")
    size = level.side**2 + 13
    for case in _cases(candidate, size):
        candidate.set_threads(1)
        first = candidate.values(case)
        for n in (2, 3, 4):
            candidate.set_threads(n)
            _same(candidate, case, first, f"with {n} threads")
        candidate.set_threads(1)
    return Finding(f"{size:,} elements with 1, 2, 3 and 4 threads")


def _untouched(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _cases(candidate, 1003):
        given = case._replace(x=case.x.copy(), u=None if case.u is None else case.u.copy())
        out = candidate.values_of(given)
        for name, before, after in (("x", case.x, given.x), ("u", case.u, given.u)):
            if before is not None and after is not None and before.tobytes() != after.tobytes():
                raise Violation(f"writes into {name}", case)
            if after is not None and np.shares_memory(out, after):
                raise Violation(f"returns the memory of {name}", case)
    return Finding("x and u, bit by bit")


def _check_type(candidate: Candidate, x: Values, source: str = "") -> Values:
    """What comes out for ``x``, of any layout, if it is a float32 array of that shape."""
    case = Case(candidate.declared.bits[0], 1.0, x, source=source)
    out = candidate.raw(case)
    if not isinstance(out, np.ndarray | np.generic) or out.dtype != float32 or out.shape != x.shape:
        array = isinstance(out, np.ndarray | np.generic)
        kind = f"{out.dtype} of shape {out.shape}" if array else type(out).__name__
        raise Violation(f"returns {kind} for float32 of shape {x.shape}", case)
    return np.asarray(out)


def _dtype_and_shape(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for shape in SHAPES:
        _check_type(candidate, _between(shape))
    base = _between((12, 10))
    for x, layout in ((base.T, ".T"), (base[::2, 1::3], "[::2, 1::3]")):
        out = _check_type(candidate, x, f"{shown(base)}{layout}")
        wrong = ~((np.abs(out - x) < 1.0) & (out == np.rint(out)))
        if wrong.any():
            i = int(np.argmax(wrong))
            told = f"of a strided array element {i}, x = {literal(x.flat[i])}, gives {out.flat[i]:g}; demanded: a neighbour"
            raise Violation(told, Case(candidate.declared.bits[0], 1.0, x, source=f"{shown(base)}{layout}"), i)
    return Finding(f"shapes {', '.join(map(str, SHAPES))}; transposed and strided")


def _every_element(candidate: Candidate, level: Level, alpha: float) -> Finding:
    large = (4 * level.side**2 + 3,)
    for shape in (*((size,) for size in range(1, EVERY_SIZE)), *SOME_SHAPES, large):
        for case in _cases(candidate, *shape):
            codes = candidate.codes(case)
            ok = (np.abs(codes - case.x) < 1.0) & (codes == np.rint(codes))
            if not ok.all():
                i = int(np.argmin(ok))
                told = f"element {i} of an array of shape {shape}, x = {literal(case.x.flat[i])}, gives {codes.flat[i]:g}"
                raise Violation(f"{told}; demanded: a neighbour on the grid", case, i)
    return Finding(f"sizes 1 to {EVERY_SIZE - 1}, shapes {', '.join(map(str, (*SOME_SHAPES, large)))}")


PROPERTIES = (
    Property("repeatable", "the same seed, or uniforms, give the same bits", "counters", _repeats),
    Property("same-bits-any-threads", "the number of threads changes nothing", "counters", _any_threads),
    Property("input-untouched", "x and u are not written to, and not returned", "definition of Q", _untouched),
    Property("dtype-and-shape", "float32 of x's shape comes out, whatever the layout", "definition of Q", _dtype_and_shape),
    Property("every-element", "arrays of every size are quantized to their ends", "definition of Q", _every_element),
)
