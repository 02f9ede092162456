"""The record of ``alpt-ref compare``, compare.json."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

Span = list[float | None]  # mean, half width


class Estimates(TypedDict):
    """Figures on the test data over seeds, each [mean, half width of its interval]."""

    auc: Annotated[Span, "P(a positive scores above a negative)"]
    logloss: Annotated[Span, "mean log-loss"]
    calibration: Annotated[Span, "mean prediction / mean label"]
    by_feature: Annotated[Span, "error of calibration by feature"]


class TrainingBytes(TypedDict):
    """Bytes alive in training, and at last those of the model to deploy."""

    codes: Annotated[int, "the weights: packed codes, or floats"]
    steps: Annotated[int, "the step sizes"]
    optimizer: Annotated[int, "the optimizer's state"]
    factor_codes: Annotated[int, "the codes of factors alone"]
    factor_steps: Annotated[int, "the step sizes of factors alone"]
    inference: Annotated[int, "the model to deploy"]


class Speed(TypedDict):
    """Over seeds, sorted; null where training diverged."""

    seconds: Annotated[list[float | None], "of a fit"]
    examples_per_s: Annotated[list[float | None], "of an epoch"]
    best_epoch: Annotated[list[float | None], "the epoch that was kept"]


class Method(TypedDict):
    """One method at one bit width, tuned, and fitted with several seeds."""

    method: Annotated[str, "the method"]
    bits: Annotated[int, "its bits, 0 for float32"]
    family: Annotated[int, "number of intervals that hold at once"]
    choice: Annotated[dict[str, float], "the values that tuning picked"]
    at_end: Annotated[list[str], "axes along which tuning could have gone on"]
    tried: Annotated[
        list[list[float | None]],
        "all that tuning tried: [*values in the order of choice, validation AUC or null]",
    ]
    test: Annotated[Estimates, "figures on the test data"]
    minus_fp32: Annotated[Estimates | None, "the figures minus those of full precision, paired by seed"]
    by_seed: Annotated[list[list[float | None]], "the four figures for each seed"]
    bytes: Annotated[TrainingBytes, "memory"]
    speed: Annotated[Speed, "speed"]
    dead: Annotated[
        list[int],
        "linear weights and rows of factors that count as zero (none reaches 1e-5), the most over seeds",
    ]
    deltas: Annotated[list[list[float | None]], "[smallest, median, largest] step size of linear weights and of factors"]


class Decision(TypedDict):
    """The decision on a claim: a difference of test AUC, paired by seed."""

    claim: Annotated[Literal["C2", "C3", "C4"], "the claim"]
    this: Annotated[list[Any], "[method, bits]"]
    that: Annotated[list[Any], "[method, bits] that it is compared with"]
    mean: Annotated[float | None, "mean difference of test AUC"]
    half: Annotated[float | None, "half width of its interval"]
    p: Annotated[float, "adjusted p-value"]
    verdict: Annotated[Literal["holds", "fails", "undecided"], "the decision"]


class Seconds(TypedDict):
    """Time of one core."""

    tuning: Annotated[float, "of all fits that tune"]
    fits_tuned: Annotated[int, "their number"]
    runs: Annotated[float, "of the fits that are compared"]


class Comparison(TypedDict):
    """The record that ``alpt-ref compare`` writes: ways to train small models, side by side."""

    version: Annotated[str, "version of alpt_ref that wrote the file"]
    data: Annotated[str, "name of the data"]
    fingerprint: Annotated[str, "their checksum"]
    model: Annotated[Literal["lr", "fm"], "the model"]
    settings: Annotated[dict[str, Any], "sizes, and the grids of what is tuned"]
    complete: Annotated[bool, "false for a run that was ended before its time"]
    stopped: NotRequired[Annotated[str, "the error that ended such a run"]]
    asked: Annotated[int, "number of rows that were asked for"]
    sizes: Annotated[list[int], "rows of train, validation and test, and features"]
    rows: Annotated[list[Method], "one record for each method and bit width"]
    claims: Annotated[list[Decision], "the decisions on C2 to C4"]
    seconds: Annotated[Seconds, "time of one core"]
    fits: Annotated[int, "number of fits that are compared"]
    seen: Annotated[bool, "whether test results of these data were known before (--seen), so that verdicts are descriptive"]
    device: Annotated[Literal["cpu", "cuda"], "where the models were trained"]
    finding: NotRequired[Annotated[str, "the result in one sentence"]]
