"""``Walk``: LPT-SGD on a problem, exactly as the theorems analyse it, and the two ways of knowing what becomes of it.

    w_t = delta q_t,   g_t at w_t,   q_{t+1} = clip(R(q_t - eta_t g_t / delta)),   t = 1, 2, ..., T

Where the stochastic gradient has finitely many outcomes :meth:`Walk.exact` pushes the law of w_t forward, without sampling
error. On data, and in many coordinates at once, :meth:`Walk.sampled` runs independent replicas.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy import float64
from numpy.typing import ArrayLike, NDArray

from alpt_ref.grid import Grid
from alpt_ref.intervals import Estimate
from alpt_ref.kernels.cpu.replicas import Trace, WalkArguments
from alpt_ref.problems import GradientBounds, LogisticProblem, diameter, outside
from alpt_ref.problems.box import start_codes
from alpt_ref.problems.factorization import BoxedFm
from alpt_ref.problems.finite import FiniteProblem, Separate
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.rng import check_counter
from alpt_ref.tools.devices import check_device
from alpt_ref.walks.exact import Law, Observable, exact_law
from alpt_ref.walks.replicas import Samples, advance_compiled, advance_on_gpu, advance_rows, empty_trace, in_blocks
from alpt_ref.walks.rule import Rule, as_rule, is_built_in, may_draw
from alpt_ref.walks.schedule import Schedule

Floats = NDArray[float64]
MODES = ("batch", "example")
ULP = 2.0**-52


@dataclass(frozen=True, eq=False)
class Walk:
    """LPT-SGD on ``problem`` for ``steps`` steps.

    problem : of :mod:`alpt_ref.problems`. Laws are taken of a ``FiniteProblem``, or of a ``Separate`` one coordinate by
        coordinate; a ``LogisticProblem`` and an ``AbsoluteSum`` are sampled; of a ``BoxedFm`` see ``walks.sampling``.
    grid : one delta for all coordinates; None for full precision, w_{t+1} = w_t - eta_t g_t, where ``rule`` is ignored.
    rule : how targets are rounded, a Rule or the name of one. start : w_1 in codes (in weights in full precision), one for all
        coordinates or (d,). mode : g_t is the gradient of f ("batch"), or of one example drawn uniformly ("example").
    seed : of everything random; replica r draws words of its own. device : "cpu" or "cuda", where replicas under the built-in
        rules run; no result depends on it.
    Raises ValueError, naming the argument.
    """

    problem: FiniteProblem | Separate | LogisticProblem | AbsoluteSum | BoxedFm
    grid: Grid | None
    rule: Rule
    schedule: Schedule
    steps: int
    start: ArrayLike = 0.0
    mode: str = "batch"
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", as_rule(self.rule))
        check_counter(self.seed, 0, 0)
        check_device(self.device)
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got {self.mode!r}")
        if self.grid is not None and self.grid.per_row:
            raise ValueError("grid must have one delta for all coordinates")

    @property
    def name(self) -> str:
        """The problem's name, empty where it has none."""
        return getattr(self.problem, "name", "")

    @property
    def box_grid(self) -> Grid:
        """The grid of a walk that has one."""
        assert self.grid is not None
        return self.grid

    @property
    def delta(self) -> float:
        """The grid's float32 step size, exactly, in float64; 1 in full precision."""
        return 1.0 if self.grid is None else float(self.grid.delta)

    @property
    def finite(self) -> bool:
        """True where the law is known exactly, False where replicas are sampled."""
        return isinstance(self.problem, FiniteProblem | Separate)

    @property
    def compiled(self) -> bool:
        """True where the rule is one of ``walks.rule.BUILT_IN``, which compiled loops know, or none is needed."""
        return self.grid is None or is_built_in(self.rule)

    @property
    def random(self) -> bool:
        """True where two replicas differ: examples are drawn, or rounding draws (as every rule that is not built in may)."""
        return self.mode == "example" or (self.grid is not None and may_draw(self.rule))

    @cached_property
    def codes(self) -> Floats:
        """w_1 as codes (d,); ValueError unless they are codes of the grid."""
        return start_codes(self.grid, self.problem.d, self.start)

    @property
    def w_1(self) -> Floats:
        """The starting point, (d,)."""
        return self.delta * self.codes

    @property
    def w_star(self) -> Floats:
        """The minimizer, (d,)."""
        assert not isinstance(self.problem, BoxedFm)
        return self.problem.w_star

    @cached_property
    def bounds(self) -> GradientBounds:
        """G and G1: over all points of the grid where the law is known exactly, else over its box."""
        assert not isinstance(self.problem, BoxedFm)
        return self.problem.gradient_bounds(self.box_grid, self.mode)

    @property
    def D(self) -> float:  # noqa: N802
        """Diameter of the box."""
        return diameter(self.box_grid, self.problem.d)

    @property
    def D1(self) -> float:  # noqa: N802
        """||w_1 - w*||."""
        return float(np.linalg.norm(self.w_star - self.w_1))

    @property
    def outside(self) -> float:
        """The distance of w* from the box, in the maximum norm; not positive inside."""
        return outside(self.box_grid, self.w_star)

    @property
    def loss_range(self) -> tuple[float, float]:
        """Ends of an interval that holds f_t(w) - f_t(w*) of a sampled walk, w anywhere in the box."""
        assert isinstance(self.problem, LogisticProblem | AbsoluteSum)
        return self.problem.loss_range(self.box_grid, self.mode)

    def exact(self, observe: Sequence[Observable] = ()) -> Law:
        """The law of w_{T+1}, and the expectations of the functions ``observe`` along the way: see ``exact_law``."""
        assert isinstance(self.problem, FiniteProblem)
        steps, eta = self.steps, self.schedule.rates(self.steps)
        return exact_law(self.problem, self.box_grid, self.rule, eta=eta, steps=steps, start=self.w_1, observe=observe)

    def regret(self) -> Estimate:
        """E[R(T)]/T, the mean over t <= T of E f(w_t) - f*, by the exact law; ``half`` bounds its rounding errors.

        The f_t are drawn independently of w_t, so that E f_t(w_t) = E f(w_t); f* is f at w_star.
        """
        if isinstance(self.problem, Separate):
            alone = list(zip(self.problem.parts, self.codes.tolist(), strict=True))
            found = {each: replace(self, problem=each[0], start=each[1]).regret() for each in dict.fromkeys(alone)}
            return Estimate(sum(found[each].mean for each in alone), sum(found[each].half or 0.0 for each in alone))
        assert isinstance(self.problem, FiniteProblem)
        law = self.exact([self.problem.loss])
        largest = float(np.abs(self.problem.loss(law.points)).max()) + abs(self.problem.f_star)
        return Estimate(float(law.expectations[:-1, 0].mean()) - self.problem.f_star, law.error * largest + ULP * largest)

    @property
    def arguments(self) -> WalkArguments:
        """The numbers that loops over replicas read. ValueError for eta / t."""
        grid, draws = self.grid, self.grid is not None and self.rule.name == "stochastic"
        ends = (-math.inf, math.inf) if grid is None else (float(grid.q_lo), float(grid.q_hi))
        eta, decays = float(self.schedule.eta), self.schedule.decays
        return WalkArguments(self.delta, *ends, eta, decays, draws, np.uint64(self.seed))

    def trace(self, replicas: int = 1, checkpoints: ArrayLike = (), first: int = 0) -> Trace:
        """Replicas first, first + 1, ... at the start. What becomes of each does not depend on which others are there.

        checkpoints : increasing numbers of steps, after which f(w) is to be recorded.
        """
        return empty_trace(self.codes, replicas, checkpoints, first)

    def advance(self, trace: Trace, start: int, stop: int, *, regret: bool = False, n_threads: int = 1) -> None:
        """Take ``trace`` from step ``start`` to step ``stop``; the bits do not depend on ``n_threads`` or on the cuts."""
        check_counter(self.seed, max(stop - 1, 0), 0, trace.first)
        assert isinstance(self.problem, LogisticProblem | AbsoluteSum)
        loops, steps = self.problem.loops(self.mode, regret), range(start, stop)
        if self.compiled:
            rounding = None if self.grid is None else self.rule.name
            if self.device == "cuda":
                advance_on_gpu(loops, self.arguments, rounding, trace, regret, steps)
            else:
                advance_compiled(loops, self.arguments, rounding, trace, regret, steps, n_threads)
        else:
            work = advance_rows(loops, self.arguments, self.box_grid, self.rule, trace, regret, steps)
            in_blocks(work, trace, self.problem.d, n_threads)

    def sampled(self, first: int, last: int, n_threads: int = 1) -> Samples:
        """Results of the replicas first .. last - 1. A replica's numbers depend on no other, nor on ``n_threads``."""
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps!r}")
        assert not isinstance(self.problem, BoxedFm)
        trace = self.trace(last - first, [self.steps], first)
        self.advance(trace, 0, self.steps, regret=True, n_threads=n_threads)
        return Samples(trace.regret / self.steps, trace.losses[:, 0] - self.problem.f_star, trace.last_move, trace.clipped)
