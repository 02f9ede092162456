"""Does the phase diagram predict who wins on real clicks? For each width that ``alpt-ref compare`` has a verdict on C2 for.

Both roundings are trained as the comparison tuned them, each with its own learning rate and range, and the moves of every
weight are watched. There are two predictions, by the phases and by predicted errors (``diagram``), and the verdict on C2 says
whether each was right: "holds" is a win of SR, "fails" one of DR.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.comparison.fitting import estimator_of
from alpt_ref.studies.comparison.methods import METHODS, CompareSettings
from alpt_ref.studies.phases.diagram import PHASES, Weights, predict, weights_of
from alpt_ref.studies.phases.moves import moves_of
from alpt_ref.tools.files import Record

WINS = {"holds": "SR", "fails": "DR"}


@dataclass(frozen=True, eq=False)
class Watch:
    """Runs to be watched: their data, the record of their comparison, epochs before and while moves are watched."""

    data: ClickData
    compared: Mapping[str, Any]
    warm: int
    epochs: int
    n_threads: int = 1

    @property
    def settings(self) -> CompareSettings:
        """The settings of the comparison."""
        given: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in self.compared["settings"].items()}
        return CompareSettings(**given)

    def weights(self, name: str, bits: int) -> tuple[Weights, float]:
        """The weights of a method's run, as it was tuned, and its step size: of factors, or of linear weights in LR."""
        choices = {(row["method"], row["bits"]): row["choice"] for row in self.compared["rows"]}
        model = self.compared["model"]
        arguments = self.settings.shared(model, 1) | METHODS[name].arguments(bits, choices[name, bits])
        config = estimator_of(arguments | {"n_threads": self.n_threads}).config()
        part = "factors" if model == "fm" else "linear"
        watched = moves_of(config, *self.data.train, part, self.warm, self.epochs)
        return weights_of(watched, config.rounding), float(config.delta_of(part))

    def row(self, bits: int, claim: Record) -> Record:
        """The prediction at a width beside the verdict on C2 there."""
        found = predict(*self.weights("lpt-sr", bits), *self.weights("lpt-dr", bits))
        said = {"verdict": claim["verdict"], "mean": claim["mean"], "half": claim["half"], "winner": WINS.get(claim["verdict"])}
        return {"bits": bits, "by_phase": found.by_phase, "by_error": found.by_error, **said, **found._asdict()}


def run(watch: Watch) -> Record:
    """A record with a row for each width; JSON values. ValueError where the comparison is of other data or without C2."""
    compared = watch.compared
    if compared.get("fingerprint") != watch.data.fingerprint:
        raise ValueError("the results are of other data than those given")
    verdicts = {claim["this"][1]: claim for claim in compared["claims"] if claim["claim"] == "C2"}
    if not verdicts:
        raise ValueError("the results have no verdict on C2: compare lpt-dr and lpt-sr")
    rows = [watch.row(bits, claim) for bits, claim in verdicts.items()]
    decided = [row for row in rows if row["winner"]]
    about = {key: compared[key] for key in ("data", "fingerprint", "model")} | {"optimizer": watch.settings.optimizer}
    hits = {"decided": len(decided)} | {by: sum(row[by] == row["winner"] for row in decided) for by in ("by_phase", "by_error")}
    return about | {"warm": watch.warm, "epochs": watch.epochs, "phases": list(PHASES), "rows": rows} | hits
