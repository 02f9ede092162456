"""LR and FM on click data, trained by SGD one example a step: fp32, LPT nearest and LPT stochastic.

Protocol. Every (model, storage) picks its learning rate and its box from one small grid by validation log-loss with seed 0;
that pair is then run with every seed. A seed fixes shuffling, the factors' start and the rounding's random words, so that DR
and SR are compared pairwise.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alpt_ref.intervals import student
from alpt_ref.metrics import evaluate
from alpt_ref.models import FactorizationMachine, LogisticRegression
from alpt_ref.studies.cells import RunSpec, Store
from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.convergence.settings import CtrSettings, Settings
from alpt_ref.studies.progress import parallel
from alpt_ref.tools.files import Arrays, Record, finite
from alpt_ref.training.forward import TrainingDivergedError

METRICS = ("auc", "logloss", "calibration")
MODELS = ("LR", "FM")
Kind = tuple[str, str, int]


@dataclass(frozen=True)
class CtrFit:
    """One fit. storage : "fp32", or the rounding rule of codes; half_width : of the box of linear weights and of factors."""

    model: str
    storage: str
    bits: int
    lr: float
    half_width: tuple[float, float]
    seed: int

    @property
    def kind(self) -> Kind:
        """The row that the fit belongs to."""
        return self.model, self.storage, self.bits

    def arguments(self, settings: CtrSettings) -> dict[str, Any]:
        """Arguments of the estimator, JSON values."""
        delta = [half / 2 ** (self.bits - 1) for half in self.half_width]
        common = {"lr": self.lr, "seed": self.seed, "epochs": settings.epochs, "batch_size": 1, "update": "touched"}
        size = {"k": settings.k} if self.model == "FM" else {}
        if self.storage == "fp32":
            return common | size
        return common | size | {"precision": "lpt", "rounding": self.storage, "bits": self.bits, "delta": delta}


def fit_cell(store: Store, data: ClickData, fit: CtrFit, settings: CtrSettings) -> Arrays:
    """float64 (3,) of METRICS on "valid" and on "test"; NaN where training diverged or a class is absent."""
    arguments, parts = fit.arguments(settings), {"valid": data.valid, "test": data.test}

    def compute() -> Arrays:
        estimator = FactorizationMachine if fit.model == "FM" else LogisticRegression
        delta = tuple(arguments["delta"]) if "delta" in arguments else None
        model = estimator(**(arguments | {"delta": delta}))
        try:
            model.fit(*data.train)
        except TrainingDivergedError:
            return {name: np.full(len(METRICS), np.nan) for name in parts}
        scores = {name: evaluate(y, model.decision_function(X)) for name, (X, y) in parts.items()}
        return {name: np.array([score[m] for m in METRICS], float) for name, score in scores.items()}

    params = {"data": data.fingerprint, "name": data.name, "model": fit.model, **arguments}
    return store.cell(RunSpec("ctr", params), compute)


def storages(settings: CtrSettings) -> list[tuple[str, int]]:
    """(storage, bits) of a model's rows."""
    return [("fp32", 8)] + [(rule, bits) for bits in settings.bits for rule in ("nearest", "stochastic")]


def candidates(kind: Kind, settings: CtrSettings) -> list[CtrFit]:
    """The fits that are tried with seed 0; full precision has no box."""
    boxes = settings.half_widths[:1] if kind[1] == "fp32" else settings.half_widths
    return [CtrFit(*kind, lr, box, 0) for box in boxes for lr in settings.lrs]


def n_cells(settings: CtrSettings) -> int:
    """The number of cells that the study asks for."""
    kinds = [(model, *storage) for model in MODELS for storage in storages(settings)]
    return sum(len(candidates(kind, settings)) + settings.seeds for kind in kinds)


def _best(kind: Kind, trials: list[CtrFit], losses: list[float]) -> CtrFit:
    """The candidate of ``kind`` with the lowest validation log-loss; a diverged one (NaN) only if all are."""
    mine = [(np.inf if np.isnan(loss) else loss, i) for i, loss in enumerate(losses) if trials[i].kind == kind]
    return trials[min(mine)[1]]


def study(store: Store, data: ClickData, settings: Settings, threads: int) -> Record:
    """Rows (model, storage, bits) with mean metrics on test, and the paired differences DR - SR with intervals."""
    s = settings.ctr
    kinds = [(model, *storage) for model in MODELS for storage in storages(s)]

    def cells(fits: list[CtrFit]) -> list[Arrays]:
        return list(parallel(lambda fit: fit_cell(store, data, fit, s), fits, threads))

    trials = [fit for kind in kinds for fit in candidates(kind, s)]
    losses = [result["valid"][METRICS.index("logloss")] for result in cells(trials)]
    chosen = [_best(kind, trials, losses) for kind in kinds]
    runs = cells([replace(fit, seed=seed) for fit in chosen for seed in range(s.seeds)])
    test = np.array([run["test"] for run in runs]).reshape(len(kinds), s.seeds, len(METRICS))
    rows = []
    for fit, values in zip(chosen, test, strict=True):
        full = fit.storage == "fp32"
        row: Record = {"model": fit.model, "storage": fit.storage, "bits": 32 if full else fit.bits, "lr": fit.lr}
        row["half_width"] = None if full else list(fit.half_width)
        rows.append(row | {name: finite(values[:, m].mean()) for m, name in enumerate(METRICS)})
    family = len(MODELS) * len(s.bits) * len(METRICS)
    pairs = []
    for model in MODELS:
        for bits in s.bits:
            difference = test[kinds.index((model, "nearest", bits))] - test[kinds.index((model, "stochastic", bits))]
            pair: Record = {"model": model, "bits": bits}
            for m, name in enumerate(METRICS):
                estimate = student(difference[:, m], settings.confidence, family)
                pair |= {name: finite(estimate.mean), f"{name}_half": finite(estimate.half)}
            pairs.append(pair)
    protocol = {"lrs": list(s.lrs), "half_widths": [list(h) for h in s.half_widths]}
    protocol |= {"epochs": s.epochs, "seeds": s.seeds, "k": s.k, "family": family}
    sizes = [int(y.size) for _, y in (data.train, data.valid, data.test)]
    return {"data": data.name, "sizes": sizes, "protocol": protocol, "rows": rows, "pairs": pairs}
