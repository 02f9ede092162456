"""The ablation of ALPT: one of its parts is changed at a time, and paired with the unchanged run by seed.

The base is ALPT with stochastic rounding, Adam on weights and step sizes, one step size for the linear weights and one for each
row of factors. Groups: gradient scale and optimizer of the step sizes over their learning rates (Adam cancels the scale, but
for its eps, and SGD does not), first step size, learning rate, rounding in stage 3, granularity.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from alpt_ref.grid import delta_of_box
from alpt_ref.intervals import student
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.comparison.fitting import FIGURES, fit_and_measure
from alpt_ref.studies.comparison.methods import CompareSettings, about
from alpt_ref.studies.executors import IN_PROCESS, Executor
from alpt_ref.studies.progress import refuse_other, saved_cells
from alpt_ref.studies.store import Store
from alpt_ref.tools.files import Arrays, Record, finite
from alpt_ref.tools.sheet import number
from alpt_ref.training.config import Config


@dataclass(frozen=True)
class AblationSettings:
    """Sizes and grids of the ablation.

    lr, step_lr : of the base. adam_lrs, sgd_lrs : learning rates of the step sizes. ranges : first step sizes c / 2^(bits-1).
    scales : gradient scales. The linear weights begin at 0, so that the rule gives them the smallest step size, 1e-3 / q_hi.
    """

    common: CompareSettings = field(default_factory=lambda: CompareSettings(seeds=3))
    bits: tuple[int, ...] = (4, 2)
    lr: float = 1e-2
    step_lr: float = 2e-3
    scales: tuple[str, ...] = ("1", "1/sqrt(Nq)", "1/sqrt(bNq)", "1/sqrt(bdq)")
    adam_lrs: tuple[float, ...] = (2e-5, 2e-4, 2e-3, 2e-2)
    sgd_lrs: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0, 100.0)
    ranges: tuple[float, ...] = (1.0, 0.1, 0.01)


QUICK = AblationSettings(
    CompareSettings(k=2, epochs=1, batch_size=64, seeds=2), (2,), adam_lrs=(2e-5, 2e-3), sgd_lrs=(1.0,), ranges=(1.0,)
)


@dataclass(frozen=True)
class Variant:
    """A change to the base; ``changes`` holds the estimator's arguments, JSON values."""

    group: str
    name: str
    changes: dict[str, Any]


def variants(s: AblationSettings, bits: int) -> list[Variant]:
    """The base first."""
    out = [Variant("base", f"step lr {number(s.step_lr, 1)}", {})]
    for lr in s.adam_lrs:
        if lr != s.step_lr:
            out.append(Variant("step lr, Adam", number(lr, 1), {"step_lr": lr}))
    for scale in s.scales:
        if scale != Config().step_scale:
            out.append(Variant("scale, Adam", f"g = {scale}", {"step_scale": scale}))
        for lr in s.sgd_lrs:
            changes = {"step_scale": scale, "step_optimizer": "sgd", "step_lr": lr}
            out.append(Variant("scale, SGD", f"g = {scale}, {number(lr, 1)}", changes))
    for c in s.ranges:
        out.append(Variant("first step size", f"{number(c, 1)}/2^(m-1)", {"delta": delta_of_box(c, bits)}))
    for rounding in ("nearest", "toward_zero", "floor"):
        out.append(Variant("stage 3", rounding.replace("_", " "), {"rounding": rounding}))
    for step in (("row", "row"), ("table", "table")):
        out.append(Variant("granularity", ", ".join(step), {"step": list(step)}))
    return out


def _arguments(s: AblationSettings, bits: int, variant: Variant, model: str, seed: int) -> Record:
    base = {"precision": "alpt", "bits": bits, "rounding": "stochastic", "lr": s.lr, "step_lr": s.step_lr}
    return s.common.shared(model, seed) | base | variant.changes


def _cell(data: ClickData, arguments: Record) -> Cell:
    return Cell(RunSpec("ablation", {"data": data.fingerprint, "name": data.name, **arguments}), _fit, (arguments,), (data,))


def _fit(data: ClickData, arguments: Record) -> Arrays:
    return fit_and_measure(data, arguments | ({"step": tuple(arguments["step"])} if "step" in arguments else {}))


def measure(store: Store, data: ClickData, model: str, s: AblationSettings) -> list[Record]:
    """A row for each variant at each width: means on test, and differences to the base paired by seed."""
    todo = [(bits, variant) for bits in s.bits for variant in variants(s, bits)]
    seeds = range(1, 1 + s.common.seeds)  # as compare: the base was picked there, with seed 0
    cells = [_cell(data, _arguments(s, bits, variant, model, seed)) for bits, variant in todo for seed in seeds]
    with store.wave(cells) as found:
        results = [found(cell) for cell in cells]
    n, rows = s.common.seeds, []
    base = np.empty(0)
    family = len(todo) - len(s.bits)
    for i, (bits, variant) in enumerate(todo):
        runs = results[i * n : (i + 1) * n]
        auc = np.array([run["test"][FIGURES.index("auc")] for run in runs])
        base = auc if variant.group == "base" else base
        means = [finite(np.mean([run["test"][at] for run in runs])) for at in range(len(FIGURES))]
        row: Record = {"group": variant.group, "variant": variant.name, "bits": bits, **dict(zip(FIGURES, means, strict=True))}
        row["minus_base"] = finite(student(auc - base, s.common.confidence, family))
        row["deltas"] = finite(np.median([run["deltas"][:, 1] for run in runs], axis=0))
        rows.append(row | {"seconds": float(np.nansum([run["speed"][0] for run in runs]))})
    return rows


def run(data: ClickData, model: str, out: Path, settings: AblationSettings, *, executor: Executor = IN_PROCESS) -> Record:
    """Measure, and save cells in OUT/cells; returns the record of :mod:`alpt_ref.reports.ablation`, JSON values.

    Raises ValueError where OUT/alpt_ablation.json is of other data, another model or other settings.
    """
    what = about(data, model, settings)
    refuse_other(out / "alpt_ablation.json", what)
    total = sum(len(variants(settings, bits)) for bits in settings.bits) * settings.common.seeds
    with saved_cells(out, total, executor) as store:
        return what | {"scale": Config().step_scale, "rows": measure(store, data, model, settings)}
