"""The methods that are compared: each with what it trains and what it may tune, and its fits as cells.

Everything else is shared: optimizer (on the rows of the batch), seeds, order of the examples, number of epochs, l2, and
the epoch that is kept (best validation AUC, no patience).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from alpt_ref.compress import compressed, hashed
from alpt_ref.grid import delta_of_box
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.comparison.fitting import fit_and_measure
from alpt_ref.tools.checks import is_integer, one_of
from alpt_ref.tools.files import Arrays
from alpt_ref.training.config import Config

Choice = dict[str, float]
LRS = {"adam": (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1), "sgd": (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)}
GRIDS = {"lr": "lrs", "step_lr": "step_lrs", "range": "ranges"}  # what is tuned, and the settings that hold its grid


@dataclass(frozen=True)
class CompareSettings:
    """Sizes and grids of the comparison.

    lrs, step_lrs, ranges : what is tried on validation with seed 0, each in every combination that a method has; then the
        neighbours of the best, in ``rounds`` at most, where a grid goes on beyond its ends by a factor (3, 10, 4), and half way
        to neighbours more than a factor of 3.5 away. ``ranges`` are c in delta = c / 2^(bits-1) for LPT. Learning rates go far
        up, as few bits have a second optimum there: moves of more than half a step, which nearest rounding does not drop (L3).
        Without ``lrs`` they are those of LRS for the optimizer, "adam" or "sgd".
    margin : of equivalence, in AUC. confidence : of intervals and of the confirmatory family.
    """

    k: int = 16
    epochs: int = 20
    batch_size: int = 1024
    l2: float = 1e-5
    optimizer: str = "adam"
    lrs: tuple[float, ...] = ()
    step_lrs: tuple[float, ...] = (2e-5, 2e-4, 2e-3)
    ranges: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 4.0)
    rounds: int = 12
    seeds: int = 5
    margin: float = 1e-3
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not is_integer(self.seeds) or self.seeds < 1:
            raise ValueError(f"seeds must be an integer of at least 1, got {self.seeds!r}")
        if not is_integer(self.k) or self.k < 1:
            raise ValueError(f"k must be an integer of at least 1, got {self.k!r}")
        one_of("optimizer", self.optimizer, LRS)
        if not self.lrs:
            object.__setattr__(self, "lrs", LRS[self.optimizer])
        Config(epochs=self.epochs, batch_size=self.batch_size, l2=self.l2)

    def shared(self, model: str, seed: int) -> dict[str, Any]:
        """Arguments that all methods have in common; k = 0 is logistic regression."""
        sizes = {"k": self.k if model == "fm" else 0, "epochs": self.epochs, "batch_size": self.batch_size, "l2": self.l2}
        return sizes | {"seed": seed, "optimizer": self.optimizer, "update": "touched"}


@dataclass(frozen=True)
class Method:
    """One way to come to a small model.

    axes : names of what it tunes. quantizes : whether it has a bit width. factors : whether it is of factorization machines
    alone, as it leaves linear weights in float32.
    """

    name: str
    title: str
    axes: tuple[str, ...]
    fixed: Mapping[str, Any]
    quantizes: bool = True
    factors: bool = False

    def arguments(self, bits: int, choice: Choice) -> dict[str, Any]:
        """Arguments of the estimator."""
        given = {name: value for name, value in choice.items() if name != "range"} | dict(self.fixed)
        if "range" in choice:
            given["delta"] = delta_of_box(choice["range"], bits)
        return given | ({"bits": bits} if self.quantizes and self.name != "ptq" else {})


def _lpt(precision: str, rounding: str, quantize: str = "all") -> dict[str, Any]:
    return {"precision": precision, "rounding": rounding, "quantize": quantize}


def _alone(precision: str) -> dict[str, Any]:
    return _lpt(precision, "stochastic", "factors")


METHODS = {
    method.name: method
    for method in (
        Method("fp32", "full precision", ("lr",), {}, False),
        Method("hash", "full precision, half the rows", ("lr",), {}, False),
        Method("lpt-dr", "LPT, nearest", ("lr", "range"), _lpt("lpt", "nearest")),
        Method("lpt-sr", "LPT, stochastic", ("lr", "range"), _lpt("lpt", "stochastic")),
        Method("alpt-dr", "ALPT, nearest", ("lr", "step_lr"), _lpt("alpt", "nearest")),
        Method("alpt-sr", "ALPT, stochastic", ("lr", "step_lr"), _lpt("alpt", "stochastic")),
        Method("lpt-sr-f", "LPT, stochastic, factors alone", ("lr", "range"), _alone("lpt"), factors=True),
        Method("alpt-sr-f", "ALPT, stochastic, factors alone", ("lr", "step_lr"), _alone("alpt"), factors=True),
        Method("lsq", "LSQ, float masters", ("lr", "step_lr"), {"precision": "lsq"}),
        Method("pact", "PACT, float masters", ("lr", "step_lr"), {"precision": "pact"}),
        Method("ptq", "fp32, quantized after training", (), {}),
    )
}


def methods_of(model: str) -> tuple[str, ...]:
    """The names of all methods that "lr" or "fm" can be trained by."""
    return tuple(name for name, method in METHODS.items() if model == "fm" or not method.factors)


@dataclass(frozen=True)
class Fit:
    """One fit: a method at a bit width (0 where it has none), what was chosen for it, and a seed."""

    method: str
    bits: int
    choice: tuple[tuple[str, float], ...]
    seed: int

    def spec(self, data: ClickData, model: str, settings: CompareSettings) -> RunSpec:
        """The cell's identity: all that the fit's result depends on."""
        s = settings
        sizes = {"k": s.k, "epochs": s.epochs, "batch_size": s.batch_size, "l2": s.l2, "optimizer": s.optimizer}
        what = {"method": self.method, "bits": self.bits, "choice": dict(self.choice), "seed": self.seed}
        return RunSpec("compare", {"data": data.fingerprint, "name": data.name, "model": model, **sizes, **what})


def about(data: ClickData, model: str, settings: Any) -> dict[str, Any]:
    """The part of a record that says of which data, model and settings it is; ``settings`` is a dataclass."""
    return {"data": data.name, "fingerprint": data.fingerprint, "model": model, "settings": asdict(settings)}


def cell_of(data: ClickData, model: str, fit: Fit, settings: CompareSettings, device: str = "cpu") -> Cell:
    """The cell of the fit: arrays as :func:`alpt_ref.studies.comparison.fitting.fit_and_measure` has them. The speed is one of
    them, and alone differs from run to run. device : where it trains."""
    return Cell(fit.spec(data, model, settings), _measure, (model, fit, settings, device), (data,))


def _measure(data: ClickData, model: str, fit: Fit, s: CompareSettings, device: str) -> Arrays:
    if fit.method == "hash":
        n_bins = max(data.train[0].shape[1] // 2, 1)
        train, valid, test = ((hashed(X, n_bins), y) for X, y in (data.train, data.valid, data.test))
        data = replace(data, train=train, valid=valid, test=test)
    arguments = s.shared(model, fit.seed) | METHODS[fit.method].arguments(fit.bits, dict(fit.choice)) | {"device": device}
    if fit.method == "ptq":
        return fit_and_measure(data, arguments, lambda estimator: compressed(estimator, fit.bits))
    return fit_and_measure(data, arguments)
