"""Values that are rounded again and again, and the evidence against the chance with which one of them goes up."""

from typing import NamedTuple

import numpy as np
from numpy import float32, float64, int64
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, demand, one_of
from alpt_ref.testing.evidence import log_evidence, p_value
from alpt_ref.testing.literals import literal, written_out
from alpt_ref.testing.property import Trial
from alpt_ref.testing.rulers import Ruler
from alpt_ref.testing.shapes import WIDTHS, fitting

LONGEST = 2**23  # most elements of a short counterexample


class Group(NamedTuple):
    """Values x of positions below + a on one grid, in one array, each to go up with a probability in [lo, hi].

    samples : how often each is rounded. All but the first two are vectors.
    """

    ruler: Ruler
    samples: int
    x: NDArray[float32]
    below: NDArray[float64]
    a: NDArray[float64]
    lo: NDArray[float64]
    hi: NDArray[float64]

    def only(self, these: NDArray[np.bool_], samples: int) -> "Group":
        """The group of those values alone, to be rounded ``samples`` times."""
        vectors = {name: getattr(self, name)[these] for name in ("x", "below", "a", "lo", "hi")}
        return self._replace(samples=samples, **vectors)


def group_of(candidate: Candidate, ruler: Ruler, x: NDArray[float32], samples: int = 0) -> Group:
    """The group of the values ``x``, float32, which lie inside of the range."""
    s = ruler.locate(x)
    below = np.floor(s)
    slack = candidate.declared.bias + ruler.slack(s)
    lo, hi = np.maximum(s - below - slack, 0.0), np.minimum(s - below + slack, 1.0)
    return Group(ruler, samples, x, below, a=s - below, lo=lo, hi=hi)


def most_against(candidate: Candidate, group: Group, alpha: float, *, rows: int = 1, first: int = 0) -> tuple[Trial, int]:
    """The Trial of the value that speaks loudest against the quantizer, and the next seed.

    A call takes all values, ``rows`` times. Calls go on under seeds from ``first`` until every value has been rounded as often
    as asked or one is rejected at ``alpha``.
    """
    width = fitting(group.x.size, WIDTHS) if rows > 1 else group.x.size
    x, below = np.resize(group.x, width), np.resize(group.below, width)
    tiled, source = (x, "") if rows == 1 else (np.tile(x, (rows, 1)), _tile(x, rows))
    ups, n, seed = np.zeros(group.x.size, int64), 0, first
    while True:
        up = went_up(candidate, Case(group.ruler, tiled, seed=seed, source=source), below)
        ups += up.reshape(rows, -1)[:, : ups.size].sum(axis=0)
        n, seed = n + rows, seed + 1
        log_e = log_evidence(ups, n, group.lo, group.hi)
        i = int(np.argmax(log_e))
        p = p_value(float(log_e[i]))
        if n >= group.samples or p <= alpha:
            recipe = _short(candidate, group, i, alpha) if p <= alpha and rows > 1 else ""
            told = (f"element {i} of {group.x.size}, " if rows == 1 else "") + _told(group, i, int(ups[i]), n)
            return Trial(p, told, recipe or _long(group, i, source or written_out(x), tiled.shape, range(first, seed))), seed


def _tile(x: NDArray[float32], rows: int) -> str:
    return f"np.tile({written_out(x)}, ({rows}, 1))"


def _long(group: Group, i: int, x: str, shape: tuple[int, ...], seeds: range) -> str:
    """Python that repeats the calls, on ``x`` of that shape, as they were."""
    up = group.ruler.above(f"{group.ruler.call(x, 'seed', shape=shape)}[..., {i}]", float(group.below[i]))
    return f"np.mean([{up} for seed in range({seeds.start}, {seeds.stop})])"


def _short(candidate: Candidate, group: Group, i: int, alpha: float) -> str:
    """Python for one call of one value, if that shows the failure, too; else an empty text."""
    n = min(8 * group.samples, LONGEST)  # more than were needed: to show it once more is another draw
    case = Case(group.ruler, np.full(n, group.x[i], float32))
    below = float(group.below[i])
    values = candidate.values(case)
    overflows = np.isnan(values) & np.isnan(group.ruler.point(below + 1.0))
    ups = int(((values > float(group.ruler.value(below + 0.5))) | overflows).sum())
    if p_value(float(log_evidence(ups, n, group.lo[i], group.hi[i]))) > alpha:
        return ""
    return f"({group.ruler.above(case.call(), below)}).mean()"


def went_up(candidate: Candidate, case: Case, below: NDArray[float64]) -> NDArray[np.bool_]:
    """True for the elements of ``case`` that went up from the points ``below``, which broadcast. Raises Violation where one is
    neither there nor at the point above."""
    values, ruler = candidate.values(case), case.ruler
    if not ruler.exact:
        return np.asarray(values > ruler.point(below + 0.5), bool)
    low, high = ruler.point(below), ruler.point(below + 1.0)
    up, down = (np.asarray(values == end, bool) for end in (high, low))
    if np.isnan(high).any() or np.isnan(low).any():  # overflow to NaN
        nan = np.isnan(values)
        up, down = up | (nan & np.isnan(high)), down | (nan & np.isnan(low))
    ok = up | down
    if not ok.all():
        ends = (np.broadcast_to(end, values.shape) for end in (below, below + 1.0))
        demand(ok, case, ruler.ordinals(values, case.x), one_of, *ends)
    return up


def _told(group: Group, i: int, ups: int, n: int) -> str:
    x, a = literal(group.x[i]), float(group.a[i])
    low, high = (f"{n * end:,.0f}" if n * end >= 10.0 else f"{n * end:.3g}" for end in (group.lo[i], group.hi[i]))
    wanted = low if n * (group.hi[i] - group.lo[i]) < 1.0 else f"{low} to {high}"
    told = f"x = {x}, {group.ruler.at(float(group.below[i]), a)}, goes up in {ups:,} of {n:,} "
    return told + f"roundings, bias {ups / n - a:+.3g} {group.ruler.unit}; demanded: {wanted} on average"
