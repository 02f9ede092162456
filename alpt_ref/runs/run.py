"""``Run``: the convergence error of a walk over its steps, with intervals; it can be saved, loaded, and drawn."""

import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy import float64, int64
from numpy.typing import NDArray

from alpt_ref.intervals import Estimate, skewed
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.files import Record, intact, member, read_npz, write_npz

Floats = NDArray[float64]
FORMAT = "alpt_ref run 1"
FLOOR = 0.75  # of all steps: where the part begins of which the mean is the floor
_NONE = np.empty((0, 0))


def checkpoints(steps: int, early: int, late: int) -> NDArray[int64]:
    """Numbers of steps from 0 to ``steps``: about ``early`` evenly on a logarithmic axis, ``late`` over the last quarter."""
    begun = np.geomspace(1.0, max(1.0, FLOOR * steps), early)
    return np.unique(np.concatenate(([0.0], begun, np.linspace(FLOOR * steps, steps, late))).astype(int64))


def late_means(at: NDArray[int64], gaps: Floats) -> Floats:
    """The means of ``gaps`` (R, n) over the checkpoints ``at`` (n,) of the last quarter, (R,): floors, by replica."""
    return np.asarray(gaps[:, at >= FLOOR * at[-1]].mean(axis=1))


@dataclass(frozen=True, eq=False)
class Run:
    """A walk's record. R replicas, n checkpoints; an exact law has one row, of expectations.

    label : what plots call it. method : "float", the name of a rounding rule, or "update". params : JSON values, by name: the
        problem, the grid, the learning rate, all that :func:`alpt_ref.trace` was given; random: two replicas may differ.
    exact : True where the numbers are expectations of the exact law.
    steps : int64 (n,), numbers of steps taken, increasing. gaps : float64 (R, n), f(w) - f(w*) after so many steps.
    regrets : float64 (R, n), the mean of f_t(w_t) - f_t(w*) over the steps until then; NaN after none.
    last_move : int64 (R,), the last step that changed a code, 0 where none did; of an exact law the last one that did with a
        probability above 1e-9.
    clipped : float64 (R,), updates of a coordinate that left the box and were clipped, 0 under an update of one's own; of an
        exact law the expected number, where several coordinates are one law of the steps in which any was.
    bound : float64 (n,), T1's bound on the mean regret, for stochastic rounding of a convex f; NaN under other rules and
        updates, and where its constants are not known.
    points, laws, law_steps : in an exact law of one coordinate the probabilities float64 (m, N) of the points (N, 1) of the
        grid after law_steps int64 (m,) steps; else empty.
    """

    label: str
    method: str
    params: Record
    exact: bool
    steps: NDArray[int64]
    gaps: Floats
    regrets: Floats
    last_move: NDArray[int64]
    clipped: Floats
    bound: Floats
    points: Floats = field(default_factory=_NONE.copy)
    laws: Floats = field(default_factory=_NONE.copy)
    law_steps: NDArray[int64] = field(default_factory=lambda: np.empty(0, int64))

    __repr__ = brief_repr

    @property
    def confidence(self) -> float:
        """Level of the intervals: of a whole curve at once."""
        return float(self.params["confidence"])

    @property
    def replicas(self) -> int:
        """Number of replicas; 1 of an exact law."""
        return len(self.gaps)

    @property
    def gap(self) -> Floats:
        """The mean of f(w) - f(w*) over the replicas, (n,)."""
        return np.asarray(self.gaps.mean(axis=0))

    @property
    def gap_interval(self) -> Floats:
        """The ends of the intervals of ``gap``, low and high (2, n), all n at once: Student's, after a transformation for
        skewness (:func:`alpt_ref.intervals.skewed`). The gap itself where nothing is random, NaN where a single replica was
        drawn."""
        return self._ends(self.gaps)

    @property
    def gap_half(self) -> Floats:
        """The larger halves of the intervals of ``gap``, (n,)."""
        return _half(self.gap, self.gap_interval)

    @property
    def regret(self) -> Floats:
        """The mean regret over the replicas, E R(t)/t, (n,); NaN after no step."""
        return np.asarray(self.regrets.mean(axis=0))

    @property
    def regret_interval(self) -> Floats:
        """The ends of the intervals of ``regret``, (2, n), as of the gap."""
        return self._ends(self.regrets)

    @property
    def regret_half(self) -> Floats:
        """The larger halves of the intervals of ``regret``, (n,)."""
        return _half(self.regret, self.regret_interval)

    @property
    def floor(self) -> Estimate:
        """The mean gap over the checkpoints of the last quarter, with the larger half of its own interval."""
        late = late_means(self.steps, self.gaps)
        if self.replicas == 1:
            return Estimate(float(late[0]), self._alone)
        mean, ends = float(late.mean()), skewed(late, self.confidence)
        return Estimate(mean, max(mean - ends[0], ends[1] - mean))

    @property
    def stopped(self) -> int | None:
        """The last step at which any replica moved, 0 for none; None in full precision."""
        return int(self.last_move.max()) if self.last_move.size and self.method != "float" else None

    @property
    def _alone(self) -> float:
        """The half width of a single row."""
        return math.nan if self.params.get("random") and not self.exact else 0.0

    def _ends(self, values: Floats) -> Floats:
        if self.replicas == 1:
            return np.array([values[0] - self._alone, values[0] + self._alone])
        return np.array([skewed(column, self.confidence, self.steps.size) for column in values.T]).T

    def labelled(self, label: str) -> Self:
        """The run under another label."""
        return replace(self, label=label)

    def to_dataframe(self) -> Any:
        """A pandas DataFrame with a line for each checkpoint: label, method, step, gap, gap_low, gap_high, regret, regret_low,
        regret_high, bound. Raises ImportError where pandas is not installed.
        """
        try:
            import pandas  # type: ignore[import-untyped, unused-ignore]
        except ImportError:
            raise ImportError("to_dataframe needs pandas: pip install pandas") from None
        columns: dict[str, Any] = {"step": self.steps}
        for name, mean, ends in (("gap", self.gap, self.gap_interval), ("regret", self.regret, self.regret_interval)):
            columns |= {name: mean, f"{name}_low": ends[0], f"{name}_high": ends[1]}
        columns |= {"bound": self.bound}
        return pandas.DataFrame({"label": self.label, "method": self.method} | columns)

    def save(self, path: str | Path) -> None:
        """Write the run to ``path``, an npz file without pickles, whole or not at all."""
        meta = {"format": FORMAT, "label": self.label, "method": self.method, "exact": self.exact, "params": self.params}
        write_npz(path, meta, {name: getattr(self, name) for name in _SHAPES})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The run that :meth:`save` wrote; ValueError, naming the file, for any other file."""
        meta, arrays = read_npz(path)
        if meta.get("format") != FORMAT:
            raise ValueError(f"{path}: not a saved run")
        with intact(path):
            n, rows = len(arrays["steps"]), len(arrays["gaps"])
            sizes = {"n": n, "R": rows, "any": -1}
            read: dict[str, Any] = {}
            for name, (dtype, shape) in _SHAPES.items():
                holes = name in ("regrets", "bound")
                array = arrays[name]
                checked = np.where(np.isnan(array), 0.0, array) if holes else array
                member({name: checked}, name, dtype, tuple(sizes[axis] for axis in shape))
                read[name] = array
            facts = {name: meta[name] for name in _FACTS}
            if not all(isinstance(facts[name], kind) for name, kind in _FACTS.items()):
                raise ValueError("its facts are of other types")
            run = cls(**facts, **read)
            if not (n and rows and 0.0 < run.confidence < 1.0):
                raise ValueError("it has no checkpoints, no replicas or no confidence")
            if run.steps[0] < 0 or (np.diff(run.steps) <= 0).any() or run.last_move.size not in (0, rows):
                raise ValueError("its steps do not increase, or it has other replicas than moves")
            if run.laws.shape != (run.law_steps.size, len(run.points)) and run.laws.size:
                raise ValueError("its laws are not of its points and steps")
            return run


_FACTS = {"label": str, "method": str, "params": dict, "exact": bool}


def _half(mean: Floats, ends: Floats) -> Floats:
    return np.asarray(np.maximum(mean - ends[0], ends[1] - mean))


_SHAPES: dict[str, tuple[type, tuple[str, ...]]] = {
    "steps": (int64, ("n",)),
    "gaps": (float64, ("R", "n")),
    "regrets": (float64, ("R", "n")),
    "last_move": (int64, ("any",)),
    "clipped": (float64, ("R",)),
    "bound": (float64, ("n",)),
    "points": (float64, ("any", "any")),
    "laws": (float64, ("any", "any")),
    "law_steps": (int64, ("any",)),
}
