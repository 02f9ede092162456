"""Replicas of LPT-SGD, one random example a step, on one-hot logistic regression: mean predicted CTR, overall and by feature.

L5(a): for SR, a stationary law's mean prediction over the examples that have a feature is their mean label, up to clipping.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy import float64
from numpy.typing import NDArray
from scipy.special import expit

from alpt_ref.grid import Grid
from alpt_ref.intervals import student
from alpt_ref.problems import LogisticProblem, one_hot_logistic
from alpt_ref.studies.calibration.exact import DR, SR, Record
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.store import ArraysOf
from alpt_ref.tools.files import Arrays
from alpt_ref.walks.rule import as_rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

Vector = NDArray[float64]


@dataclass(frozen=True)
class OneHotSettings:
    """Sizes. Predictions are averaged over ``looks`` moments of the last half of ``steps``.

    l2 : the problem asks for some; this little moves nothing that is seen. edges : features are grouped by their mean label
        over the overall one, below and above these.
    """

    size: tuple[int, int, int] = (2000, 4, 16)
    click_rate: float = 0.05
    l2: float = 1e-6
    bits: int = 8
    delta: float = 0.05
    etas: tuple[float, ...] = (0.07, 0.2, 0.5)
    steps: int = 200_000
    looks: int = 40
    replicas: int = 24
    edges: tuple[float, ...] = (0.5, 1.0, 2.0)
    confidence: float = 0.95
    seed: int = 0


def groups(problem: LogisticProblem, edges: tuple[float, ...]) -> Iterator[Vector]:
    """Weights (n,) of the examples in each group of features: how many of the group's features an example has."""
    some = (problem.X != 0).astype(float64)
    rates = (some.T @ problem.y) / np.maximum(some.sum(axis=0), 1.0) / problem.y.mean()
    which = np.searchsorted(edges, rates)
    for group in range(len(edges) + 1):
        yield some @ (which == group).astype(float64)


@dataclass(frozen=True, eq=False)
class Part:
    """The problem, its groups of features, each with the weights (n,) of its examples, and the cell of each (eta, rule)."""

    problem: LogisticProblem
    weights: dict[str, Vector]
    cells: dict[tuple[float, str], Cell]


def part_of(s: OneHotSettings) -> Part:
    """All that is known before the first walk."""
    problem = one_hot_logistic(*s.size, click_rate=s.click_rate, l2=s.l2, seed=s.seed)
    between = map("{:g} to {:g}".format, s.edges, s.edges[1:])
    named = zip((f"< {s.edges[0]:g}", *between, f"> {s.edges[-1]:g}"), groups(problem, s.edges), strict=True)
    weights = {"all": np.ones(problem.y.size)} | {name: w for name, w in named if w.any()}
    shares = _shares(weights)
    cells = {}
    for eta in s.etas:
        for rule in (DR, SR):
            params = {"problem": problem.name, "data": problem.fingerprint, "rule": rule, "eta": eta, "bits": s.bits}
            params |= {"delta": s.delta, "steps": s.steps, "looks": s.looks, "replicas": s.replicas, "seed": s.seed}
            spec = RunSpec("calibration-walk", params | {"edges": list(s.edges)})
            cells[eta, rule] = Cell(spec, _walk, (rule, eta, s), (problem, shares), wide=True)
    return Part(problem, weights, cells)


def study(found: ArraysOf, part: Part, s: OneHotSettings) -> Record:
    """Mean predicted CTR of DR and SR with Student's intervals over replicas: overall, and by groups of features."""
    problem, weights, names = part.problem, part.weights, list(part.weights)
    family = len(s.etas) * 2 * len(names)
    rows = []
    for (eta, rule), cell in part.cells.items():
        arrays = found(cell)
        estimates = [student(column, s.confidence, family) for column in arrays["ctr"].T]
        mean, half = ([float(e[i] or 0.0) for e in estimates] for i in (0, 1))
        rows.append({"rule": rule, "eta": eta, "ctr": mean, "half": half, "clipped": float(arrays["clipped"])})
    labels = (_shares(weights) @ problem.y).tolist()
    label = {"groups": names, "labels": labels, "weights": [float(w.sum()) for w in weights.values()]}
    return {"problem": problem.name, **label, "family": family, "rows": rows}


def _shares(weights: dict[str, Vector]) -> Vector:
    return np.array([w / w.sum() for w in weights.values()])


def _walk(problem: LogisticProblem, shares: Vector, rule: str, eta: float, s: OneHotSettings, threads: int) -> Arrays:
    """ctr : float64 (replicas, groups), averages in time. clipped : share of the coordinate-steps outside the box."""
    grid = Grid(s.bits, s.delta)
    walk = Walk(problem, grid, as_rule(rule), Schedule(eta), s.steps, mode="example", seed=s.seed)
    trace = walk.trace(s.replicas)
    total, at = np.zeros((s.replicas, shares.shape[0])), 0
    for stop in np.linspace(s.steps / 2, s.steps, s.looks).astype(np.int64).tolist():
        walk.advance(trace, at, stop, n_threads=threads)
        predicted = expit(problem.X @ (walk.delta * trace.codes).T)
        total, at = total + (shares @ predicted).T / s.looks, stop
    return {"ctr": total, "clipped": np.array(trace.clipped.mean() / (s.steps * problem.d))}
