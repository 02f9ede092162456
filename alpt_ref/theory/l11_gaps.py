r"""L11(c), (d): the gap of stochastic rounding is that of its one stationary law, for any eta_t.  (law, exact)

Statement, proof and notation: ``l11``. (c) compares with reference numbers; (d) is a closed form.

Source: this project's statement.
"""

from alpt_ref.grid import Grid
from alpt_ref.problems.finite import FiniteProblem, Floats, quadratic
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.l11 import CLICKS, COARSE, NOISY, Params, params
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.stationary import stationary_law

FINE = Grid(6, 0.1)


def _gap(name: str, problem: FiniteProblem, grid: Grid, schedule: Schedule, steps: int, p: Params, rule: Rule) -> Instance:
    """f - f* at the stationary law, where ``steps`` is 0, else after so many steps."""

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        heard = asked.of(rule)

        def gap(w: Floats) -> Floats:
            return problem.loss(w) - problem.f_star

        if steps:
            law = exact_law(problem, grid, heard, eta=schedule.rates(steps), steps=steps)
            value, half = law.mean(gap), law.error * float(gap(law.points).max())
        else:
            long_run = stationary_law(problem, grid, heard, eta=schedule.eta)
            value = long_run.mean(gap)
            half = long_run.error * value
        return Measured(value, half, (unbiased(asked),))

    return Instance(name, p, measure)


def _gaps(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    out = []
    for eta in (0.001, 0.01, 0.0249):
        p = params(NOISY, FINE, eta, 0.0125002, 5e-8)
        out.append(_gap(f"(w - c)^2/2, noise 0.5, eta = {eta:g}", NOISY, FINE, Schedule(eta), 0, p, rule))
    p = params(NOISY, FINE, 0.0249, 0.0125002, 5e-8)
    out.append(_gap("the same, 0.0249/sqrt(t), T = 4e4", NOISY, FINE, Schedule(0.0249, "sqrt"), 40_000, p, rule))
    for eta in (0.0005, 0.005, 0.049):
        p = params(CLICKS, COARSE, eta, 0.000728037, 5e-10)
        out.append(_gap(f"clicks at 3%, eta = {eta:g}", CLICKS, COARSE, Schedule(eta), 0, p, rule))
    if setting.rule is None:
        p = params(NOISY, FINE, 0.0249, 0.0125002, 5e-8)
        frozen = _gap("control, nearest: 0.0249/sqrt(t)", NOISY, FINE, Schedule(0.0249, "sqrt"), 2000, p, NEAREST)
        out.append(frozen.expecting(VIOLATED))
    return out


def _quarters(setting: Setting) -> list[Instance]:
    """(d), sigma large enough for the whole support: the gap over Delta sigma."""
    rule, out = setting.rule_or(STOCHASTIC), []
    for curvature, c, sigma in ((1.0, 0.31, 3.2), (0.5, 0.02, 1.6), (0.1, -0.14, 0.4)):
        grid, problem = Grid(6, 0.1), quadratic(curvature, c, sigma)
        eta = 0.9 * float(grid.delta) / problem.largest_component(grid)
        p = params(problem, grid, eta, float(grid.delta) * sigma / 4.0, 0.0)
        out.append(_gap(problem.name, problem, grid, Schedule(eta), 0, p, rule))
    return out


GAP = Claim(
    "L11(c)",
    "SR cannot be annealed: the gap of every eta, and of eta/sqrt(t), to the digits given",
    "law",
    lambda p: p.reference,
    _gaps,
    tolerance=lambda p: p.digit,
    rule="unbiased",
)
QUARTER = Claim(
    "L11(d)",
    "SR, quadratic with noise +-sigma >= |lambda (w - c)|, unclipped: stationary gap = Delta sigma/4",
    "exact",
    lambda p: p.reference,
    _quarters,
    tolerance=lambda p: 1e-6 * p.reference,
    rule="unbiased",
)
CLAIMS = (GAP, QUARTER)
