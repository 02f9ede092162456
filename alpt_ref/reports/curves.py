"""Curves of the statements, each drawn on one of its instances: exact laws, the bound over them.

An entry traces SR, DR or both in one coordinate; no random number is drawn. The bound is the statement's own, from its module,
at every number of steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref import plots
from alpt_ref.grid import Grid
from alpt_ref.problems.box import box
from alpt_ref.problems.finite import FiniteProblem, absolute, clicks, quadratic, slopes
from alpt_ref.reports.drawings import drawn
from alpt_ref.reports.page import Figure, slug
from alpt_ref.runs.run import Run
from alpt_ref.runs.trace import trace
from alpt_ref.theory import t1, t1_sharp, t2, t3, t4
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk

Floats = NDArray[float64]
SIZE = (7.2, 3.6)  # inches
RULES = {"SR": STOCHASTIC, "DR": NEAREST}


@dataclass(frozen=True)
class Curve:
    """A drawing of one statement. problem to start : the walk. methods : "SR", "DR". y : "gap" or "regret".

    bound : (walk of so many steps) -> the statement's bound. floor : of the gap in the long run, by name. says : the caption's
    sentence on what is to be seen.
    """

    instance: str
    problem: FiniteProblem
    grid: Grid
    eta: float
    steps: int
    says: str
    schedule: str = "constant"
    start: int = 0
    methods: Sequence[str] = ("SR", "DR")
    y: str = "regret"
    bound: Callable[[Walk], float] | None = None
    floor: tuple[str, float] | None = None
    others: Sequence[tuple[str, str, float]] = ()  # further runs of SR: label, schedule, eta

    def walk(self, rule: Rule, steps: int) -> Walk:
        """The walk of ``steps`` steps."""
        return Walk(self.problem, self.grid, rule, Schedule(self.eta, self.schedule), steps, self.start)

    def runs(self) -> list[Run]:
        """The runs that are drawn."""
        call: Any = partial(trace, self.problem, self.grid, steps=self.steps, start=self.start)
        out = [call(rounding=RULES[name], eta=self.eta, schedule=self.schedule, label=name) for name in self.methods]
        return out + [call(eta=eta, schedule=schedule, label=label) for label, schedule, eta in self.others]

    def bounds(self, steps: Floats) -> Floats:
        """The bound after ``steps`` steps."""
        assert self.bound is not None
        rule = RULES[self.methods[0]]
        return np.array([self.bound(self.walk(rule, int(t))) for t in steps])


def _table() -> dict[str, Curve]:
    """A curve for each statement that has one."""
    grid, coarse, fine = Grid(5, 2.0**-4), Grid(8, 0.05), Grid(10, 2.0**-8)
    delta, wide = float(grid.delta), Grid(8, 2.0**-5)
    step = float(wide.delta)
    far = 3.0 + 0.3 * step
    rare = slopes((1.0, -16.0), (31 / 32, 1 / 32), box(wide)[0])
    stuck = absolute(1.0, 0.4)
    return {
        "T1": Curve(
            "|w - 0.4|", stuck, grid, 0.25 * delta, 2000,
            "SR stays below the bound. The updates of DR are all below half a step of the grid: it never moves, and "
            "rises above what SR is guaranteed.",
            bound=lambda walk: t1.total(t1.params(walk)),
        ),
        "T1#": Curve(
            "|w - 0.4|", stuck, grid, 0.25 * delta, 2000,
            "Without the noise term of T1 the bound is met by SR as closely as the last distance allows.", "
            "methods=("SR",), bound=lambda walk: t1_sharp.bound(t1_sharp.params(walk)),
        ),
        "T2": Curve(
            "|w - 0.3|", absolute(1.0, 0.3), fine, 0.06, 4000,
            "DR on a fine grid, at the learning rate that its bound is least for.", start=-384, methods=("DR",), "
            "bound=lambda walk: t2.bound(t2.params(walk)),
        ),
        "T3": Curve(
            "(w - 0.31)^2/2, noise 0.5", quadratic(1.0, 0.31, 0.5), grid, 1.0, 3000,
            "eta/t on a strongly convex function.",
            schedule="inverse", methods=("SR",), bound=_t3,
        ),
        "T4": Curve(
            "(w - c)^2/2, noise 0.3", quadratic(1.0, 0.3 * step, 0.3), wide, 0.1, 400,
            "A linear rate, and then a floor.",
            start=40, methods=("SR",), y="gap", bound=_t4,
        ),
        "L1": Curve(
            "|w - c|, c in the first cell", absolute(1.0, 0.3 * delta), grid, 0.1 * delta, 3000,
            "SR hovers between the two ends of the cell; DR started at 0 stays, with the smaller gap.", y="gap", "
            "floor=("$\\Delta G/2$", delta / 2),
        ),
        "L3": Curve(
            "(w - c)^2/2, eta/sqrt(t)", quadratic(1.0, far, 0.0), wide, 4.0 * step, 6000,
            "DR freezes once its updates are below half a step of the grid; SR goes on.", schedule="sqrt", y="gap",
        ),
        "L4": Curve(
            "(w - c)^2/2", quadratic(1.0, 0.3 * delta), grid, 0.1, 400,
            "SR ends at the floor of the statement, whatever the learning rate.", start=12, y="gap", "
            "floor=("$\\lambda \\Delta^2 a (1 - a)/2$", delta**2 * 0.21 / 2),
        ),
        "L5": Curve(
            "clicks at 3%", clicks(0.03), coarse, 0.1, 8000,
            "SR finds the click rate. Under DR an example without a click changes nothing once the prediction is low, "
            "and it is never low enough.", y="gap",
        ),
        "L7": Curve(
            "g_t w, rare large gradients, eta/sqrt(t)", rare, wide, 6.0 * step / rare.gradient_bounds(wide).G1, 8000,
            "DR ends at the worst point of the box.", schedule="sqrt", start=wide.q_hi, y="gap",
        ),
        "L9": Curve(
            "|w - c|, eta G/Delta = 0.51", absolute(1.0, far), wide, 0.51 * step, 450,
            "Just above half a step DR needs half of SR's steps: every update is rounded up to a whole one.", y="gap",
        ),
        "L11": Curve(
            "(w - c)^2/2, noise of two signs", quadratic(1.0, 0.3 * delta, 0.5), grid, 0.5 * delta, 8000,
            "Whatever the schedule, SR ends at the error of its one stationary law; a slower schedule takes longer.", "
            "start=12,
            methods=(), y="gap", floor=("$\\Delta \\sigma/4$", delta * 0.5 / 4),
            others=(("SR, constant eta", "constant", 0.5 * delta), ("SR, a tenth of it", "constant", 0.05 * delta),
                    ("SR, eta/sqrt(t)", "sqrt", 0.5 * delta)),
        ),
        "L12": Curve(
            "(w - c)^2/2, symmetric noise", quadratic(1.0, 0.3 * delta, 2.0 * delta), Grid(7, delta), 0.4, 400,
            "Noise of about a cell dithers nearest rounding: DR has the smaller error.", start=30, y="gap",
        ),
    }  # fmt: skip


def _t3(walk: Walk) -> float:
    problem, (G, G1) = walk.problem, walk.bounds
    assert isinstance(problem, FiniteProblem)
    return t3.bound(t3.Params(walk.steps, walk.schedule.eta, problem.mu, walk.delta, G, G1, walk.outside))


def _t4(walk: Walk) -> float:
    params = t4.instance("", replace(walk, steps=max(walk.steps, 1))).params
    return t4.bound(params)


def curves_of(statement: str) -> list[Figure]:
    """The drawing of a statement, none where it has no curve."""
    curve = _table().get(statement)
    if curve is None:
        return []
    bound = curve.bounds if curve.bound else None
    ax = plots.convergence(
        curve.runs(), y=curve.y, bound=bound, floor=dict([curve.floor]) if curve.floor else None, style="alpt"
    )
    for line in ax.get_lines():
        if line.get_label() == "bound":
            line.set_label(f"{statement}'s bound")
            ax.legend()
    what = "mean regret" if curve.y == "regret" else "gap f(w_t) - f*"
    said = f"{curve.instance}, {curve.grid.bits} bits, Delta = {float(curve.grid.delta):.4g}, eta = {curve.eta:.4g}"
    alt = f"{statement}: {what} against the number of steps. {said}. {curve.says}"
    return [drawn(ax, f"curve-{slug(statement)}", f"{statement} on {said}", alt, f"{curve.says} Exact laws.", SIZE)]
