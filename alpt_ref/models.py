"""Logistic regression and factorization machines with scikit-learn's manners: ``fit``, ``predict_proba``, ``get_params``."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy import float32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.data.examples import Columns, as_examples, as_rows, check_columns, column_names
from alpt_ref.metrics import probabilities
from alpt_ref.rng import MAX_RANDOM_BITS
from alpt_ref.tools.devices import check_device
from alpt_ref.tools.files import Arrays, intact, read_npz, with_prefix, without_prefix, write_npz
from alpt_ref.training.checkpoint import trained_state, weights_to_arrays
from alpt_ref.training.config import PARTS, Parameters
from alpt_ref.training.epochs import fit
from alpt_ref.training.forward import logits
from alpt_ref.training.state import State

FORMAT_VERSION = 4


class FactorizationMachine(Parameters):
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

    def __init__(
        self,
        k: int = 8,
        *,
        precision: str = "fp32",
        bits: int = 8,
        delta: Any = None,
        rounding: str = "stochastic",
        update: str | None = None,
        optimizer: str = "sgd",
        lr: float = 0.1,
        schedule: str = "constant",
        batch_size: int = 256,
        l2: float = 0.0,
        epochs: int = 10,
        patience: int | None = None,
        seed: int = 0,
        n_threads: int = 1,
        fit_intercept: bool = True,
        fit_linear: bool = True,
        quantize: str = "all",
        random_bits: int = MAX_RANDOM_BITS,
        init_std: float = 0.01,
        step: Any = None,
        step_lr: float = 2e-5,
        step_scale: str = "1/sqrt(bNq)",
        step_optimizer: str | None = None,
        step_l2: float = 0.0,
        step_init: str = "1/sqrt(q)",
        step_offset: float = 0.0,
        ends: str = "clipped",
        momentum: float = 0.9,
        l1: float = 0.0,
        beta: float = 1.0,
        device: str = "cpu",
    ) -> None:
        self._keep(locals())

    @np.errstate(all="ignore")
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        eval_set: tuple[Any, ArrayLike] | None = None,
        *,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        on_epoch: Any = None,
    ) -> Self:
        """Train from scratch on ``X`` (n, d), sparse or dense, and ``y`` (n,) in {0, 1} or {-1, 1}.

        eval_set : (X, y) of validation; the model keeps the weights of the epoch with the best AUC on it.
        checkpoint, resume, on_epoch : see :func:`alpt_ref.training.checkpoint.fit`.
        """
        config, columns, valid = self.config(), column_names(X), None
        rows, labels, classes, n_features = as_examples(X, y, "X")
        if resume and checkpoint is None:
            raise ValueError("resume needs a checkpoint to go on from")
        if not (on_epoch is None or callable(on_epoch)):
            raise ValueError(f"on_epoch must be a function of a record, got {on_epoch!r}")
        if eval_set is not None:
            if not isinstance(eval_set, tuple) or len(eval_set) != 2:
                raise ValueError("eval_set must be a pair (X, y)")
            valid = as_examples(*eval_set, "eval_set", n_features, columns)[:2]
        path = None if checkpoint is None else Path(checkpoint)
        state, best = fit(config, (rows, labels), n_features, valid, checkpoint=path, resume=resume, on_epoch=on_epoch)
        return self._adopt(state, classes, best, columns)

    def _adopt(self, state: State, classes: tuple[int, int], best_epoch: int, columns: Columns = None) -> Self:
        self.state_ = state
        self.classes_ = np.array(classes)
        self.n_features_in_ = state.linear.shape[0]
        self.history_, self.best_epoch_ = state.history, best_epoch
        self._columns = columns
        self.__dict__.pop("feature_names_in_", None)
        if columns is not None and all(isinstance(name, str) for name in columns):
            self.feature_names_in_ = np.array(columns, object)
        return self

    @np.errstate(all="ignore")
    def decision_function(self, X: Any) -> NDArray[float32]:
        """Logits z, float32 (n,)."""
        if not hasattr(self, "state_"):
            raise ValueError(f"this {type(self).__name__} is not fitted: call fit or load first")
        check_columns(X, self._columns)
        return logits(self.state_, as_rows(X, self.n_features_in_)[0], self.n_threads, check_device(self.device))  # type: ignore[attr-defined]

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """P(y = 0) and P(y = 1), float64 (n, 2)."""
        z = self.decision_function(X).astype(np.float64)
        return probabilities(np.stack((-z, z), axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier label of each example, as it was written in ``fit``."""
        positive = self.decision_function(X) > 0
        labels: NDArray[Any] = np.where(positive, self.classes_[1], self.classes_[0])
        return labels

    def save(self, path: str | Path, *, feature_map: Arrays | None = None) -> None:
        """Write the fitted model (npz, no pickle, packed codes); ``feature_map`` travels with it as arrays."""
        if not hasattr(self, "state_"):
            raise ValueError(f"this {type(self).__name__} is not fitted: nothing to save")
        if type(self) not in (FactorizationMachine, LogisticRegression):
            raise ValueError(f"a {type(self).__name__} cannot be saved: only the classes of this module can be loaded")
        params = {name: value for name, value in self.get_params().items() if name not in ("delta", "device")}
        meta = {
            "format_version": FORMAT_VERSION,
            "model": type(self).__name__,
            "params": params,
            "classes": self.classes_.tolist(),
            "shapes": [self.state_.linear.shape, self.state_.factors.shape],
            "history": self.history_,
            "best_epoch": self.best_epoch_,
            "columns": self._columns,
            "given_delta": self.delta is not None,  # type: ignore[attr-defined]
        }
        arrays = weights_to_arrays(self.state_)
        if self.delta is not None:  # type: ignore[attr-defined]
            arrays |= {f"delta/{part}": np.asarray(self.config().delta_of(part)) for part in PARTS}
        write_npz(path, meta, arrays | with_prefix("features", feature_map or {}))

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

    def __init__(
        self,
        *,
        precision: str = "fp32",
        bits: int = 8,
        delta: Any = None,
        rounding: str = "stochastic",
        update: str | None = None,
        optimizer: str = "sgd",
        lr: float = 0.1,
        schedule: str = "constant",
        batch_size: int = 256,
        l2: float = 0.0,
        epochs: int = 10,
        patience: int | None = None,
        seed: int = 0,
        n_threads: int = 1,
        fit_intercept: bool = True,
        random_bits: int = MAX_RANDOM_BITS,
        step: Any = None,
        step_lr: float = 2e-5,
        step_scale: str = "1/sqrt(bNq)",
        step_optimizer: str | None = None,
        step_l2: float = 0.0,
        step_init: str = "1/sqrt(q)",
        step_offset: float = 0.0,
        ends: str = "clipped",
        momentum: float = 0.9,
        l1: float = 0.0,
        beta: float = 1.0,
        device: str = "cpu",
    ) -> None:
        self._keep(locals())


def load_model(path: str | Path) -> tuple[FactorizationMachine, Arrays]:
    """The model in ``path`` and its feature map's arrays (empty when none was saved)."""
    meta, arrays = read_npz(path)
    if meta.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"{path}: not a model of format version {FORMAT_VERSION}")
    with intact(path):
        model = {c.__name__: c for c in (FactorizationMachine, LogisticRegression)}[meta["model"]](**meta["params"])
        if isinstance(meta["params"]["step"], list):
            model.set_params(step=tuple(meta["params"]["step"]))
        state, columns = trained_state(model.config(), meta, arrays)
        if meta["given_delta"]:
            model.set_params(delta=tuple(arrays[f"delta/{part}"] for part in PARTS))
        model._adopt(state, tuple(meta["classes"]), meta["best_epoch"], columns)
        return model, without_prefix("features", arrays)
