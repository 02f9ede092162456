"""What a call may depend on and what it must leave alone: seeds, threads, memory, dtypes, shapes."""

from collections.abc import Iterator

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Values, Violation
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property

BETWEEN = (-1.7, -0.6, 0.3, 0.7)  # points that every grid of step 1 has around them
SHAPES = ((), (0,), (1,), (7,), (0, 3), (3, 1), (2, 3, 4), (3, 1001))
SIZES = (*range(1, 68), 255, 257, 1023, 4099)


def _between(shape: tuple[int, ...]) -> Values:
    """The values of BETWEEN, again and again."""
    return np.resize(np.array(BETWEEN, float32), shape)


def _recipe(case: Case) -> str:
    """A call on ``_between`` in Python."""
    x = f"np.resize(np.float32({list(BETWEEN)}), {case.x.shape})"
    if case.u is None:
        return f"quantize({x}, {case.delta!r}, {case.bits}, seed={case.seed})"
    return f"quantize_with_uniforms({x}, {case.delta!r}, {case.bits}, np.float32(np.arange({case.x.size}) * 0.6180339 % 1))"


def _cases(candidate: Candidate, size: int) -> Iterator[Case]:
    """Points between, under a seed and, where they can be given, under uniforms."""
    bits, x = candidate.declared.bits[0], _between((size,))
    yield Case(bits, 1.0, x, seed=7)
    if candidate.takes_uniforms:
        yield Case(bits, 1.0, x, (np.arange(size) * 0.6180339 % 1).astype(float32))


def _same(candidate: Candidate, case: Case, first: Values, said: str) -> None:
    again = candidate.values(case)
    if again.tobytes() != first.tobytes():
        i = int(np.argmax(again.reshape(-1) != first.reshape(-1)))
        told = f"element {i} of {first.size:,} is {first.flat[i]:g}, and {again.flat[i]:g} {said}"
        raise Violation(told, case, i, _recipe(case))


def _repeats(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _cases(candidate, 4099):
        first = candidate.values(case)
        _same(candidate, case, first, "in a second call")
        candidate.values(Case(case.bits, 0.5, _between((3, 5)), seed=8))
        _same(candidate, case, first, "after a call with another seed")
    return Finding("4,099 elements, with and without another call between")


def _any_threads(candidate: Candidate, level: Level, alpha: float) -> Finding:
    set_threads = getattr(candidate.adapter, "set_threads", None)
    if not callable(set_threads):
        raise NotApplicable("the adapter has no set_threads(n)")
    size = level.side**2 + 13
    try:
        for case in _cases(candidate, size):
            set_threads(1)
            first = candidate.values(case)
            for n in (2, 3, 4):
                set_threads(n)
                _same(candidate, case, first, f"with {n} threads")
    finally:
        set_threads(1)
    return Finding(f"{size:,} elements with 1, 2, 3 and 4 threads")


def _untouched(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _cases(candidate, 1003):
        given = case._replace(x=case.x.copy(), u=None if case.u is None else case.u.copy())
        out = np.asarray(candidate.raw(given))
        for name, before, after in (("x", case.x, given.x), ("u", case.u, given.u)):
            if before is not None and after is not None and before.tobytes() != after.tobytes():
                raise Violation(f"writes into {name}", case, 0, _recipe(case))
            if after is not None and np.shares_memory(out, after):
                raise Violation(f"returns the memory of {name}", case, 0, _recipe(case))
    return Finding("x and u, bit by bit")


def _check_type(candidate: Candidate, x: Values) -> Values:
    """What comes out for ``x``, of any layout, if it is a float32 array of that shape."""
    case = Case(candidate.declared.bits[0], 1.0, x)
    out = candidate.raw(case)
    if not isinstance(out, np.ndarray | np.generic) or out.dtype != float32 or out.shape != x.shape:
        array = isinstance(out, np.ndarray | np.generic)
        kind = f"{out.dtype} of shape {out.shape}" if array else type(out).__name__
        raise Violation(f"returns {kind} for float32 of shape {x.shape}", case, 0, _recipe(case))
    return np.asarray(out)


def _dtype_and_shape(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for shape in SHAPES:
        _check_type(candidate, _between(shape))
    base = _between((12, 10))
    for x, word in ((base.copy().T, "transposed"), (base.copy()[::2, 1::3], "strided")):
        out, again = (_check_type(candidate, np.ascontiguousarray(x)) for _ in range(2))
        if np.array_equal(out, again) and not np.array_equal(_check_type(candidate, x), out):
            told = f"a {word} array gives other values than its contiguous copy"
            raise Violation(told, Case(candidate.declared.bits[0], 1.0, x))
    return Finding(f"shapes {', '.join(map(str, SHAPES))}; transposed and strided")


def _every_element(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for size in SIZES:
        for case in _cases(candidate, size):
            codes = candidate.codes(case)
            ok = (np.abs(codes - case.x) < 1.0) & (codes == np.rint(codes))
            if not ok.all():
                i = int(np.argmin(ok))
                told = f"element {i} of {size}, x = {float(case.x[i])!r}, gives {codes[i]:g}; demanded: a neighbour on the grid"
                raise Violation(told, case, i, _recipe(case))
    return Finding("sizes 1 to 67, 255, 257, 1023, 4099")


PROPERTIES = (
    Property("repeatable", "the same seed, or uniforms, give the same bits", "counters", _repeats),
    Property("same-bits-any-threads", "the number of threads changes nothing", "counters", _any_threads),
    Property("input-untouched", "x and u are not written to, and not returned", "definition of Q", _untouched),
    Property("dtype-and-shape", "float32 of x's shape comes out, whatever the layout", "definition of Q", _dtype_and_shape),
    Property("every-element", "arrays of every size are quantized to their ends", "definition of Q", _every_element),
)
