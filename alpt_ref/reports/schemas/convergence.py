"""The record of ``alpt-ref convergence``, convergence.json."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from alpt_ref.reports.schemas.clicks import ClickModels
from alpt_ref.reports.schemas.verdicts import Verdict


class ConvexProblem(TypedDict):
    """A convex problem and its constants."""

    name: Annotated[str, "its name"]
    n: Annotated[int, "examples"]
    d: Annotated[int, "weights"]
    positives: Annotated[float, "the part of examples with label 1"]
    l2: Annotated[float, "the factor of the penalty, l2/2 times the squared norm of w"]
    L: Annotated[float, "smoothness of the loss"]
    mu: Annotated[float, "its strong convexity"]
    L_example: Annotated[float, "smoothness of the loss of one example, the largest"]
    f_star: Annotated[float, "the optimum f*"]
    gradient_norm: Annotated[float, "the norm of the gradient where it was found"]
    w_star_norm: Annotated[float, "the norm of w*"]
    first_gap: Annotated[float, "f(0) - f*, from where all runs but those of slopes start"]
    half_width: Annotated[float, "of the box: grids reach from -half_width to half_width - delta, in each coordinate"]


class BoundTerms(TypedDict):
    """The terms of bound T1."""

    transient: Annotated[float, "the way from w_1"]
    noise: Annotated[float, "of the gradients"]
    floor: Annotated[float, "of the grid"]
    lattice: Annotated[float, "of a w* between the points of the grid"]
    total: Annotated[float, "their sum"]


class Descent(TypedDict):
    """Gradient descent in full precision with eta = 1/L."""

    eta: Annotated[float, "learning rate"]
    gap: Annotated[float, "the gap that it reached"]
    steps: Annotated[int, "after how many steps"]
    reached: Annotated[bool, "whether that was the target"]


class Arm(TypedDict):
    """One method on the panel."""

    regret: Annotated[float, "average regret over the steps"]
    regret_half: Annotated[float | None, "half width of its interval; null where nothing is random"]
    gap: Annotated[float, "f(w) - f* after the last step, the mean over replicas"]
    gap_half: Annotated[float | None, "half width of its interval"]
    floor: Annotated[float, "mean gap over the last quarter of the steps"]
    floor_half: Annotated[float | None, "half width of its interval"]
    last_move: Annotated[
        int | None, "the last step at which any weight moved, in any replica; 0: never; null in full precision"
    ]
    clipped: Annotated[int, "how often a coordinate was clipped to the box, summed over steps and replicas"]
    over_bound: Annotated[float, "average regret over the bound's total"]
    cell: Annotated[str, "name of the cell"]


class Panel(TypedDict):
    """Bound T1 on trial: exact gradients, constant learning rate."""

    problem: Annotated[str, "the problem"]
    bits: Annotated[int, "width of a code, picked by the panel's rule from constants alone, as all that follows"]
    delta: Annotated[float, "step size of the grid"]
    eta: Annotated[float, "learning rate"]
    steps: Annotated[int, "number of steps"]
    G: Annotated[float, "bound on the 2-norm of gradients"]
    G1: Annotated[float, "bound on their 1-norm"]
    D1: Annotated[float, "distance of w_1 to w*"]
    first_gap: Annotated[float, "f(0) - f*"]
    bound: Annotated[BoundTerms, "the bound"]
    verdict: Annotated[Verdict, "of SR's average regret"]
    family: Annotated[int, "number of intervals of SR in all panels that hold at once"]
    descent: Annotated[Descent, "full precision with eta = 1/L"]
    methods: Annotated[dict[str, Arm], "float, nearest and stochastic, at the same learning rate"]


class SlopePoint(TypedDict):
    """SR's floor at one step size."""

    bits: Annotated[int, "width of a code, one of several in the same box"]
    delta: Annotated[float, "step size"]
    floor: Annotated[float, "mean gap over the last quarter of the steps"]
    floor_half: Annotated[float | None, "half width of its interval"]
    t1_floor: Annotated[float, "T1's floor term delta G1/2, for comparison"]
    clipped: Annotated[int, "how often a coordinate was clipped"]
    cell: Annotated[str, "name of the cell"]


class Slope(TypedDict):
    """The growth of SR's floor with delta: exact gradients, started at the grid point nearest to w*."""

    problem: Annotated[str, "the problem"]
    eta: Annotated[float, "learning rate, 1/(2 L)"]
    steps: Annotated[int, "number of steps"]
    slope: Annotated[float | None, "exponent of delta: the slope of log floor against log delta"]
    slope_half: Annotated[float | None, "half width of its interval (t)"]
    points: Annotated[list[SlopePoint], "one record for each step size"]


class ErrorRow(TypedDict):
    """The convergence error of one method."""

    problem: Annotated[str, "the problem"]
    mode: Annotated[Literal["batch", "example"], "exact gradients, or one random example a step"]
    bits: Annotated[int | None, "width of a code; null in full precision"]
    delta: Annotated[float | None, "step size; null in full precision"]
    eta: Annotated[float, "learning rate"]
    decays: Annotated[bool, "whether it is eta/sqrt(t) at step t"]
    steps: Annotated[int, "number of steps"]
    method: Annotated[Literal["float", "nearest", "stochastic"], "the method; full precision stands once for all widths"]
    gap: Annotated[float, "f(w) - f* after the last step, the mean over replicas"]
    gap_half: Annotated[float | None, "half width of its interval"]
    floor: Annotated[float, "mean gap over the last quarter of the steps"]
    floor_half: Annotated[float | None, "half width of its interval"]
    ratio: Annotated[float | None, "DR's gap over SR's, in the row of SR; null in the others"]
    last_move: Annotated[int | None, "the last step at which any weight moved; null in full precision"]
    clipped: Annotated[int, "how often a coordinate was clipped"]
    replicas: Annotated[int, "replicas of this row"]
    family: Annotated[int, "number of intervals of the table that hold at once"]
    cell: Annotated[str, "name of the cell"]


class Convergence(TypedDict):
    """The record that ``alpt-ref convergence`` writes: convergence errors of full precision, DR and SR."""

    finding: Annotated[str, "the result in one sentence"]
    settings: Annotated[dict[str, Any], "every size and grid, by its name in alpt_ref.studies.convergence.settings"]
    data: Annotated[list[str], "checksums of the problems' data, then the paths of the click files, if any were given"]
    complete: Annotated[bool, "whether the run came to its end"]
    stopped: NotRequired[Annotated[str, "the error that ended it before"]]
    problems: Annotated[list[ConvexProblem], "one record for each convex problem, in the order of the tables"]
    t1: Annotated[list[Panel], "bound T1 on trial, one record for each problem"]
    slopes: Annotated[list[Slope], "how SR's floor grows with delta, one record for each problem"]
    table: Annotated[
        list[ErrorRow], "the convergence errors, one record for each problem, mode, learning rate, width and method"
    ]
    ctr: Annotated[ClickModels | None, "the click models; null where the run was ended before them"]
