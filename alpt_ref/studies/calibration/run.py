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
from alpt_ref.studies.executors import IN_PROCESS, Executor
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


def run(
    data: Path | None,
    test: Path | None,
    kind: str,
    out: Path,
    settings: CalibrationSettings,
    *,
    executor: Executor = IN_PROCESS,
) -> Record:
    """Measure everything; returns the record of :mod:`alpt_ref.reports.calibration`, JSON values.

    data, test : files in the format ``kind`` for one more table of estimators; without ``test`` every fifth row of ``data`` is
    held out. out : the folder of the cells. executor : computes them.
    """
    if test is not None and data is None:
        raise ValueError("a test file needs a training file: give --data too")
    clicks = [models.generated(settings.models, settings.seed)]
    if data is not None:
        clicks.append(models.from_files(data, test, kind, settings.models.real_rows))
    one_hots = one_hot.part_of(settings.one_hot)
    cells = [*exact.cells(settings.exact), *decay.cells(settings.decay).values(), *one_hots.cells.values()]
    cells += [cell for part in clicks for cell in models.cells(part, settings.models)]
    total = len({cell.spec.id for cell in cells})  # two sweeps may meet in a point
    with saved_cells(out, total, executor) as store, store.wave(cells) as found:
        return {
            "settings": asdict(settings),
            "exact": exact.study(found, settings.exact),
            "decay": decay.study(found, settings.decay),
            "one_hot": one_hot.study(found, one_hots, settings.one_hot),
            "models": [models.fits(found, part, settings.models) for part in clicks],
        }
