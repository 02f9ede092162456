"""The part on click models, which convergence.json and verdicts.json share."""

from typing import Annotated, Literal, TypedDict


class Protocol(TypedDict):
    """The way in which click models were tuned and run."""

    lrs: Annotated[list[float], "learning rates that are tried on validation data with seed 0"]
    half_widths: Annotated[list[list[float]], "boxes [linear weights, factors] that are tried with them"]
    epochs: Annotated[int, "passes over the training data"]
    seeds: Annotated[int, "fits of each row"]
    k: Annotated[int, "factors of the factorization machine"]
    family: Annotated[int, "number of intervals in pairs that hold at once"]


class ClickRow(TypedDict):
    """A model and how it is stored."""

    model: Annotated[Literal["LR", "FM"], "logistic regression or factorization machine"]
    storage: Annotated[Literal["fp32", "nearest", "stochastic"], "float32, or codes under a rounding rule"]
    bits: Annotated[int, "width of a code, 32 in full precision"]
    lr: Annotated[float, "learning rate that tuning picked"]
    half_width: Annotated[list[float] | None, "box that tuning picked; null in full precision, which has none"]
    auc: Annotated[float | None, "mean AUC over seeds on the test data; null where training diverged"]
    logloss: Annotated[float | None, "mean log-loss"]
    calibration: Annotated[float | None, "mean prediction / mean label"]


class ClickPair(TypedDict):
    """DR minus SR, paired by seed, each with the half width of its interval."""

    model: Annotated[Literal["LR", "FM"], "the model"]
    bits: Annotated[int, "width of a code"]
    auc: Annotated[float | None, "difference of AUC"]
    auc_half: Annotated[float | None, "half width of its interval"]
    logloss: Annotated[float | None, "difference of log-loss"]
    logloss_half: Annotated[float | None, "half width of its interval"]
    calibration: Annotated[float | None, "difference of calibration"]
    calibration_half: Annotated[float | None, "half width of its interval"]


class ClickModels(TypedDict):
    """Click models in full precision, under DR and under SR."""

    data: Annotated[str, "name of the click data"]
    sizes: Annotated[list[int], "rows of training, validation and test"]
    protocol: Annotated[Protocol, "how they were tuned and run"]
    rows: Annotated[list[ClickRow], "one record for each model and storage"]
    pairs: Annotated[list[ClickPair], "DR minus SR"]
