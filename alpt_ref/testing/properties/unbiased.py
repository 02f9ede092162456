"""Means and variances under the quantizer's own uniforms (Q2, Q3, L3).

They are judged by sequential tests with stated error rates.
"""

import math
from itertools import product

import numpy as np
from numpy import float32, float64

from alpt_ref.intervals import bounded_mean_p
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable
from alpt_ref.testing.evidence import Sensitivity, detectable, log_evidence, p_value
from alpt_ref.testing.level import Level
from alpt_ref.testing.properties.stochastic import FRACTIONS, RARE, cells
from alpt_ref.testing.property import Finding, Property, Trial, least_likely
from alpt_ref.testing.sampling import Group, group_of, most_against
from alpt_ref.testing.targets import narrow_and_wide, two_step_sizes

COARSE, COARSE_SAMPLES = (0.25, 0.5, 0.75), 2**14
SMALL_SIZES, PARTS = (1, 2, 3, 5, 7, 9, 13, 17, 67), (0.5, 0.125, -0.125)
BLOCK = 2**19  # most elements of a call
INDEPENDENT = ("elements-independent", "seeds-independent")
UPDATE = 1049 * 2.0**-20  # 1/1000 of a step, in float32 exact from every code below 8
N_UPDATES = 100
SMALLEST_VARIANCE = 1e-9  # stands for none, where all that rounds may be lost for want of random bits


def _cells(candidate: Candidate, bits: int, delta: float) -> Group:
    """The group of all values of :func:`cells`."""
    return group_of(candidate, bits, delta, np.array([x for x, _, _ in cells(candidate, bits, delta)], float32))


def _groups(candidate: Candidate, level: Level) -> list[Group]:
    """The groups to be sampled: every fraction on the widest grid and on the widest of up to 8 bits. Fractions within RARE of
    the grid are apart, and only where the step size is a power of two, for division blurs them elsewhere. On grids of all other
    widths there are only the fractions of COARSE."""
    out, main = [], narrow_and_wide(candidate)
    for bits, delta in product(main, two_step_sizes(candidate)):
        group = _cells(candidate, bits, delta)
        rare = np.minimum(group.a, 1.0 - group.a) <= RARE
        out += [group.only(rare & group.exact, level.rare_samples), group.only(~rare, level.samples)]
    for bits in (b for b in candidate.declared.bits if b not in main):
        group = _cells(candidate, bits, 1.0)
        out.append(group.only(np.isin(group.a, COARSE), min(level.samples, COARSE_SAMPLES)))
    # A small bias shows at rare fractions: those first.
    return sorted((group for group in out if group.x.size), key=lambda group: -group.samples)


def _sampled(candidate: Candidate, level: Level, alpha: float) -> Finding:
    groups = _groups(candidate, level)
    values, places, trials, seed = sum(group.x.size for group in groups), sum(SMALL_SIZES), [], 0
    each = alpha / (values + places)
    for size in SMALL_SIZES:
        x = np.resize(np.roll(np.array(PARTS, float32), size), size)
        group = group_of(candidate, candidate.declared.bits[0], 1.0, x, level.seeds)
        trials.append(most_against(candidate, group, each)[0])
    for group in groups:
        rows = min(group.samples, max(BLOCK // group.x.size, 1))
        trial, seed = most_against(candidate, group, each, rows=rows, first=seed)
        trials.append(trial)
        if trial.p <= each:
            break
    counts = dict.fromkeys(f"{group.samples:,}" for group in groups)
    note = f"{values} values, {' or '.join(counts)} roundings of each; "
    note += f"every element of arrays of {', '.join(map(str, SMALL_SIZES))}, {level.seeds:,} seeds"
    return least_likely(trials, values + places, note, _sensitivity(groups, each))


def _sensitivity(groups: list[Group], alpha: float) -> tuple[Sensitivity, ...]:
    """The Sensitivity at each fraction of power-of-two steps, wherever in the range float32 holds it."""
    found: dict[float, Sensitivity] = {}
    for group in groups:
        for a, hi in zip(group.a, group.hi, strict=True):
            fraction = min(FRACTIONS, key=lambda f: abs(f - float(a)))
            if group.exact and fraction not in found:
                found[fraction] = detectable(float(a), float(hi - a), group.samples, alpha)._replace(fraction=fraction)
    return tuple(found[a] for a in sorted(found))


def _variance(candidate: Candidate, level: Level, alpha: float) -> Finding:
    """Judge E (Q(x)/delta - s)^2 = a(1-a); with few random bits it may be up to bias |1 - 2a| more or less."""
    bits, n = candidate.declared.bits[-1], min(level.samples, 2**17)

    def trial(seed: int, x: float) -> Trial:
        case = Case(bits, 1.0, np.full(n, x, float32), seed=seed)
        # Only a wrong value has a square beyond 4, and NaN is wrong, too.
        squares = np.nan_to_num(np.minimum((candidate.codes(case) - x) ** 2, 4.0), nan=4.0)
        a = x - math.floor(x)
        slack, want = candidate.declared.bias * abs(1.0 - 2.0 * a), a * (1.0 - a)
        nearest = float(np.clip(squares.mean(), max(want - slack, SMALLEST_VARIANCE), want + slack))
        told = f"x = {x!r}: mean of (Q(x) - x)^2 is {squares.mean():.6g} over {n:,} elements; demanded: {want:.6g} on average"
        return Trial(bounded_mean_p(squares, 0.0, 4.0, nearest), told, f"(({case.call()} - {x}) ** 2).mean()")

    trials = [trial(seed, x) for seed, x in enumerate((0.125, -0.75, 0.5, -0.125))]
    return least_likely(trials, len(trials), f"{len(trials)} fractions, {n:,} roundings each")


def _small_updates(candidate: Candidate, level: Level, alpha: float) -> Finding:
    """Judge weights at 0 that are updated N_UPDATES times by +UPDATE steps, or by -UPDATE, and rounded each time."""
    slack, bits = candidate.declared.bias, candidate.declared.bits[-1]
    if slack >= UPDATE / 2:
        raise NotApplicable(f"with {candidate.declared.random_bits} random bits updates below {slack:g} steps may be lost")
    if bits < 4:
        raise NotApplicable("the walk needs 4 bits to stay inside")
    n = N_UPDATES * level.weights

    def walk(update: float) -> tuple[float, Trial]:
        """The mean move of the weights, and what the number of roundings away from 0 speaks against."""
        w, k = np.zeros(level.weights, float32), 0
        for seed in range(N_UPDATES):
            after = candidate.values(Case(bits, 1.0, w + float32(update), seed=seed)).astype(float32)
            k += int((math.copysign(1.0, update) * (after - w) > 0.5).sum())
            w = after
        move = float(w.astype(float64).mean())
        told = f"{level.weights:,} weights at 0, {N_UPDATES} updates of {update:+.6f} steps: mean move {move:+.4f} steps, "
        told += f"{k:,} of {n:,} roundings away from 0; demanded: {update * N_UPDATES:+.4f}, {n * UPDATE:,.0f} on average"
        recipe = f"w = np.zeros({level.weights}, np.float32)\n"
        recipe += f"for seed in range({N_UPDATES}): w = quantize(w + np.float32({update!r}), 1.0, {bits}, seed)"
        return move, Trial(p_value(float(log_evidence(k, n, UPDATE - slack, UPDATE + slack))), told, recipe)

    (up, rising), (down, falling) = walk(UPDATE), walk(-UPDATE)
    return least_likely((rising, falling), 2, f"mean moves {up:+.4f} and {down:+.4f} steps of 0.1")


PROPERTIES = tuple(
    Property(name, statement, source, check, "stochastic", statistical=True, needs=INDEPENDENT)
    for name, statement, source, check in (
        ("unbiased", "E Q(x) = clip(x), at every fraction, both signs, near both ends", "Q2", _sampled),
        ("variance", "Var Q(x) = delta^2 a(1 - a)", "Q3", _variance),
        ("small-updates-survive", "100 updates of delta/1000 move by 0.1 delta on average", "Q2, L3", _small_updates),
    )
)
