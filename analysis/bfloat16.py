"""Why bfloat16 weights need stochastic rounding: where nearest rounding stops, by exact laws of LPT on bfloat16.

OUT/bfloat16.json   paths under both roundings and in float64, and the gaps of bfloat16: figures/bfloat16.py draws them
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alpt_ref.cli import command_line
from alpt_ref.cli.parsing import Parser, folder
from alpt_ref.problems.finite import quadratic
from alpt_ref.theory import exact_law
from alpt_ref.theory.f2 import thresholds
from alpt_ref.theory.f2_stall import StallParams
from alpt_ref.tools.files import Record, write_json
from alpt_ref.walks.window import Window, states_on

RATE, OPTIMUM, STARTS, STEPS = 0.01, 1.0, (2.0, 0.25), 800


def path(rule: str, start: float, steps: int) -> Record:
    """The exact law of LPT on (w - 1)^2/2: mean, deviation and mean loss after every step; the last step that moves."""
    window = Window("bfloat16", 2.0**-6, 8.0)
    observed = [lambda w: w[:, 0], lambda w: w[:, 0] ** 2, lambda w: (w[:, 0] - OPTIMUM) ** 2 / 2.0]
    law = exact_law(quadratic(1.0, OPTIMUM), window, rule, eta=RATE, steps=steps, start=start, observe=observed)
    mean, square, loss = law.expectations.T
    moves = np.flatnonzero(law.moved > 0.0)
    return {
        "rule": rule,
        "start": start,
        "mean": mean.tolist(),
        "sd": np.sqrt(np.maximum(square - mean**2, 0.0)).tolist(),
        "loss": loss.tolist(),
        "last_move": int(moves.max()) + 1 if moves.size else 0,
        "error": law.error,
    }


def study(quick: bool = False) -> Record:
    """All that the figure shows."""
    steps = 60 if quick else STEPS
    window = Window("bfloat16", 2.0**-3, 2.0**3)
    whole = states_on(window.format)
    below, above = (each[np.searchsorted(whole.values(whole.ordinals), window.points)] for each in thresholds(window.format))
    out: Record = {"rate": RATE, "optimum": OPTIMUM, "steps": steps}
    out["paths"] = [path(rule, start, steps) for start in STARTS for rule in ("nearest", "stochastic")]
    out["float"] = [[OPTIMUM + (start - OPTIMUM) * (1.0 - RATE) ** t for t in range(steps + 1)] for start in STARTS]
    least = [StallParams(RATE, OPTIMUM, window.format.mantissa_bits, steps, abs(start - OPTIMUM)).least for start in STARTS]
    out["least"] = least[0]
    out["points"], out["below"], out["above"] = window.points.tolist(), below.tolist(), above.tolist()
    return out


def work(args: argparse.Namespace) -> None:
    """Measure, print the numbers, save them."""
    found = study(args.quick)
    print(
        f"(w - {OPTIMUM:g})^2/2 on bfloat16, eta = {RATE:g}, {found['steps']} steps; F2(d): DR stays {found['least']:.3f} away"
    )
    for each in found["paths"]:
        print(
            f"{each['rule']:<10} from {each['start']:<5g} mean {each['mean'][-1]:.6f}  sd {each['sd'][-1]:.6f}  "
            f"loss {each['loss'][-1]:.3g}  last step that moves {each['last_move']}  error {each['error']:.1g}"
        )
    for start, values in zip(STARTS, found["float"], strict=True):
        print(f"float64    from {start:<5g} {values[-1]:.6f}")
    args.out.mkdir(parents=True, exist_ok=True)
    write_json(args.out / "bfloat16.json", found)


def options() -> argparse.ArgumentParser:
    """The options."""
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=folder, default=Path("results/gallery"))
    parser.add_argument("--quick", action="store_true", help="few steps")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; 2 after bad input, with one sentence, 130 after Ctrl-C."""
    return command_line("bfloat16", options, work, argv)


if __name__ == "__main__":
    sys.exit(main())
