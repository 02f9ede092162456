"""The mean over replicas, as many as the comparison with the bound takes, and what has to be true of them."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.theory.claim import Check, Draw, Measured
from alpt_ref.theory.verdict import POWER
from alpt_ref.walks.exact import Law
from alpt_ref.walks.sampling import decide

Floats = NDArray[float64]
Counts = NDArray[int64]
Replicas = Callable[[int, int, int], tuple[Floats, Counts | None]]
Bound = Callable[[Any], float]
STOP = 1.2  # times its bound is where a sum stops


def judged_by(proved: Bound | None, draw: Draw) -> bool:
    """True where the row is judged by the bound that is ``proved``, not by one that a user has put in its place."""
    return proved is not None and draw.claim is not None and draw.claim.bound is proved


def mean_of(sample: Replicas, span: tuple[float, float], draw: Draw, proved: Bound | None, most: int = 8192) -> Measured:
    """The mean of ``sample``: as :func:`stopped_mean` where the row is judged by ``proved``, else as :func:`sampled_mean`."""
    return (stopped_mean if judged_by(proved, draw) else sampled_mean)(sample, span, draw, most)


def stopped_mean(sample: Replicas, span: tuple[float, float], draw: Draw, most: int = 8192) -> Measured:
    """The mean of sums over the steps of numbers that are not negative, which stop before a step that would take them beyond
    1.2 times the bound.

    Whether step t counts is known before its uniforms are, so that a bound that is proved step by step holds for stopped sums,
    too, and the interval is for their mean. It says nothing of whole sums where another bound is the question. The range that
    intervals need is [0, 1.2 bound], where that is less than ``span``. A mean of sums that were cut below the bound
    says nothing of it: the row checks that no sum was cut.
    """
    stopped = 0
    cap = span[1] if draw.bound is None else min(span[1], STOP * draw.bound)

    def capped(first: int, last: int, n_threads: int) -> tuple[Floats, Counts | None]:
        nonlocal stopped
        values, clipped = sample(first, last, n_threads)
        stopped += int((values > cap).sum())
        return np.minimum(values, cap), clipped

    measured = sampled_mean(capped, (0.0, cap), draw, most)
    # Above the bound in the mean, sums that stop speak against it all the same.
    above = draw.bound is not None and measured.value - measured.half > draw.bound
    return measured if above else replace(measured, checks=(*measured.checks, Check("sums stopped", stopped, "<=", 0.0)))


def sampled_mean(sample: Replicas, span: tuple[float, float], draw: Draw, most: int = 8192) -> Measured:
    """The mean of as many replicas as the comparison with the bound takes, and the check that no update was clipped.

    sample : (first, last, n_threads) -> values in ``span`` and counts of clipped updates, one of each for a replica; None where
    clipping does not matter, and is not checked.
    """
    clipped: int | None = None

    def values(first: int, last: int) -> Floats:
        nonlocal clipped
        out, cut = sample(first, last, draw.threads)
        if cut is not None:
            clipped = (clipped or 0) + int(cut.sum())
        return out

    enough = math.inf if draw.bound is None else POWER * abs(draw.bound)
    estimate, n = decide(values, *span, draw.bound, draw.alpha, most=most, enough=enough)
    assert estimate.half is not None
    note = "{} replicas, each within [{:.3g}, {:.3g}]".format(n, *span)
    none = () if clipped is None else (Check("no clipping: clipped updates of the replicas", clipped, "<=", 0.0),)
    return Measured(estimate.mean, estimate.half, none, note)


def unclipped(law: Law) -> Check:
    """The check that no target of a law left the box."""
    return Check("no clipping: expected clipped steps", float(law.clipped.sum()), "<=", 0.0)
