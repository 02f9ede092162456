"""The properties of the grid (Q1): values lie on it, and its points stay."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, demand
from alpt_ref.testing.evidence import log_evidence, p_value
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Finding, Property, Trial, least_likely
from alpt_ref.testing.rulers import Ruler, Uniform
from alpt_ref.testing.search import hunted, search, sweep
from alpt_ref.testing.shapes import padded
from alpt_ref.testing.targets import explained, few, main, swept

CHUNK = 2**20


def on_grid(candidate: Candidate, case: Case) -> None:
    """Demand of every value that it is a point in the range."""
    codes, (lo, hi) = candidate.ordinals(case), case.ruler.box
    q = np.rint(codes)
    # A stored value is q delta to half an ulp: what x / delta is to x.
    ok = (q >= lo) & (q <= hi) & (np.abs(codes - q) <= case.ruler.slack(q))
    demand(ok, case, codes, case.ruler.on_grid)


def _stays(candidate: Candidate, case: Case) -> None:
    codes, (lo, hi) = candidate.ordinals(case), case.ruler.locate(case.ruler.ends)  # what overflows is no point
    q = case.ruler.locate(case.x)
    on_grid = (q == np.rint(q)) & (q >= lo) & (q <= hi)
    demand(~on_grid | (codes == q), case, codes, "{}, which is on the grid", q)


def _stored(level: Level, rulers: Iterable[Ruler]) -> Iterator[Case]:
    """The calls of all stored points of ``rulers``; on an integer grid they are float32(q delta)."""
    for ruler in rulers:
        yield Case(ruler, padded(ruler.points(few=few(ruler, level))))


def _grid_points(candidate: Candidate, level: Level, alpha: float) -> Finding:
    search(_stays, candidate, level, exact_only=True)
    tried = sweep(_stays, candidate, _stored(level, swept(candidate, level, exact_only=True)))
    if candidate.declared.stochastic:
        for ruler in (ruler for ruler in main(candidate) if ruler.exact):
            n = (level.grid_points if ruler.width <= 8 else min(level.grid_points, 2**16)) // 2
            # Near the ends s + u loses most bits of u.
            for x in ruler.point(ruler.crowded):
                for seed in range(-(-n // CHUNK)):
                    _stays(candidate, Case(ruler, np.full(min(CHUNK, n), x, float32), seed=seed))
                tried += n
    return Finding(f"{tried:,} points of {main(candidate)[0].kind_told}")


def _stored_stays(candidate: Candidate, case: Case) -> None:
    """Demand that a stored point stays.

    Under stochastic rounding it may go one step, for uniforms that the division explains.
    """
    codes, q = candidate.grid_ordinals(case), np.rint(case.ruler.locate(case.x))
    demand((codes == q) | explained(candidate, case, codes, q), case, codes, "{}, a stored point", q)


def _farthest(ruler: Uniform) -> int:
    """The ordinal q whose stored point float32(q delta) float32 division puts farthest from q. It is never an end of the range,
    which clips."""
    lo, hi = ruler.box
    q = np.arange(lo + 1, hi).astype(float32)
    s = q * float32(ruler.delta) / float32(ruler.delta)
    return int(q[np.argmax(np.abs(s.astype(float) - q))])


def _moving(candidate: Candidate, ruler: Uniform, n: int) -> tuple[int, Trial]:
    """The number of copies, of ``n``, that are moved, and what that speaks against. They are copies of the stored point that
    division puts farthest off."""
    code, delta = _farthest(ruler), ruler.delta
    case = Case(ruler, np.full(n, float32(code) * float32(delta), float32))
    moved = int((candidate.grid_ordinals(case) != code).sum())
    allowed = ruler.slack(code) + candidate.declared.bias
    told = f"{moved} of {n:,} values float32({code} delta) move, delta = {delta:.9g}; demanded: at most a part {allowed:.3g}"
    return moved, Trial(p_value(float(log_evidence(moved, n, 0.0, allowed))), told, case.call())


def _stored_points(candidate: Candidate, level: Level, alpha: float) -> Finding:
    rulers = [ruler for ruler in swept(candidate, level, exact_only=False) if not ruler.exact]
    if not rulers:
        raise NotApplicable("it takes powers of two alone")
    tried, copies, sampled = 0, max(level.grid_points // 64, 2**12), []
    for case in _stored(level, rulers):
        tried += sweep(_stored_stays, candidate, [case])
        if candidate.declared.stochastic and isinstance(case.ruler, Uniform):
            sampled.append(_moving(candidate, case.ruler, copies))
    moved = sum(count for count, _ in sampled)
    note = f"{tried + copies * len(sampled):,} points, "
    note += f"{moved} moved, as float32 division may" if moved else "none moved"
    return least_likely((trial for _, trial in sampled), len(sampled), note) if sampled else Finding(note)


PROPERTIES = (
    Property("values-on-grid", "every value is a code in the range times delta", "definition of Q", hunted(on_grid)),
    Property("grid-points-fixed", "Q(x) = x on the grid, for every u (power-of-two steps)", "Q1", _grid_points),
    Property(
        "stored-points-fixed",
        "float32(q delta) stays, as far as float32 division lets it",
        "Q1",
        _stored_points,
        statistical=True,
        grids="integer grids",
    ),
)
