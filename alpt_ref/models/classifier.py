"""Training and predictions: ``fit``, ``partial_fit``, ``decision_function``, ``predict_proba``, ``predict``, ``score``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy import float32
from numpy.typing import ArrayLike, NDArray

from alpt_ref.data.examples import Columns, Labelled, Rows, as_rows, check_columns, check_index, column_names
from alpt_ref.metrics import probabilities
from alpt_ref.models.estimator import Estimator
from alpt_ref.models.labels import as_labels, as_weights, classes_of
from alpt_ref.tools.devices import Device, check_device
from alpt_ref.training.checkpoint import settings
from alpt_ref.training.config import Config
from alpt_ref.training.epochs import fit, one_more
from alpt_ref.training.forward import logits
from alpt_ref.training.state import State, initial_state

# The arguments that a state is made by: partial_fit goes on with no others.
MADE_BY = (
    *("k", "precision", "bits", "delta", "step", "quantize", "fit_linear", "init_std", "optimizer", "step_optimizer"),
    *("step_init", "step_offset"),  # a step size is its parameter's absolute value and the offset
)
FTRL_MADE_BY = ("lr", "beta", "l1", "l2")  # by which FTRL's weights follow from z and n: with others all would jump


class Classifier(Estimator):
    """A model of two classes, trained by minibatch descent on low-precision tables or on floats."""

    state_: State
    classes_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    history_: list[dict[str, Any]]
    best_epoch_: int
    n_threads: int
    device: Device
    _columns: Columns
    _made_by: dict[str, Any]

    @np.errstate(all="ignore")
    def fit(
        self,
        X: Any,
        y: ArrayLike,
        eval_set: tuple[Any, ArrayLike] | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        checkpoint: str | Path | None = None,
        resume: bool = False,
        on_epoch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train from scratch on ``X`` (n, d), sparse or dense, and labels ``y`` (n,) of two values.

        Booleans, whole numbers and text are such values, and objects that can be sorted. The larger one is the positive class,
        and ``classes_`` holds both. Of {0, 1} and of {-1, 1} one alone may occur.

        eval_set : (X, y) of validation; the model keeps the weights of the epoch with the best AUC on it.
        sample_weight : (n,), s_i >= 0: the loss of a batch of b examples is (1/b) sum_i s_i log-loss_i. None: each is 1.
        checkpoint, resume, on_epoch : see :func:`alpt_ref.training.epochs.fit`.
        """
        config, columns, valid = self.config(), column_names(X), None
        rows, d = as_rows(X)
        train, classes = self._labelled(rows, X, y, sample_weight)
        if resume and checkpoint is None:
            raise ValueError("resume needs a checkpoint to go on from")
        if not (on_epoch is None or callable(on_epoch)):
            raise ValueError(f"on_epoch must be a function of a record, got {on_epoch!r}")
        if eval_set is not None:
            if not isinstance(eval_set, tuple) or len(eval_set) != 2:
                raise ValueError("eval_set must be a pair (X, y)")
            valid, _ = self._labelled(self._rows(eval_set[0], columns, d), *eval_set, classes=classes, name="eval_set")
        path = None if checkpoint is None else Path(checkpoint)
        state, best = fit(config, train, d, valid, checkpoint=path, resume=resume, on_epoch=on_epoch)
        return self._adopt(state, classes, best, columns, made_by(config))

    @np.errstate(all="ignore")
    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None, *, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch more: a pass over these examples, from where ``fit`` or the last call ended.

        The first call begins as ``fit`` does: E calls with the same examples are ``fit`` with ``epochs=E``, bit for bit. Later
        calls may bring other examples of the same features, and other batches, rates and penalties (but not with FTRL, whose
        weights follow from them). ``epochs`` and ``patience`` are not heeded.

        classes : (2,), both labels; needed in the first call where its ``y`` does not tell them.
        sample_weight : (n,), as in ``fit``.

        Raises ValueError where the model cannot go on, for it has no optimizer (it was loaded or compressed), or its weights
        are not those of its last epoch (an earlier one was best on ``eval_set``); and where an argument is not what the weights
        were made with. An epoch that breaks off leaves the weights where they were then.
        """
        config = self.config()
        pair = None if classes is None else classes_of(classes, "classes")
        if self.__sklearn_is_fitted__():
            self._check_goes_on(config, pair)
            train, _ = self._labelled(self._rows(X, self._columns, self.n_features_in_), X, y, sample_weight, self.classes_)
        else:
            rows, d = as_rows(X)
            train, pair = self._labelled(rows, X, y, sample_weight, pair)
            self._adopt(initial_state(config, d), pair, 0, column_names(X), made_by(config))
        try:
            one_more(config, train, self.n_features_in_, self.state_)
        finally:
            self.best_epoch_ = self.state_.epoch
        return self

    def _check_goes_on(self, config: Config, classes: NDArray[Any] | None) -> None:
        """Raise ValueError where another epoch would not be one of a longer run."""
        if not self.state_.optimizers:
            raise ValueError("partial_fit cannot go on: a model that was loaded or compressed has no optimizer, use fit")
        if self.best_epoch_ != self.state_.epoch:
            held = f"the weights are those of epoch {self.best_epoch_} of {self.state_.epoch}, the best on eval_set"
            raise ValueError(f"partial_fit cannot go on: {held}, use fit")
        if classes is not None and classes.tolist() != self.classes_.tolist():
            raise ValueError(f"classes must be {self.classes_.tolist()}, as in the first call, got {classes.tolist()}")
        for name, value in made_by(config).items():
            if value != self._made_by[name]:
                raise ValueError(f"{name} must be what it was when the weights were made: partial_fit goes on with them")

    def _adopt(
        self, state: State, classes: NDArray[Any], best_epoch: int, columns: Columns = None, made: dict[str, Any] | None = None
    ) -> Self:
        self.state_, self.classes_ = state, classes
        self.n_features_in_ = state.linear.shape[0]
        self.history_, self.best_epoch_ = state.history, best_epoch
        self._columns, self._made_by = columns, made or {}
        self.__dict__.pop("feature_names_in_", None)
        if columns is not None and all(isinstance(name, str) for name in columns):
            self.feature_names_in_ = np.array(columns, object)
        return self

    def _rows(self, X: Any, columns: Columns, n_features: int, name: str = "X") -> Rows:
        """``X`` as rows of the features that the model was given."""
        check_columns(X, columns, type(self).__name__)
        rows, d = as_rows(X)
        if d != n_features:
            raise ValueError(f"{name} has {d} features, but {type(self).__name__} is expecting {n_features} features as input")
        return rows

    def _labelled(
        self, rows: Rows, X: Any, y: Any, sample_weight: Any = None, classes: NDArray[Any] | None = None, name: str = "X"
    ) -> tuple[Labelled, NDArray[Any]]:
        """``rows`` of ``X`` with their labels and weights, and the classes: those given, or found."""
        n = rows.indptr.size - 1
        if y is None:
            raise ValueError(f"This {type(self).__name__} estimator requires y to be passed, but the target y is None")
        if not n:
            raise ValueError(f"{name} has no examples")
        check_index(X, y)
        check_index(X, sample_weight, "sample_weight")
        labels, classes = as_labels(y, n, "y" if name == "X" else f"y of {name}", classes)
        return Labelled(rows, labels, as_weights(sample_weight, n)), classes

    @np.errstate(all="ignore")
    def decision_function(self, X: Any) -> NDArray[float32]:
        """Logits z, float32 (n,)."""
        self._check_fitted()
        rows = self._rows(X, self._columns, self.n_features_in_)
        return logits(self.state_, rows, self.n_threads, check_device(self.device))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """The probabilities of both classes, in the order of ``classes_``: float64 (n, 2)."""
        z = self.decision_function(X).astype(np.float64)
        return probabilities(np.stack((-z, z), axis=1))

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier label of each example, as it was written in ``fit``: (n,), in the dtype of ``classes_``."""
        positive = self.decision_function(X) > 0
        labels: NDArray[Any] = self.classes_[positive.astype(int)]
        return labels

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The accuracy of ``predict(X)``: the part of the examples, by their weights, whose label is that of ``y`` (n,)."""
        predicted = self.predict(X)
        if not predicted.size:
            raise ValueError("X has no examples")
        check_index(X, y)
        check_index(X, sample_weight, "sample_weight")
        labels, _ = as_labels(y, predicted.size, classes=self.classes_)
        weights = as_weights(sample_weight, labels.size)
        return float(np.average((predicted == self.classes_[1]) == labels, weights=weights if weights.size else None))


def made_by(config: Config) -> dict[str, Any]:
    """The arguments that a state of ``config`` is made by, to be compared."""
    values = settings(config) | {"step_optimizer": config.step_direction}
    return {name: values[name] for name in MADE_BY + (FTRL_MADE_BY if config.optimizer == "ftrl" else ())}
