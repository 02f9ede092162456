"""LR and FM on click data, trained by SGD one example a step: fp32, LPT nearest and LPT stochastic.

Protocol. Every (model, storage) picks its learning rate and its box from one small grid by validation log-loss with seed 0;
that pair is then run with every seed. A seed fixes shuffling, the factors' start and the rounding's random words, so that DR
and SR are compared pairwise.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from alpt_ref.grid import delta_of_box
from alpt_ref.intervals import student
from alpt_ref.metrics import evaluate
from alpt_ref.models import FactorizationMachine, LogisticRegression
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.convergence.settings import CtrSettings, Settings
from alpt_ref.studies.store import Store
from alpt_ref.tools.files import Arrays, Record, finite
from alpt_ref.training.forward import TrainingDivergedError

METRICS = ("auc", "logloss", "calibration")
MODELS = ("LR", "FM")


class Arm(NamedTuple):
    """A row, tuned by itself. model : "LR" or "FM"; storage : "fp32", or the rounding rule of codes of ``bits`` bits."""

    model: str
    storage: str
    bits: int


@dataclass(frozen=True)
class CtrFit:
    """One fit. half_width : of the box of linear weights and of that of factors."""

    arm: Arm
    lr: float
    half_width: tuple[float, float]
    seed: int

    def arguments(self, settings: CtrSettings) -> Record:
        """Arguments of the estimator, JSON values."""
        model, storage, bits = self.arm
        delta = [delta_of_box(half, bits) for half in self.half_width]
        given: Record = {"lr": self.lr, "seed": self.seed, "epochs": settings.epochs, "batch_size": 1, "update": "touched"}
        if model == "FM":
            given["k"] = settings.k
        if storage != "fp32":
            given |= {"precision": "lpt", "rounding": storage, "bits": bits, "delta": delta}
        return given


def cell_of(data: ClickData, fit: CtrFit, settings: CtrSettings) -> Cell:
    """The cell of a fit: float64 (3,) of METRICS on "valid" and on "test"; NaN where training diverged or a class is absent."""
    arguments = fit.arguments(settings)
    params = {"data": data.fingerprint, "name": data.name, "model": fit.arm.model, **arguments}
    return Cell(RunSpec("ctr", params), _fit, (fit.arm.model, arguments), (data,))


def _fit(data: ClickData, model: str, arguments: Record) -> Arrays:
    parts = {"valid": data.valid, "test": data.test}
    estimator = FactorizationMachine if model == "FM" else LogisticRegression
    delta = tuple(arguments["delta"]) if "delta" in arguments else None
    fitted = estimator(**(arguments | {"delta": delta}))
    try:
        fitted.fit(*data.train)
    except TrainingDivergedError:
        return {name: np.full(len(METRICS), np.nan) for name in parts}
    scores = {name: evaluate(y, fitted.decision_function(X)) for name, (X, y) in parts.items()}
    return {name: np.array([score[m] for m in METRICS], float) for name, score in scores.items()}


def arms_of(settings: CtrSettings) -> list[Arm]:
    """The rows of both models, full precision first."""
    quantized = [(rule, bits) for bits in settings.bits for rule in ("nearest", "stochastic")]
    return [Arm(model, *storage) for model in MODELS for storage in (("fp32", 8), *quantized)]


def candidates(arm: Arm, settings: CtrSettings) -> list[CtrFit]:
    """The fits that are tried with seed 0; full precision has no box."""
    boxes = settings.half_widths[:1] if arm.storage == "fp32" else settings.half_widths
    return [CtrFit(arm, lr, box, 0) for box in boxes for lr in settings.lrs]


def n_cells(settings: CtrSettings) -> int:
    """The number of cells that the study asks for."""
    return sum(len(candidates(arm, settings)) + settings.seeds for arm in arms_of(settings))


def trials(data: ClickData, settings: CtrSettings) -> dict[CtrFit, Cell]:
    """The cells by which learning rates and boxes are picked."""
    return {fit: cell_of(data, fit, settings) for arm in arms_of(settings) for fit in candidates(arm, settings)}


def study(store: Store, data: ClickData, settings: Settings) -> Record:
    """Rows (model, storage, bits) with mean metrics on test, and the paired differences DR - SR with intervals."""
    s = settings.ctr
    arms, tried = arms_of(s), trials(data, s)
    with store.wave(list(tried.values())) as found:
        losses = {fit: found(cell)["valid"][METRICS.index("logloss")] for fit, cell in tried.items()}
    ranks = {fit: np.inf if np.isnan(loss) else loss for fit, loss in losses.items()}  # diverged ones last
    chosen = [min(candidates(arm, s), key=ranks.__getitem__) for arm in arms]
    cells = [cell_of(data, replace(fit, seed=seed), s) for fit in chosen for seed in range(s.seeds)]
    with store.wave(cells) as found:
        test = np.array([found(cell)["test"] for cell in cells]).reshape(len(arms), s.seeds, len(METRICS))
    rows = []
    for fit, values in zip(chosen, test, strict=True):
        full = fit.arm.storage == "fp32"
        row: Record = fit.arm._asdict() | {"lr": fit.lr, "half_width": None if full else list(fit.half_width)}
        row |= {"bits": 32} if full else {}
        rows.append(row | {name: finite(values[:, m].mean()) for m, name in enumerate(METRICS)})
    family = len(MODELS) * len(s.bits) * len(METRICS)
    pairs = []
    for model in MODELS:
        for bits in s.bits:
            difference = test[arms.index(Arm(model, "nearest", bits))] - test[arms.index(Arm(model, "stochastic", bits))]
            pair: Record = {"model": model, "bits": bits}
            for m, name in enumerate(METRICS):
                estimate = student(difference[:, m], settings.confidence, family)
                pair |= {name: finite(estimate.mean), f"{name}_half": finite(estimate.half)}
            pairs.append(pair)
    protocol = {"lrs": list(s.lrs), "half_widths": [list(h) for h in s.half_widths]}
    protocol |= {"epochs": s.epochs, "seeds": s.seeds, "k": s.k, "family": family}
    sizes = [int(y.size) for _, y in (data.train, data.valid, data.test)]
    return {"data": data.name, "sizes": sizes, "protocol": protocol, "rows": rows, "pairs": pairs}
