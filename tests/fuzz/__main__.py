"""``make fuzz MINUTES=10``: all targets in turn, until the time is up."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.children import hear_ctrl_c
from tests.fuzz import commands, containers, crafted, kills, quantizer, readers

TARGETS: dict[str, ModuleType] = {
    "readers": readers,
    "quantizer": quantizer,
    "containers": containers,
    "crafted": crafted,
    "commands": commands,
    "kills": kills,
}
ROUND = 20  # examples of Hypothesis between two looks at the clock


def fuzz(target: ModuleType, number: int, examples: int) -> int:
    """Try ``examples`` of a target's inputs, the ``number``-th lot; returns how many were judged. AssertionError, after
    Hypothesis has made it small, for one that is judged otherwise than its oracle says."""
    judged = 0

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(target.inputs)
    def each(drawn: object) -> None:
        nonlocal judged
        judged += target.one(drawn)

    each()
    return judged


def run(names: Sequence[str], seconds: float, first: int, say: Callable[[str], object] = print) -> dict[str, int]:
    """Give each target an even share of the time; returns how many inputs of each were judged."""
    counts = dict.fromkeys(names, 0)
    for name in names:
        began, number = time.monotonic(), first
        while time.monotonic() - began < seconds / len(names):
            counts[name] += fuzz(TARGETS[name], number, 2 if name == "kills" else ROUND)
            number += 1
        took = f"{time.monotonic() - began:.0f} s, seeds {first} to {number - 1}"
        say(f"{name:<11}{counts[name]:>12,} {TARGETS[name].UNIT}, {took}")
    return counts


def main() -> int:
    """Run the command line; 1 where an input is judged otherwise than its oracle says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of the first lot; runs of other seeds try other inputs")
    parser.add_argument("--only", choices=TARGETS, action="append", help="a target; may be given several times")
    args = parser.parse_args()
    hear_ctrl_c()
    try:
        run(args.only or list(TARGETS), 60.0 * args.minutes, args.seed, lambda line: print(line, flush=True))
    except AssertionError as error:
        print(f"fuzz: {error}", *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
