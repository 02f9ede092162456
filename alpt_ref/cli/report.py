"""The lines that a run prints: the progress of epochs, and the table at the end."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from alpt_ref.cli.record import Figures
from alpt_ref.tools.events import tell
from alpt_ref.tools.pace import Pace, clock

LONG = 60.0  # seconds: a time left that is worth a word
FIGURES = ("auc", "logloss", "calibration")


@contextmanager
def progress(epochs: int, *, terminal: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield a function that takes each epoch's record: it moves a bar on a terminal, else prints a line, on stderr."""
    from alpt_ref.studies.progress import moving_bar, said_while_compiling

    pace = Pace(epochs)

    def told(record: dict[str, Any]) -> None:
        if not pace.done:
            pace.skipped = record["epoch"] - 1  # of a run that goes on
        pace.step(record["epoch"], "epoch")
        tell("row", **record)

    if not terminal:

        def say(record: dict[str, Any]) -> None:
            told(record)
            print(_line(record, epochs, pace.left), file=sys.stderr)

        with said_while_compiling(lambda: f"epoch {pace.done + 1}/{epochs}"):
            yield say
        return

    with moving_bar(epochs, "epoch") as move:

        def show(record: dict[str, Any]) -> None:
            told(record)
            move(record["epoch"], _auc(record), pace)

        yield show


def _line(record: dict[str, Any], epochs: int, left: float | None) -> str:
    figures = [f"{name} {_shown(record['valid'][name])}" for name in FIGURES] if "valid" in record else []
    rest = [f"{clock(left)} left"] if left is not None and left >= LONG else []
    return ", ".join([f"epoch {record['epoch']}/{epochs}: {record['seconds']:.3g} s", *figures, *rest])


def _auc(record: dict[str, Any]) -> str:
    return f"auc {_shown(record['valid']['auc'])}" if "valid" in record else ""


def run_table(content: dict[str, Any]) -> str:
    """The table printed after training."""
    figures = {name: content[name] for name in ("valid", "test") if content[name] is not None}
    lines = [figure_table(figures)] if figures else []
    lines += [
        row("best epoch", f"{content['best_epoch']} of {len(content['epochs'])}"),
        row("samples/s", f"{content['samples_per_s']:,.0f}"),
        row("bytes", ", ".join(f"{name} {n:,}" for name, n in content["bytes"].items())),
    ]
    if content["learned_delta"] is not None:
        spreads = {part: spread for part, spread in content["learned_delta"].items() if spread is not None}
        lines.append(row("step sizes", ", ".join(f"{part} {_range(*spread)}" for part, spread in spreads.items())))
        if any(content["dead_rows"].values()):
            lines.append(row("dead rows", ", ".join(f"{part} {content['dead_rows'][part]:,}" for part in spreads)))
    read = {name: part for name, part in content["data"].items() if name in ("train", "valid", "test") and part is not None}
    for count, label in (("n_skipped", "lines skipped"), ("n_unseen", "rare, unseen")):
        if any(part[count] for part in read.values()):
            lines.append(row(label, ", ".join(f"{name} {part[count]:,}" for name, part in read.items())))
    return "\n".join(lines)


def _range(*spread: float) -> str:
    smallest, middle, largest = (f"{value:.3g}" for value in spread)
    return smallest if smallest == largest else f"{smallest} to {largest} (median {middle})"


def figure_table(columns: Mapping[str, Figures]) -> str:
    """One row per figure, one column per data set."""
    rows = [row("", " ".join(f"{name:>9}" for name in columns))]
    rows += [row(name, " ".join(f"{_shown(c[name]):>9}" for c in columns.values())) for name in FIGURES]
    return "\n".join(rows)


def row(label: str, text: str) -> str:
    """A line of a table."""
    return f"{label:<14}{text}"


def _shown(figure: float | None) -> str:
    return "undefined" if figure is None else f"{figure:.6f}"
