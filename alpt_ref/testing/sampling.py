"""Values that are rounded again and again, and the evidence against the chance with which one of them goes up."""

from typing import NamedTuple

import numpy as np
from numpy import float32, float64, int64
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, demand, is_power_of_two, literal, written_out
from alpt_ref.testing.evidence import log_evidence, p_value
from alpt_ref.testing.property import Trial
from alpt_ref.testing.targets import division

LONGEST = 2**23  # most elements of a short counterexample


class Group(NamedTuple):
    """Values x = (below + a) delta of one grid, in one array, each to go up with a probability in [lo, hi].

    below, a : floor and fraction of x / delta. samples : how often each is rounded. All but the first three are vectors.
    """

    bits: int
    delta: float
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

    @property
    def exact(self) -> bool:
        """True where delta is a power of two, so that x / delta is exact."""
        return is_power_of_two(self.delta)


def group_of(candidate: Candidate, bits: int, delta: float, x: NDArray[float32], samples: int = 0) -> Group:
    """The group of the values ``x``, float32, which lie inside of the range."""
    s = x.astype(float64) / delta
    below = np.floor(s)
    slack = candidate.declared.bias + division(s, delta)
    lo, hi = np.maximum(s - below - slack, 0.0), np.minimum(s - below + slack, 1.0)
    return Group(bits, delta, samples, x, below, a=s - below, lo=lo, hi=hi)


def most_against(candidate: Candidate, group: Group, alpha: float, *, rows: int = 1, first: int = 0) -> tuple[Trial, int]:
    """The Trial of the value that speaks loudest against the quantizer, and the next seed.

    A call takes all values, ``rows`` times. Calls go on under seeds from ``first`` until every value has been rounded as often
    as asked or one is rejected at ``alpha``.
    """
    tiled, source = (group.x, "") if rows == 1 else (np.tile(group.x, (rows, 1)), _tile(group, rows))
    ups, n, seed = np.zeros(group.x.size, int64), 0, first
    while True:
        up = _went_up(candidate, group, Case(group.bits, group.delta, tiled, seed=seed, source=source))
        ups += up.reshape(rows, -1).sum(axis=0)
        n, seed = n + rows, seed + 1
        log_e = log_evidence(ups, n, group.lo, group.hi)
        i = int(np.argmax(log_e))
        p = p_value(float(log_e[i]))
        if n >= group.samples or p <= alpha:
            recipe = _short(candidate, group, i, alpha) if p <= alpha and rows > 1 else ""
            told = (f"element {i} of {group.x.size}, " if rows == 1 else "") + _told(group, i, int(ups[i]), n)
            return Trial(p, told, recipe or _long(group, i, rows, range(first, seed))), seed


def _middle(group: Group, i: int) -> float:
    return (float(group.below[i]) + 0.5) * group.delta


def _tile(group: Group, rows: int) -> str:
    return f"np.tile({written_out(group.x)}, ({rows}, 1))"


def _long(group: Group, i: int, rows: int, seeds: range) -> str:
    """Python that repeats the calls as they were."""
    x = written_out(group.x) if rows == 1 else _tile(group, rows)
    up = f"quantize({x}, {group.delta!r}, {group.bits}, seed)[..., {i}] > {_middle(group, i)!r}"
    return f"np.mean([{up} for seed in range({seeds.start}, {seeds.stop})])"


def _short(candidate: Candidate, group: Group, i: int, alpha: float) -> str:
    """Python for one call of one value, if that shows the failure, too; else an empty text."""
    n = min(8 * group.samples, LONGEST)  # more than were needed: to show it once more is another draw
    case = Case(group.bits, group.delta, np.full(n, group.x[i], float32))
    ups = int((candidate.values(case) > _middle(group, i)).sum())
    if p_value(float(log_evidence(ups, n, group.lo[i], group.hi[i]))) > alpha:
        return ""
    return f"({case.call()} > {_middle(group, i)!r}).mean()"


def _went_up(candidate: Candidate, group: Group, case: Case) -> NDArray[np.bool_]:
    """True for the elements of ``case``, rows of the values of ``group``, that went up. Raises Violation where one went neither
    to the point below nor to the one above."""
    values = candidate.values(case)
    if not group.exact:
        return np.asarray(values > ((group.below + 0.5) * group.delta).astype(float32), bool)
    low, high = (((group.below + up) * group.delta).astype(float32) for up in (0.0, 1.0))
    up = np.asarray(values == high, bool)
    ok = up | (values == low)
    if not ok.all():
        ends = (np.broadcast_to(end, values.shape) for end in (group.below, group.below + 1.0))
        demand(ok, case, values / group.delta, "{} or {}, its neighbours", *ends)
    return up


def _told(group: Group, i: int, ups: int, n: int) -> str:
    x, below, a, delta = literal(group.x[i]), float(group.below[i]), float(group.a[i]), group.delta
    low, high = (f"{n * end:,.0f}" if n * end >= 10.0 else f"{n * end:.3g}" for end in (group.lo[i], group.hi[i]))
    wanted = low if n * (group.hi[i] - group.lo[i]) < 1.0 else f"{low} to {high}"
    told = f"x = {x}, {below:g} + {a:.9g} steps{'' if delta == 1.0 else f' of {delta:.9g}'}, goes up in {ups:,} of {n:,} "
    return told + f"roundings, bias {ups / n - a:+.3g} steps; demanded: {wanted} on average"
