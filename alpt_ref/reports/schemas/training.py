"""The record of ``alpt-ref train``, metrics.json."""

from typing import Annotated, Any, Literal, TypedDict


class Figures(TypedDict):
    """Figures of a model on a data set."""

    auc: Annotated[float | None, "P(a positive scores above a negative), ties counting half; null where one class is absent"]
    logloss: Annotated[float, "mean log-loss, natural logarithm"]
    calibration: Annotated[float | None, "mean prediction / mean label; null where no label is positive"]


class Epoch(TypedDict):
    """One pass over the training data."""

    epoch: Annotated[int, "1, 2, ..."]
    seconds: Annotated[float, "wall time of the training steps, without validation"]
    valid: Annotated[Figures | None, "figures on the validation data after the epoch; null without such data"]


class Part(TypedDict):
    """One data set, counted."""

    file: Annotated[str | None, "its path, as it was given; null for generated data"]
    rows: Annotated[int, "examples"]
    positives: Annotated[int, "examples with a click"]
    features: Annotated[int, "columns of X"]
    n_skipped: Annotated[int, "malformed lines left out (--on-bad-line skip)"]
    n_unseen: Annotated[int, "entries without a feature of their own: unseen in training, or rarer than --min-count"]


class Data(TypedDict):
    """The data sets, and how they were read."""

    source: Annotated[
        dict[str, Any] | None,
        "how the files were read: the arguments of alpt_ref.data.Source, and in numeric the columns of floats of a "
        "Parquet file; null for generated data",
    ]
    split: Annotated[
        list[int] | None,
        "[8, 1, 1] where --train alone was split, else null; what was skipped or unseen in such a file is counted in train",
    ]
    train: Annotated[Part, "the training data"]
    valid: Annotated[Part | None, "the validation data; null where there are none"]
    test: Annotated[Part | None, "the test data; null where there are none"]


class Deltas(TypedDict):
    """Step sizes of the two tables."""

    linear: Annotated[list[float] | None, "[smallest, median, largest], linear weights; null where left out or in float32"]
    factors: Annotated[list[float] | None, "[smallest, median, largest], factors; null where there are none"]


class DeadRows(TypedDict):
    """Rows that count as zero."""

    linear: Annotated[int, "linear weights whose step size is so small that they cannot reach 1e-5"]
    factors: Annotated[int, "rows of factors whose step size is so small that none of them reaches 1e-5"]


class Bytes(TypedDict):
    """Memory of a model and of its training."""

    codes: Annotated[int, "bytes of the weights: packed codes; float32 with fp32, lsq and pact"]
    steps: Annotated[int, "bytes of the step sizes"]
    optimizer: Annotated[int, "optimizer state as it stood when training ended; model.npz does not keep it"]


class Metrics(TypedDict):
    """The record that ``alpt-ref train`` writes next to model.npz when training has ended."""

    schema: Annotated[Literal[4], "the version of this description"]
    version: Annotated[str, "version of alpt_ref that wrote the file"]
    model: Annotated[Literal["LogisticRegression", "FactorizationMachine"], "the model's class"]
    config: Annotated[
        dict[str, Any],
        "every argument of the model, by its name in Python. delta holds the step sizes of the quantized tables, "
        "[linear, factors] or [factors], given or by default; it is null with fp32 and where the first weights set them. "
        "step is as given, two as [linear, factors]",
    ]
    learned_delta: Annotated[
        Deltas | None, "step sizes of the weights that model.npz holds, where they were learned; null with fp32 and lpt"
    ]
    dead_rows: Annotated[DeadRows, "rows that count as zero"]
    data: Annotated[Data, "the data sets"]
    epochs: Annotated[list[Epoch], "one record for each epoch, in order, those before an interruption included"]
    best_epoch: Annotated[
        int, "the epoch whose weights model.npz holds: the best validation AUC, or the last epoch without validation data"
    ]
    valid: Annotated[Figures | None, "figures of those weights on the validation data; null without such data"]
    test: Annotated[Figures | None, "figures of those weights on the test data; null without such data"]
    bytes: Annotated[Bytes, "memory"]
    samples_per_s: Annotated[
        float, "training rows / seconds: the median over all epochs but the first, which compiles; with one epoch, that epoch"
    ]
