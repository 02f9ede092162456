"""What a call may depend on and what it must leave alone: seeds, threads, memory, dtypes, shapes."""

from collections.abc import Iterator

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Violation
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property

Values = NDArray[float32]


def _ramp(shape: tuple[int, ...], bits: int) -> Values:
    """Values between the points of the grid of step 1, from end to end."""
    size = int(np.prod(shape))
    return np.linspace(-(2.0 ** (bits - 1)) + 0.3, 2.0 ** (bits - 1) - 1.3, size).astype(float32).reshape(shape)


def _cases(candidate: Candidate, size: int) -> Iterator[Case]:
    """A ramp, under a seed and, where they can be given, under uniforms."""
    bits = candidate.declared.bits[0]
    x = _ramp((size,), bits)
    yield Case(bits, 1.0, x, seed=7)
    if candidate.takes_uniforms:
        yield Case(bits, 1.0, x, (np.arange(size) * 0.6180339 % 1.0).astype(float32))


def _same(candidate: Candidate, case: Case, first: Values, said: str) -> None:
    again = candidate.values(case)
    if again.tobytes() != first.tobytes():
        i = int(np.argmax(again.reshape(-1) != first.reshape(-1)))
        raise Violation(f"element {i} is {first.flat[i]:g}, and {again.flat[i]:g} {said}", case, i)


def _repeats(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _cases(candidate, 4099):
        first = candidate.values(case)
        _same(candidate, case, first, "in a second call")
        candidate.values(Case(case.bits, 0.5, _ramp((3, 5), case.bits), seed=8))
        _same(candidate, case, first, "after a call with another seed")
    return Finding("4,099 elements, with and without another call between")


def _any_threads(candidate: Candidate, level: Level, alpha: float) -> Finding:
    set_threads = getattr(candidate.adapter, "set_threads", None)
    if not callable(set_threads):
        raise NotApplicable("the adapter has no set_threads(n)")
    try:
        for case in _cases(candidate, level.side**2 + 13):
            set_threads(1)
            first = candidate.values(case)
            for n in (2, 3, 4):
                set_threads(n)
                _same(candidate, case, first, f"with {n} threads")
    finally:
        set_threads(1)
    return Finding(f"{level.side**2 + 13:,} elements with 1, 2, 3 and 4 threads")


def _untouched(candidate: Candidate, level: Level, alpha: float) -> Finding:
    for case in _cases(candidate, 1003):
        x = np.concatenate((case.x, np.array([1e9, -1e9, -0.0], float32)))
        u = None if case.u is None else np.concatenate((case.u, case.u[:3]))
        given = case._replace(x=x.copy(), u=None if u is None else u.copy())
        out = np.asarray(candidate.raw(given))
        if given.x.tobytes() != x.tobytes() or (u is not None and given.u is not None and given.u.tobytes() != u.tobytes()):
            raise Violation(f"writes into its {'x' if given.x.tobytes() != x.tobytes() else 'uniforms'}", case)
        if np.shares_memory(out, given.x):
            raise Violation("returns memory of its input", case)
    return Finding("x and uniforms, bit by bit")


SHAPES = ((), (0,), (1,), (7,), (0, 3), (3, 1), (2, 3, 4), (3, 1001))


def _check_type(candidate: Candidate, case: Case) -> None:
    out = candidate.raw(case._replace(x=case.x.copy(order="K")))
    if not isinstance(out, np.ndarray | np.generic) or out.dtype != float32:
        kind = out.dtype if isinstance(out, np.ndarray | np.generic) else type(out).__name__
        raise Violation(f"returns {kind} for shape {case.x.shape}; demanded: a float32 array", case)
    if out.shape != case.x.shape:
        raise Violation(f"returns shape {out.shape} for shape {case.x.shape}", case)


def _dtype_and_shape(candidate: Candidate, level: Level, alpha: float) -> Finding:
    bits = candidate.declared.bits[0]
    for shape in SHAPES:
        _check_type(candidate, Case(bits, 1.0, _ramp(shape, bits)))
    base = _ramp((12, 10), bits)
    for x, said in ((base.T, "transposed"), (base[::2, 1::3], "strided")):
        _check_type(candidate, Case(bits, 1.0, x))
        if candidate.declared.coupled or not candidate.declared.stochastic:
            whole = candidate.values(Case(bits, 1.0, np.ascontiguousarray(x)))
            out = np.asarray(candidate.raw(Case(bits, 1.0, x.copy(order="K") if said == "transposed" else x)))
            if not np.array_equal(out, whole):
                raise Violation(f"a {said} array gives other values than its contiguous copy", Case(bits, 1.0, x))
    return Finding(f"shapes {', '.join(map(str, SHAPES))}; transposed and strided")


def _every_element(candidate: Candidate, level: Level, alpha: float) -> Finding:
    sizes = (*range(1, 68), 255, 257, 1023, 4099)
    for size in sizes:
        for case in _cases(candidate, size):
            codes = candidate.codes(case)
            ok = np.abs(codes - case.x) < 1.0
            ok &= codes == np.rint(codes)
            if not ok.all():
                i = int(np.argmin(ok))
                told = f"element {i} of {size}, x = {float(case.x[i])!r}, gives {codes[i]:g}"
                raise Violation(f"{told}; demanded: one of its two neighbours", case, i)
    return Finding("sizes 1 to 67, 255, 257, 1023, 4099")


PROPERTIES = (
    Property("repeatable", "the same seed, or uniforms, give the same bits", "counters", _repeats),
    Property("same-bits-any-threads", "the number of threads changes nothing", "counters", _any_threads),
    Property("input-untouched", "x and u are not written to, and not returned", "definition of Q", _untouched),
    Property("dtype-and-shape", "float32 of x's shape comes out, whatever the layout", "definition of Q", _dtype_and_shape),
    Property("every-element", "arrays of every size are quantized to their ends", "definition of Q", _every_element),
)
