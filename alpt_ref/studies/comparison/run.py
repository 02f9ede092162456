"""Low-precision training, learned step sizes and their rivals on click data: figures, memory, speed, and verdicts on C2 to C4.

Cells are saved one by one under OUT/cells, so that an interrupted run goes on where it stopped. But for the speeds, every
number is a function of the settings and the data alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref import __version__
from alpt_ref.grid import Grid
from alpt_ref.intervals import student
from alpt_ref.studies.cells import Cell
from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.comparison.fitting import BYTES, FIGURES, SPEED
from alpt_ref.studies.comparison.hypotheses import decide
from alpt_ref.studies.comparison.methods import METHODS, CompareSettings, Fit, about, cell_of, methods_of
from alpt_ref.studies.comparison.tuning import Kind, Search, tune
from alpt_ref.studies.executors import IN_PROCESS, Executor, InProcess
from alpt_ref.studies.progress import OnStop, leaving, refuse_other, saved_cells
from alpt_ref.studies.store import Store
from alpt_ref.tools.devices import check_device
from alpt_ref.tools.events import tell
from alpt_ref.tools.files import Arrays, Record, finite

QUICK = CompareSettings(k=2, epochs=2, batch_size=64, lrs=(1e-2,), step_lrs=(1e-3,), ranges=(1.0,), rounds=0, seeds=2)


def kinds_of(methods: Sequence[str], bits: Sequence[int], model: str) -> list[Kind]:
    """(method, bits) of every row; ValueError for a method that is none of the model's, or a width that is none."""
    for name in methods:
        if name not in methods_of(model):
            raise ValueError(f"methods must be of {', '.join(methods_of(model))} for model {model}, got {name!r}")
    for width in bits:
        Grid(width, 1.0)
    if not methods or not bits:
        raise ValueError("methods and bits must not be empty")
    kinds = [(name, width) for name in methods for width in (bits if METHODS[name].quantizes else (0,))]
    return list(dict.fromkeys(kinds))


@dataclass
class Found:
    """Results of a run so far. searches : with seed 0; tried : their fits; runs : of every kind with the seeds 1, 2, ..."""

    searches: dict[Kind, Search] = field(default_factory=dict)
    tried: list[Arrays] = field(default_factory=list)
    runs: dict[Kind, list[Arrays]] = field(default_factory=dict)

    def picked(self, kind: Kind) -> Search:
        """The search whose choice ``kind`` takes."""
        return self.searches["fp32", 0] if kind[0] == "ptq" else self.searches[kind]


def measure(
    store: Store,
    data: ClickData,
    model: str,
    kinds: Sequence[Kind],
    settings: CompareSettings,
    *,
    device: str,
    found: Found,
) -> None:
    """Add to ``found``, a kind as soon as all its fits are there. Luck with the seed that picks is not tested."""

    def cells_of(jobs: Sequence[Fit]) -> list[Cell]:
        return [cell_of(data, model, job, settings, device) for job in jobs]

    def fit_trials(jobs: Sequence[Fit]) -> list[Arrays]:
        cells = cells_of(jobs)
        with store.wave(cells) as arrays:
            results = [arrays(cell) for cell in cells]
        found.tried.extend(results)
        return results

    wanted = [*kinds, ("fp32", 0)] if any(name == "ptq" for name, _ in kinds) else kinds
    found.searches = tune(list(dict.fromkeys(wanted)), settings, fit_trials)
    cells = {}
    for kind in kinds:
        choice = tuple(found.picked(kind).choice.items())
        cells[kind] = cells_of([Fit(*kind, choice, 1 + seed) for seed in range(settings.seeds)])
    with store.wave([cell for of_kind in cells.values() for cell in of_kind]) as arrays:
        for kind, of_kind in cells.items():
            found.runs[kind] = [arrays(cell) for cell in of_kind]
            means = np.mean([run["test"] for run in found.runs[kind]], axis=0)
            figures = dict(zip(FIGURES, means, strict=True))
            tell("row", method=kind[0], bits=kind[1], choice=found.picked(kind).choice, **figures)


def compile_record(data: ClickData, model: str, settings: CompareSettings, found: Found, asked: int) -> Record:
    """The results of the kinds that were found, of ``asked`` ones; JSON values. Claims are decided when all are there."""
    searches, tried, runs = found.searches, found.tried, found.runs
    test = {kind: np.array([run["test"] for run in results]) for kind, results in runs.items()}
    full = test.get(("fp32", 0))
    family = len(FIGURES) * asked
    rows = []
    for kind, results in runs.items():
        search = searches.get(kind)
        row: Record = {"method": kind[0], "bits": kind[1], "family": family}
        row["choice"] = (searches["fp32", 0] if search is None else search).choice
        row["at_end"] = [] if search is None else search.at_end
        row["tried"] = [] if search is None else [[*values, finite(auc)] for values, auc in search.tried.items()]
        row |= {"test": _estimates(test[kind], settings.confidence, family)}
        row["minus_fp32"] = None if full is None else _estimates(test[kind] - full, settings.confidence, family)
        row["by_seed"] = finite(test[kind])
        held = np.max([run["bytes"] for run in results], axis=0)  # 0 where a run diverged
        row["bytes"] = dict(zip(BYTES, map(int, held), strict=True))
        speed = np.array([run["speed"] for run in results])
        row["speed"] = {name: finite(np.sort(speed[:, i])) for i, name in enumerate(SPEED)}
        row["dead"] = np.max([run["dead"] for run in results], axis=0).tolist()
        row["deltas"] = finite(np.median([run["deltas"] for run in results], axis=0))
        rows.append(row)
    widths = tuple(sorted({bits for _, bits in runs if bits}, reverse=True))
    auc = {kind: values[:, FIGURES.index("auc")] for kind, values in test.items()}
    compared = [run for results in runs.values() for run in results]
    tuning, seconds = (float(np.nansum([run["speed"][0] for run in group])) for group in (tried, compared))
    return {
        "version": __version__,
        **about(data, model, settings),
        "complete": True,
        "asked": asked,
        "sizes": [int(y.size) for _, y in (data.train, data.valid, data.test)] + [int(data.train[0].shape[1])],
        "rows": rows,
        "claims": decide(auc, widths, settings.margin, settings.confidence) if len(runs) == asked else [],
        "seconds": {"tuning": tuning, "fits_tuned": len(tried), "runs": seconds},
        "fits": len(compared),
    }


def run(
    data: ClickData,
    model: str,
    methods: Sequence[str],
    bits: Sequence[int],
    out: Path,
    settings: CompareSettings,
    *,
    executor: Executor = IN_PROCESS,
    device: str = "cpu",
    seen: bool = False,
    on_stop: OnStop | None = None,
) -> Record:
    """Measure, and save cells in OUT/cells; returns the record of :mod:`alpt_ref.reports.comparison`, JSON values.

    executor : computes the fits. device : where they train, "cpu" or "cuda"; a GPU has one at a time, in this process.
    seen : whether test results of these data were known before, which makes the decisions on the claims descriptive.
    on_stop : where an error or a Ctrl-C ends the run, called with the record of the kinds found so far, whose "complete" is
    False; not where OUT holds a complete one.
    Raises ValueError for a method, a model or a width that is none, and where OUT/compare.json has rows that would be lost, or
    is of other data, another model or other settings.
    """
    executor = InProcess(1) if check_device(device) == "cuda" and isinstance(executor, InProcess) else executor
    if model not in ("lr", "fm"):
        raise ValueError(f"model must be lr or fm, got {model!r}")
    kinds = kinds_of(methods, bits, model)
    path = out / "compare.json"
    held = refuse_other(path, about(data, model, settings))
    lost = {(row["method"], row["bits"]) for row in held.get("rows", ())} - set(kinds)
    if lost:
        name, width = min(lost)
        raise ValueError(
            f"{path} has a row, {name} at {width or 32} bits, that would be lost: ask for it, too, or remove the file"
        )
    out.mkdir(parents=True, exist_ok=True)  # fails now rather than after the first fit
    grids = sum(len(Search(kind, settings).candidates()) for kind in kinds if METHODS[kind[0]].axes)
    found = Found()

    def record() -> Record:
        return compile_record(data, model, settings, found, len(kinds)) | {"seen": seen, "device": device}

    total = grids + len(kinds) * settings.seeds
    with leaving(held, lambda: record() if found.runs else {}, on_stop), saved_cells(out, total, executor) as store:
        measure(store, data, model, kinds, settings, device=device, found=found)
    return record()


def _estimates(values: NDArray[float64], confidence: float, family: int) -> Record:
    """Mean and half width of each figure."""
    return {name: finite(student(column, confidence, family)) for name, column in zip(FIGURES, values.T, strict=True)}
