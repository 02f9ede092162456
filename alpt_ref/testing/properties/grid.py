"""The properties of the grid (Q1): values lie on it, and its points stay."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, demand, is_power_of_two
from alpt_ref.testing.evidence import log_evidence, p_value
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property, Trial, least_likely
from alpt_ref.testing.search import hunted, search, sweep
from alpt_ref.testing.targets import division, explained, narrow_and_wide, step_sizes, widths

CHUNK = 2**20


def _on_grid(candidate: Candidate, case: Case) -> None:
    codes = candidate.codes(case)
    lo, hi = candidate.declared.box(case.bits)
    q = np.rint(codes)
    # A stored value is q delta to half an ulp: what x / delta is to x.
    ok = (q >= lo) & (q <= hi) & (np.abs(codes - q) <= division(q, case.delta))
    demand(ok, case, codes, f"a whole number of steps in [{lo}, {hi}]")


def _stays(candidate: Candidate, case: Case) -> None:
    codes, (lo, hi) = candidate.codes(case), candidate.declared.box(case.bits)
    q = case.x.astype(float) / case.delta
    on_grid = (q == np.rint(q)) & (q >= lo) & (q <= hi)
    demand(~on_grid | (codes == q), case, codes, "{}, which is on the grid", q)


def _stored(candidate: Candidate, level: Level, deltas: Sequence[float]) -> Iterator[Case]:
    """The calls of all stored points float32(q delta), on grids of several widths with each of ``deltas``."""
    for bits, delta in product(widths(candidate, level), deltas):
        lo, hi = candidate.declared.box(bits)
        yield Case(bits, delta, np.arange(lo, hi + 1).astype(float32) * float32(delta))


def _grid_points(candidate: Candidate, level: Level, alpha: float) -> Finding:
    search(_stays, candidate, level, exact_only=True)
    tried = sweep(_stays, candidate, _stored(candidate, level, step_sizes(candidate, exact_only=True)))
    if candidate.declared.stochastic:
        for bits in narrow_and_wide(candidate):
            n = (level.grid_points if bits <= 8 else min(level.grid_points, 2**16)) // 2
            # Near the ends s + u loses most bits of u, an even and an odd code each; the top one's step up is clipped away.
            lo, hi = candidate.declared.box(bits)
            for code in dict.fromkeys((hi - 1, hi - 2, lo + 1, lo)):
                for seed in range(-(-n // CHUNK)):
                    _stays(candidate, Case(bits, 1.0, np.full(min(CHUNK, n), float(code), float32), seed=seed))
                tried += n
    return Finding(f"{tried:,} points of grids with power-of-two steps")


def _stored_stays(candidate: Candidate, case: Case) -> None:
    """Demand that a stored point stays.

    Under stochastic rounding it may go one step, for uniforms that the division explains.
    """
    codes, q = candidate.grid_codes(case), np.rint(case.x.astype(float) / case.delta)
    demand((codes == q) | explained(candidate, case, codes, q), case, codes, "{}, a stored point", q)


def _farthest(candidate: Candidate, bits: int, delta: float) -> int:
    """The code q whose stored point float32(q delta) float32 division puts farthest from q. It is never an end of the range,
    which clips."""
    lo, hi = candidate.declared.box(bits)
    q = np.arange(lo + 1, hi).astype(float32)
    s = q * float32(delta) / float32(delta)
    return int(q[np.argmax(np.abs(s.astype(float) - q))])


def _moving(candidate: Candidate, bits: int, delta: float, n: int) -> tuple[int, Trial]:
    """The number of copies, of ``n``, that are moved, and what that speaks against. They are copies of the stored point that
    division puts farthest off."""
    code = _farthest(candidate, bits, delta)
    case = Case(bits, delta, np.full(n, float32(code) * float32(delta), float32))
    moved = int((candidate.grid_codes(case) != code).sum())
    allowed = division(code, delta) + candidate.declared.bias
    told = f"{moved} of {n:,} values float32({code} delta) move, delta = {delta:.9g}; demanded: at most a part {allowed:.3g}"
    return moved, Trial(p_value(float(log_evidence(moved, n, 0.0, allowed))), told, case.call())


def _stored_points(candidate: Candidate, level: Level, alpha: float) -> Finding:
    others = [delta for delta in step_sizes(candidate, exact_only=False) if not is_power_of_two(delta)]
    if not others:
        raise NotApplicable("it takes powers of two alone")
    tried, copies, sampled = 0, max(level.grid_points // 64, 2**12), []
    for case in _stored(candidate, level, others):
        tried += sweep(_stored_stays, candidate, [case])
        if candidate.declared.stochastic:
            sampled.append(_moving(candidate, case.bits, case.delta, copies))
    moved = sum(count for count, _ in sampled)
    note = f"{tried + copies * len(sampled):,} points, "
    note += f"{moved} moved, as float32 division may" if moved else "none moved"
    return least_likely((trial for _, trial in sampled), len(sampled), note) if sampled else Finding(note)


PROPERTIES = (
    Property("values-on-grid", "every value is a code in the range times delta", "definition of Q", hunted(_on_grid)),
    Property("grid-points-fixed", "Q(x) = x on the grid, for every u (power-of-two steps)", "Q1", _grid_points),
    Property(
        "stored-points-fixed",
        "float32(q delta) stays, as far as float32 division lets it",
        "Q1",
        _stored_points,
        statistical=True,
    ),
)
