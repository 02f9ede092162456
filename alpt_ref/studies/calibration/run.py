"""Predicted click rate against true click rate under DR, SR and SR(k), with the closed forms of L5 and L6.

One feature by exact laws (learning rate, step size, click rate, random bits, batch size; the decaying schedule), one-hot
logistic regression by replicas, estimators with SGD and Adam on generated clicks and on a file. Cells are saved one by one
under OUT/cells, so that an interrupted run goes on where it stopped. Every number is a function of the settings and the data
alone.
"""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from alpt_ref.studies.calibration import decay, exact, models, one_hot
from alpt_ref.studies.calibration.decay import DecaySettings
from alpt_ref.studies.calibration.exact import ExactSettings
from alpt_ref.studies.calibration.models import ModelSettings
from alpt_ref.studies.calibration.one_hot import OneHotSettings
from alpt_ref.studies.progress import saved_cells
from alpt_ref.tools.files import Record


@dataclass(frozen=True)
class CalibrationSettings:
    """Sizes and grids of the four parts."""

    exact: ExactSettings = field(default_factory=ExactSettings)
    decay: DecaySettings = field(default_factory=DecaySettings)
    one_hot: OneHotSettings = field(default_factory=OneHotSettings)
    models: ModelSettings = field(default_factory=ModelSettings)
    seed: int = 0


QUICK = CalibrationSettings(
    replace(ExactSettings(), bits=7, widths=(5, 6), ps=(0.1, 0.03), ks=(2, 4, 8), batches=(1, 16), batch_steps=2000),
    replace(DecaySettings(), grids=((7, 0.2, (0.1, 0.03, 0.01)),), refine=1),
    replace(OneHotSettings(), size=(300, 2, 4), etas=(0.2,), steps=4000, looks=4, replicas=4),
    replace(ModelSettings(), n_rows=600, n_values=20, batches=(1, 64), epochs=1, min_steps=20, seeds=1, real_rows=600),
)


def n_cells(settings: CalibrationSettings, n_data: int) -> int:
    """The number of cells that a run on ``n_data`` click data asks for."""
    laws = sum(map(len, exact.sweeps(settings.exact).values())) + len(settings.decay.items)
    m = settings.models
    return laws + 2 * len(settings.one_hot.etas) + n_data * len(m.lines) * len(m.rules) * m.seeds


def run(
    data: Path | None, test: Path | None, kind: str, out: Path, settings: CalibrationSettings, *, threads: int = 2
) -> Record:
    """Measure everything; returns the record of :mod:`alpt_ref.reports.calibration`, JSON values.

    data, test : files in the format ``kind`` for one more table of estimators; without ``test`` every fifth row of ``data`` is
    held out. out : the folder of the cells.
    """
    if test is not None and data is None:
        raise ValueError("a test file needs a training file: give --data too")
    clicks = [models.generated(settings.models, settings.seed)]
    if data is not None:
        clicks.append(models.from_files(data, test, kind, settings.models.real_rows))
    with saved_cells(out, n_cells(settings, len(clicks))) as store:
        return {
            "settings": asdict(settings),
            "exact": exact.study(store, settings.exact, threads),
            "decay": decay.study(store, settings.decay, threads),
            "one_hot": one_hot.study(store, settings.one_hot, threads),
            "models": [models.fits(store, data, settings.models, threads) for data in clicks],
        }
