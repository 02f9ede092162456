"""Tuning on validation AUC with seed 0: every combination of a method's grids, and further where the best lies at an end."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from alpt_ref.files import Arrays
from alpt_ref.studies.fitting import FIGURES
from alpt_ref.studies.methods import METHODS, Choice, CompareSettings, Fit

# By what a grid goes on beyond its ends.
FACTORS = {"lr": 3.0, "step_lr": 10.0, "range": 4.0}
Kind = tuple[str, int]  # method, bits
FitAll = Callable[[Sequence[Fit]], list[Arrays]]


class Search:
    """The search of one method at one bit width: what was tried, with its validation AUC, and what to try next."""

    def __init__(self, kind: Kind, settings: CompareSettings) -> None:
        self.kind = kind
        grids = {"lr": settings.lrs, "step_lr": settings.step_lrs, "range": settings.ranges}
        self.grids = {axis: sorted(grids[axis]) for axis in METHODS[kind[0]].axes}
        self.left = settings.extensions
        self.tried: dict[tuple[float, ...], float] = {}

    def candidates(self) -> list[tuple[float, ...]]:
        """First the whole grid, then one value beyond each end at which the best lies; nothing when the best lies inside."""
        if not self.tried:
            return list(itertools.product(*self.grids.values()))
        if not self.left:
            return []
        self.left -= 1
        return list(filter(None, map(self._beyond, self.grids)))

    def _beyond(self, axis: str) -> tuple[float, ...] | None:
        values, at = self.grids[axis], list(self.grids).index(axis)
        best = self.best
        if best[at] not in (values[0], values[-1]):
            return None
        up = best[at] == values[-1]
        new = float(f"{best[at] * FACTORS[axis] ** (1 if up else -1):.1g}")
        values.insert(len(values) if up else 0, new)
        return (*best[:at], new, *best[at + 1 :])

    @property
    def best(self) -> tuple[float, ...]:
        """Of the highest AUC, the first tried."""
        return max(self.tried, key=self.tried.__getitem__)

    @property
    def at_end(self) -> list[str]:
        """Axes on which the best still lies at an end."""
        return [axis for axis, value in self.choice.items() if value in (self.grids[axis][0], self.grids[axis][-1])]

    @property
    def choice(self) -> Choice:
        """The best, by name."""
        return dict(zip(self.grids, self.best, strict=True))

    def fit(self, values: tuple[float, ...]) -> Fit:
        """The fit that tries ``values``."""
        return Fit(*self.kind, tuple(zip(self.grids, values, strict=True)), 0)


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
