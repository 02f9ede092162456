"""Curves of the statements, each drawn on one of its instances: exact laws, the bound over them.

An entry traces SR, DR or both in one coordinate, and a user's rule beside them; no random number is drawn. The bound is the
statement's own, from its module, at every number of steps.
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
from alpt_ref.plots.style import DASHED, drawing
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
YOURS = "your rule"
LONGEST = 40  # of the name of a rule in a legend
SAYS = {
    "T1": "SR stays below the bound. The updates of DR are below half a step of the grid: it never moves, and rises above it.",
    "T1#": "Without T1's noise term SR meets the bound, but for the last distance.",
    "T2": "DR on a fine grid, at a learning rate that makes its bound small.",
    "T3": "eta/t on a strongly convex function.",
    "T4": "A linear rate, and then a floor.",
    "L1": "SR hovers between the two ends of the cell, at the floor; DR stays at the end where it began, with the smaller gap.",
    "L3": "eta/sqrt(t): DR freezes once its updates are below half a step of the grid; SR goes on.",
    "L4": "SR ends at the floor of the statement, whatever the learning rate; DR freezes far above it.",
    "L5": "SR finds the click rate. Under DR examples without a click stop acting while the prediction is still too high.",
    "L7": "eta/sqrt(t) with rare, large gradients: DR ends at the worst point of the box.",
    "L9": "eta G/Delta = 0.51: every update of DR is rounded up to a whole step, and it needs half of SR's steps.",
    "L11": "Whatever the schedule, SR ends at the error of its one stationary law; smaller steps take longer.",
    "L12": "Noise of about a cell dithers nearest rounding, and DR has the smaller error.",
}
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

    def run(self, rule: Rule, label: str | None = None) -> Run:
        """The run of ``rule``."""
        call: Any = partial(trace, self.problem, self.grid, steps=self.steps, start=self.start)
        run: Run = call(rounding=rule, eta=self.eta, schedule=self.schedule, label=label)
        return run

    def runs(self) -> list[Run]:
        """The runs that are drawn."""
        others = (replace(self, eta=eta, schedule=schedule).run(STOCHASTIC, label) for label, schedule, eta in self.others)
        return [*(self.run(RULES[name], name) for name in self.methods), *others]

    def bounds(self, steps: Floats) -> Floats:
        """The bound after ``steps`` steps."""
        assert self.bound is not None
        rule = RULES[self.methods[0]]
        return np.array([self.bound(self.walk(rule, int(t))) for t in steps])


def _table() -> dict[str, Curve]:
    """A curve for each statement that has one."""
    grid, coarse, fine = Grid(5, 2.0**-4), Grid(8, 0.05), Grid(10, 2.0**-8)
    delta, wide = float(grid.delta), Grid(8, 2.0**-5)
    step, stuck = float(wide.delta), absolute(1.0, 0.4)
    far = 3.0 + 0.3 * step
    rare = slopes((1.0, -16.0), (31 / 32, 1 / 32), box(wide)[0])
    noisy, smooth = quadratic(1.0, 0.3 * delta, 0.5), quadratic(1.0, 0.3 * delta)
    others = (
        ("SR, constant eta", "constant", 0.5 * delta),
        ("SR, a tenth of it", "constant", 0.05 * delta),
        ("SR, eta/sqrt(t)", "sqrt", 0.5 * delta),
    )
    gap, sr, dr = {"y": "gap"}, {"methods": ("SR",)}, {"methods": ("DR",)}  # what several have
    out: dict[str, tuple[Any, ...]] = {
        "T1": ("|w - 0.4|", stuck, grid, 0.25 * delta, 2000, {"bound": lambda walk: t1.total(t1.params(walk))}),
        "T1#": (
            "|w - 0.4|",
            stuck,
            grid,
            0.25 * delta,
            2000,
            sr | {"bound": lambda walk: t1_sharp.bound(t1_sharp.params(walk))},
        ),
        "T2": (
            "|w - 0.3|",
            absolute(1.0, 0.3),
            fine,
            0.06,
            4000,
            dr | {"start": -384, "bound": lambda w: t2.bound(t2.params(w))},
        ),
        "T3": ("(w - c)^2/2, noise 0.5", noisy, grid, 1.0, 3000, sr | {"schedule": "inverse", "bound": _t3}),
        "T4": (
            "(w - c)^2/2, noise 0.3",
            quadratic(1.0, 0.3 * step, 0.3),
            wide,
            0.1,
            400,
            sr | gap | {"start": 40, "bound": _t4},
        ),
        "L1": ("|w - c|, c in the first cell", absolute(1.0, 0.3 * delta), grid, 0.1 * delta, 3000, gap),
        "L3": ("(w - c)^2/2", quadratic(1.0, far), wide, 4.0 * step, 6000, gap | {"schedule": "sqrt"}),
        "L4": ("(w - c)^2/2", smooth, grid, 0.1, 400, gap | {"start": 12}),
        "L5": ("clicks at 3%", clicks(0.03), coarse, 0.1, 8000, gap),
        "L7": (
            "g_t w",
            rare,
            wide,
            6.0 * step / rare.gradient_bounds(wide).G1,
            8000,
            gap | {"schedule": "sqrt", "start": wide.q_hi},
        ),
        "L9": ("|w - c|", absolute(1.0, far), wide, 0.51 * step, 450, gap),
        "L11": ("(w - c)^2/2, noise 0.5", noisy, grid, 0.5 * delta, 8000, gap | {"start": 12, "methods": (), "others": others}),
        "L12": (
            "(w - c)^2/2, noise 0.125",
            quadratic(1.0, 0.3 * delta, 2.0 * delta),
            Grid(7, delta),
            0.4,
            400,
            gap | {"start": 30},
        ),
    }
    floors = {
        "L1": ("$\\Delta G/2$", delta / 2),
        "L4": ("$\\lambda \\Delta^2 a (1 - a)/2$", delta**2 * 0.21 / 2),
        "L11": ("$\\Delta \\sigma/4$", delta * 0.5 / 4),
    }
    curves = {}
    for name, (instance, problem, on, eta, steps, more) in out.items():
        curves[name] = Curve(instance, problem, on, eta, steps, SAYS[name], floor=floors.get(name), **more)
    return curves


def _t3(walk: Walk) -> float:
    problem, (G, G1) = walk.problem, walk.bounds
    assert isinstance(problem, FiniteProblem)
    return t3.bound(t3.Params(walk.steps, walk.schedule.eta, problem.mu, walk.delta, G, G1, walk.outside))


def _t4(walk: Walk) -> float:
    params = t4.instance("", replace(walk, steps=max(walk.steps, 1))).params
    return t4.bound(params)


def curves_of(statement: str, rule: Rule | None = None) -> list[Figure]:
    """The drawing of a statement, none where it has no curve. rule : a user's, drawn beside SR and DR."""
    curve = _table().get(statement)
    if curve is None:
        return []
    what = "mean regret" if curve.y == "regret" else "gap f(w_t) - f*"
    instance = f"{curve.instance}, {curve.grid.bits} bits, Delta = {float(curve.grid.delta):.4g}, eta = {curve.eta:.4g}"
    runs, says = curve.runs(), curve.says
    if rule is not None:
        found, said = _of_a_user(curve, rule)
        runs, says = runs + found, f"{says} {said}"
    return [
        drawn(
            partial(_draw, statement, curve, runs),
            f"curve-{slug(statement)}",
            f"{statement} on {instance}",
            f"{statement}: {what} against the number of steps. {instance}. {says}".replace("`", ""),
            f"{says} Exact laws.",
            size=SIZE,
        )
    ]


def _of_a_user(curve: Curve, rule: Rule) -> tuple[list[Run], str]:
    """The run of a user's rule, and a sentence on it; no run where the rule fails on a pair that this walk asks it for."""
    shown = rule.name.replace("`", "'")[:LONGEST]
    drawn_as = f"{YOURS}: {shown}".replace("$", r"\$")  # a name that has no colour of ours, and no formulas
    try:
        return [curve.run(replace(rule, name=drawn_as))], f"Your rule `{shown}` walks beside, with the same eta."
    except ValueError as error:
        return [], f"Your rule `{shown}` could not be drawn: {str(error).removeprefix(f'rule {drawn_as}: ')}."


def _draw(statement: str, curve: Curve, runs: Sequence[Run]) -> Any:
    """The curve, its bound under the statement's name."""
    bound = curve.bounds if curve.bound else None
    ax = plots.convergence(runs, y=curve.y, bound=bound, floor=dict([curve.floor]) if curve.floor else None, style="alpt")
    for line in ax.get_lines():
        name = str(line.get_label())
        if name == "bound":
            line.set_label(f"{statement}'s bound")
        if name.startswith(YOURS):
            line.set_linestyle(DASHED)  # where it does as SR does both are seen
    with drawing("alpt"):
        ax.legend()
    return ax
