"""Does the phase diagram predict who wins on real clicks? For each width that ``alpt-ref compare`` has a verdict on C2 for.

Both roundings are trained as the comparison tuned them, each with its own learning rate and range, and the moves of every
weight are watched. Each weight speaks for the rounding whose predicted error is smaller; the majority, counted by touches, is
the prediction, and the verdict on C2 says whether it was right: "holds" is a win of SR, "fails" one of DR.
"""

from collections.abc import Mapping
from typing import Any

from alpt_ref.models import FactorizationMachine, LogisticRegression
from alpt_ref.studies.click_data import ClickData
from alpt_ref.studies.comparison.methods import METHODS, CompareSettings
from alpt_ref.studies.phases.diagram import PHASES, Weights, predict, weights_of
from alpt_ref.studies.phases.moves import moves_of
from alpt_ref.tools.files import Record

WINS = {"holds": "SR", "fails": "DR"}


def run(data: ClickData, compared: Mapping[str, Any], *, warm: int, epochs: int, n_threads: int = 1) -> Record:
    """A record with a row for each width; JSON values.

    compared : the record of ``alpt-ref compare`` on these very data. warm, epochs : epochs before and while moves are watched.
    Raises ValueError where the record is of other data or has no verdict on C2.
    """
    if compared.get("fingerprint") != data.fingerprint:
        raise ValueError("the results are of other data than those given")
    verdicts = {claim["this"][1]: claim for claim in compared["claims"] if claim["claim"] == "C2"}
    if not verdicts:
        raise ValueError("the results have no verdict on C2: compare lpt-dr and lpt-sr")
    given: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in compared["settings"].items()}
    settings = CompareSettings(**given)
    rows = [_row(data, compared, settings, bits, claim, warm, epochs, n_threads) for bits, claim in verdicts.items()]
    decided = [row for row in rows if row["winner"]]
    about = {key: compared[key] for key in ("data", "fingerprint", "model")}
    hits = {"decided": len(decided), "hits": sum(row["predicted"] == row["winner"] for row in decided)}
    return (
        about
        | {
            "optimizer": compared["settings"].get("optimizer", "adam"),
            "warm": warm,
            "epochs": epochs,
            "phases": list(PHASES),
            "rows": rows,
        }
        | hits
    )


def _row(
    data: ClickData, compared: Mapping[str, Any], s: CompareSettings, bits: int, claim: Record, warm: int, epochs: int, n: int
) -> Record:
    choices = {(row["method"], row["bits"]): row["choice"] for row in compared["rows"]}
    (sr, sr_delta), (dr, dr_delta) = (
        _watched(data, compared["model"], s, name, bits, choices[name, bits], warm, epochs, n) for name in ("lpt-sr", "lpt-dr")
    )
    found = predict(sr, dr, sr_delta, dr_delta)
    said = {"verdict": claim["verdict"], "mean": claim["mean"], "half": claim["half"], "winner": WINS.get(claim["verdict"])}
    return {"bits": bits, "predicted": found.winner, **said, **found._asdict()}


def _watched(
    data: ClickData, model: str, s: CompareSettings, name: str, bits: int, choice: Record, warm: int, epochs: int, n: int
) -> tuple[Weights, float]:
    """The weights of a method's run, and its step size: of factors, or of linear weights in logistic regression."""
    arguments = s.shared(model, 1) | METHODS[name].arguments(bits, choice) | {"n_threads": n}
    if model == "lr":
        del arguments["k"], arguments["quantize"]
    config = (FactorizationMachine if model == "fm" else LogisticRegression)(**arguments).config()
    part = "factors" if model == "fm" else "linear"
    watched = moves_of(config, *data.train, part, warm, epochs)
    return weights_of(watched, config.rounding), float(config.delta_of(part))
