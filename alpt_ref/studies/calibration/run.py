"""Predicted click rate against true click rate under DR, SR and SR(k), with the closed forms of L5 and L6.

One feature by exact laws (learning rate, step size, click rate, random bits, batch size; the decaying schedule), one-hot
logistic regression by replicas, estimators with SGD and Adam on generated clicks and on a file. Cells are saved one by one
under OUT/cells, so that an interrupted run goes on where it stopped; the whole is written to OUT/calibration.json and
OUT/calibration.md. Every number is a function of the settings and the data alone.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rich.console import Console

from alpt_ref.reports import calibration as report
from alpt_ref.studies.calibration import decay as calibration_decay
from alpt_ref.studies.calibration import exact as calibration_exact
from alpt_ref.studies.calibration import models as calibration_models
from alpt_ref.studies.calibration import one_hot as calibration_one_hot
from alpt_ref.studies.calibration.decay import DecaySettings
from alpt_ref.studies.calibration.exact import ExactSettings, Record
from alpt_ref.studies.calibration.models import ModelSettings
from alpt_ref.studies.calibration.one_hot import OneHotSettings
from alpt_ref.studies.progress import saved_cells
from alpt_ref.tools.files import write_atomic, write_json
from alpt_ref.tools.sheet import WIDTH


@dataclass(frozen=True)
class Settings:
    """Sizes and grids of the four parts."""

    exact: ExactSettings = field(default_factory=ExactSettings)
    decay: DecaySettings = field(default_factory=DecaySettings)
    one_hot: OneHotSettings = field(default_factory=OneHotSettings)
    models: ModelSettings = field(default_factory=ModelSettings)
    seed: int = 0


QUICK = Settings(
    replace(ExactSettings(), bits=7, widths=(5, 6), ps=(0.1, 0.03), ks=(2, 4, 8), batches=(1, 16), batch_steps=2000),
    replace(DecaySettings(), grids=((7, 0.2, (0.1, 0.03, 0.01)),), refine=1),
    replace(OneHotSettings(), size=(300, 2, 4), etas=(0.2,), steps=4000, looks=4, replicas=4),
    replace(ModelSettings(), n_rows=600, n_values=20, batches=(1, 64), epochs=1, min_steps=20, seeds=1, real_rows=600),
)


def n_cells(settings: Settings, n_data: int) -> int:
    """How many cells a run on ``n_data`` click data asks for."""
    laws = sum(map(len, calibration_exact.sweeps(settings.exact).values())) + len(settings.decay.items)
    m = settings.models
    return laws + 2 * len(settings.one_hot.etas) + n_data * len(m.lines) * len(m.rules) * m.seeds


def measure(files: tuple[Path, Path | None] | None, kind: str, out: Path, settings: Settings, threads: int) -> Record:
    """All results as one JSON-able record."""
    clicks = [calibration_models.generated(settings.models, settings.seed)]
    if files is not None:
        clicks.append(calibration_models.from_files(files, kind, settings.models.real_rows))
    with saved_cells(out, n_cells(settings, len(clicks))) as store:
        results: Record = {
            "settings": asdict(settings),
            "exact": calibration_exact.study(store, settings.exact, threads),
            "decay": calibration_decay.study(store, settings.decay, threads),
            "one_hot": calibration_one_hot.study(store, settings.one_hot, threads),
            "models": [calibration_models.fits(store, data, settings.models, threads) for data in clicks],
        }
    return {"finding": report.finding(results), **results}


def run(
    data: Path | None = None,
    test: Path | None = None,
    out: Path = Path("results/calibration"),
    *,
    kind: str = "libfm",
    threads: int = 2,
    quick: bool = False,
    settings: Settings | None = None,
) -> Record:
    """Measure, save, print the tables and, last, the finding; returns the record that OUT/calibration.json holds.

    data, test : files in the format ``kind`` for one more table of estimators; without ``test`` every fifth row of ``data`` is
    held out. quick : small sizes that exercise everything in seconds; ``settings`` overrides it.
    """
    if test is not None and data is None:
        raise ValueError("a test file needs a training file: give --data too")
    files = None if data is None else (data, test)
    results = measure(files, kind, out, settings or (QUICK if quick else Settings()), threads)
    write_json(out / "calibration.json", results)
    write_atomic(out / "calibration.md", lambda file: file.write(report.markdown(results).encode()))
    report.show(results, Console(width=WIDTH))
    return results
