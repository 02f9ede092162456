"""Logistic regression and factorization machines, trained in full or in low precision."""

from pathlib import Path

from alpt_ref.models import files
from alpt_ref.models.classifier import Classifier
from alpt_ref.models.errors import not_fitted
from alpt_ref.rng import MAX_RANDOM_BITS
from alpt_ref.scalars.optimizers import OptimizerName, StepOptimizer
from alpt_ref.scalars.rounding import Rounding
from alpt_ref.scalars.slopes import Ends, FirstStep, GradientScale
from alpt_ref.tools.devices import Device
from alpt_ref.tools.files import Arrays
from alpt_ref.training.config import Delta, Precision, Quantized, Schedule, StepUnit, Update


class FactorizationMachine(Classifier):
    """P(y = 1 | x) = sigmoid(z),  z = b + sum_j w_j x_j + sum_{i<j} <v_i, v_j> x_i x_j,  trained by minibatch descent.

    The loss of a step is the batch's mean log-loss + (l2/2) (||w||^2 + ||V||^2); the bias b is float32, not regularized.

    k : number of factors.
    precision : "fp32"; "lpt": w and V live as packed integer codes and every update is rounded back onto the grid; "alpt": the
        same, and the step sizes are learned (Algorithm 1 of the paper); "lsq", "pact": quantization-aware training, float32
        masters that are rounded to nearest in every use, with learned step sizes or clips.
    bits, delta : the grids, 2..16 bits. ``delta`` is one step size for both tables, a pair (linear, factors), or None: (4, 1) /
        2^(bits-1) for lpt; where it is learned, to begin with, max(2 mean|w| / sqrt(q_hi), 1e-3 / q_hi). A step size may be one
        per feature, shape (n_features,). step_init : "1/sqrt(q)", or "1/sqrt(q+1)": with q_hi + 1 under that root.
    step : which weights share a learned step size, "row" or "table", or a pair (linear, factors); None for ("table", "row"),
        with pact ("table", "table").
    step_lr, step_optimizer, step_l2 : descent on the step sizes (of pact: on the clips): learning rate, with the same schedule;
        an optimizer, or None for that of the weights; adds (step_l2/2) ||delta||^2 to the loss that they see.
    step_scale : their gradient is multiplied by "1", "1/sqrt(Nq)", "1/sqrt(bNq)", "1/sqrt(dq)" or "1/sqrt(bdq)": N weights
        share the step size, d are in a row, q = 2^(bits-1) - 1, b examples (pact: by 1/q), or "1/sqrt(N(q+1))". Adam cancels
        it, but for its eps.
    step_offset : a learned step size is the absolute value of what is learned plus this.
    ends : of lsq, pact and alpt, a weight exactly at an end of the range is "clipped", as LSQ's equations have it: the step
        size's slope is that end, and no gradient reaches the weight; or "inside": the slope is 0, and the gradient passes.
    rounding : "stochastic", "nearest", or the controls "toward_zero" and "floor"; ``random_bits`` as in ``quantize``.
    fit_intercept, fit_linear : False leaves out b, or the sum of w_j x_j.
    quantize : "all", or "factors": linear weights are float32.
    update : "touched" (rows of the batch move, the default of lpt and alpt) or "dense" (l2 and optimizer act on every row in
        every step, the default of the others). Without l2 and with SGD the two give the same bits.
    optimizer, lr, schedule : "sgd", "momentum", "adam", "adagrad" or "ftrl"; eta_t = lr ("constant") or lr / sqrt(t) ("sqrt",
        not with ftrl). Step sizes may have any but ftrl, which keeps a float32 for each weight from which the weight follows.
    momentum : of the optimizer "momentum", in [0, 1): m = momentum m + g, d = -eta_t m.
    l1, beta : of ftrl, with lr as its alpha and l2 as its lambda_2; l1 is its lambda_1, and must be 0 elsewhere.
    batch_size, l2, epochs, seed, n_threads : no result depends on ``n_threads``.
    device : "cpu", or "cuda" to train and predict on a GPU, with the same bits.
    patience : with ``eval_set``, stop after that many epochs without a better validation AUC; None never stops.
    init_std : factors start as N(0, init_std^2), on the grid by stochastic rounding; linear weights and bias at 0.

    After ``fit``: ``state_`` (tables ``linear`` and ``factors``, bias), ``classes_``, ``n_features_in_``, ``feature_names_in_``
    (where X was a table of named columns, which later ones must have in the same order), ``history_`` (of each epoch),
    ``best_epoch_``. Arguments are checked by ``fit``, with a ValueError that names them.
    """

    k: int
    precision: Precision
    bits: int
    delta: Delta | None
    rounding: Rounding
    update: Update | None
    optimizer: OptimizerName
    lr: float
    schedule: Schedule
    batch_size: int
    l2: float
    epochs: int
    patience: int | None
    seed: int
    n_threads: int
    fit_intercept: bool
    fit_linear: bool
    quantize: Quantized
    random_bits: int
    init_std: float
    step: StepUnit | tuple[StepUnit, StepUnit] | None
    step_lr: float
    step_scale: GradientScale
    step_optimizer: StepOptimizer | None
    step_l2: float
    step_init: FirstStep
    step_offset: float
    ends: Ends
    momentum: float
    l1: float
    beta: float
    device: Device

    def __init__(
        self,
        k: int = 8,
        *,
        precision: Precision = "fp32",
        bits: int = 8,
        delta: Delta | None = None,
        rounding: Rounding = "stochastic",
        update: Update | None = None,
        optimizer: OptimizerName = "sgd",
        lr: float = 0.1,
        schedule: Schedule = "constant",
        batch_size: int = 256,
        l2: float = 0.0,
        epochs: int = 10,
        patience: int | None = None,
        seed: int = 0,
        n_threads: int = 1,
        fit_intercept: bool = True,
        fit_linear: bool = True,
        quantize: Quantized = "all",
        random_bits: int = MAX_RANDOM_BITS,
        init_std: float = 0.01,
        step: StepUnit | tuple[StepUnit, StepUnit] | None = None,
        step_lr: float = 2e-5,
        step_scale: GradientScale = "1/sqrt(bNq)",
        step_optimizer: StepOptimizer | None = None,
        step_l2: float = 0.0,
        step_init: FirstStep = "1/sqrt(q)",
        step_offset: float = 0.0,
        ends: Ends = "clipped",
        momentum: float = 0.9,
        l1: float = 0.0,
        beta: float = 1.0,
        device: Device = "cpu",
    ) -> None:
        self._keep(locals())

    def save(self, path: str | Path, *, feature_map: Arrays | None = None) -> None:
        """Write the fitted model (npz, no pickle, packed codes); ``feature_map`` travels with it as arrays."""
        if not self.__sklearn_is_fitted__():
            raise not_fitted(f"this {type(self).__name__} is not fitted: nothing to save")
        if type(self) not in (FactorizationMachine, LogisticRegression):
            raise ValueError(f"a {type(self).__name__} cannot be saved: only the classes of this module can be loaded")
        files.write(self, path, feature_map)

    @classmethod
    def load(cls, path: str | Path) -> "FactorizationMachine":
        """A saved model; of the class it was saved as. ValueError naming the file when it is not one."""
        model, _ = load_model(path)
        if not isinstance(model, cls):
            raise ValueError(f"{path}: holds a {type(model).__name__}, not a {cls.__name__}")
        return model


class LogisticRegression(FactorizationMachine):
    """P(y = 1 | x) = sigmoid(b + <w, x>): the factorization machine without factors.

    Arguments and attributes as there, less those of factors; ``state_.factors`` has no columns.
    """

    k = 0
    fit_linear = True
    quantize: Quantized = "all"
    init_std = 0.0

    def __init__(
        self,
        *,
        precision: Precision = "fp32",
        bits: int = 8,
        delta: Delta | None = None,
        rounding: Rounding = "stochastic",
        update: Update | None = None,
        optimizer: OptimizerName = "sgd",
        lr: float = 0.1,
        schedule: Schedule = "constant",
        batch_size: int = 256,
        l2: float = 0.0,
        epochs: int = 10,
        patience: int | None = None,
        seed: int = 0,
        n_threads: int = 1,
        fit_intercept: bool = True,
        random_bits: int = MAX_RANDOM_BITS,
        step: StepUnit | tuple[StepUnit, StepUnit] | None = None,
        step_lr: float = 2e-5,
        step_scale: GradientScale = "1/sqrt(bNq)",
        step_optimizer: StepOptimizer | None = None,
        step_l2: float = 0.0,
        step_init: FirstStep = "1/sqrt(q)",
        step_offset: float = 0.0,
        ends: Ends = "clipped",
        momentum: float = 0.9,
        l1: float = 0.0,
        beta: float = 1.0,
        device: Device = "cpu",
    ) -> None:
        self._keep(locals())


def load_model(path: str | Path) -> tuple[FactorizationMachine, Arrays]:
    """The model in ``path`` and its feature map's arrays (empty when none was saved)."""
    return files.read(path, {kind.__name__: kind for kind in (FactorizationMachine, LogisticRegression)})
