"""Tuning on validation AUC with seed 0: a grid of all combinations, then neighbours of the best until none is better.

A grid goes on where the best lies at its end, and becomes finer around the best.
"""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from alpt_ref.studies.comparison.fitting import FIGURES
from alpt_ref.studies.comparison.methods import GRIDS, METHODS, Choice, CompareSettings, Fit
from alpt_ref.tools.files import Arrays

# By what a grid goes on beyond its ends, and how far apart the best and its neighbours may be in the end.
FACTORS = {"lr": 3.0, "step_lr": 10.0, "range": 4.0}
FINEST = 3.5
Kind = tuple[str, int]  # method, bits
FitAll = Callable[[Sequence[Fit]], list[Arrays]]


class Search:
    """The search of one method at one bit width: what was tried, with its validation AUC, and what to try next."""

    def __init__(self, kind: Kind, settings: CompareSettings) -> None:
        self.kind = kind
        self.grids = {axis: sorted(getattr(settings, GRIDS[axis])) for axis in METHODS[kind[0]].axes}
        self.left = settings.rounds
        self.tried: dict[tuple[float, ...], float] = {}

    def candidates(self) -> list[tuple[float, ...]]:
        """First the whole grid, then what of the best one's neighbours was not tried; nothing when no round is left."""
        if not self.tried:
            return list(itertools.product(*self.grids.values()))
        self.left -= 1
        return self.missing() if self.left >= 0 else []

    def missing(self) -> list[tuple[float, ...]]:
        """Neighbours of the best along each axis that were not tried."""
        near = [near for at in range(len(self.best)) for near in self._neighbours(at)]
        return [values for values in near if values not in self.tried]

    def _neighbours(self, at: int) -> list[tuple[float, ...]]:
        """Return the best with two other values along one axis, below and above: the nearest of its grid, or of what was tried;
        a factor on beyond an end; half way, in the logarithm, to a neighbour that was tried and is more than FINEST away."""
        axis, best = list(self.grids)[at], self.best[at]
        values = {*self.grids[axis], *(tried[at] for tried in self.tried)}
        down = max((v for v in values if v < best), default=_one_digit(best / FACTORS[axis]))
        up = min((v for v in values if v > best), default=_one_digit(best * FACTORS[axis]))
        found = []
        for value in (down, up):
            near = self._with(at, value)
            apart = max(value / best, best / value)
            found.append(self._with(at, _one_digit(math.sqrt(value * best))) if near in self.tried and apart > FINEST else near)
        return found

    def _with(self, at: int, value: float) -> tuple[float, ...]:
        return (*self.best[:at], value, *self.best[at + 1 :])

    @property
    def best(self) -> tuple[float, ...]:
        """The values of the highest AUC, the first tried of equal ones."""
        return max(self.tried, key=self.tried.__getitem__)

    @property
    def at_end(self) -> list[str]:
        """Axes along which a neighbour of the best was not tried, as rounds ran out."""
        best, axes = self.best, list(self.grids)
        return sorted({axes[at] for values in self.missing() for at in range(len(axes)) if values[at] != best[at]})

    @property
    def choice(self) -> Choice:
        """The best values by axis."""
        return dict(zip(self.grids, self.best, strict=True))

    def fit(self, values: tuple[float, ...]) -> Fit:
        """The fit that tries ``values``."""
        return Fit(*self.kind, tuple(zip(self.grids, values, strict=True)), 0)


def _one_digit(value: float) -> float:
    return float(f"{value:.1g}")


def tune(kinds: Sequence[Kind], settings: CompareSettings, fit_all: FitAll) -> dict[Kind, Search]:
    """The finished search of every kind; those without axes have nothing to search."""
    searches = {kind: Search(kind, settings) for kind in kinds if METHODS[kind[0]].axes}
    while True:
        jobs = [(search, values) for search in searches.values() for values in search.candidates()]
        if not jobs:
            return searches
        for (search, values), result in zip(jobs, fit_all([s.fit(v) for s, v in jobs]), strict=True):
            auc = float(result["valid"][FIGURES.index("auc")])
            search.tried[values] = -np.inf if np.isnan(auc) else auc
