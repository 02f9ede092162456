"""The figures of reports, as SVG for their page."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from alpt_ref import plots
from alpt_ref.plots.output import figure_of
from alpt_ref.plots.style import unseen
from alpt_ref.reports.page import Figure
from alpt_ref.studies.calibration.exact import DR, SR, Point, solve
from alpt_ref.tools.files import Record
from alpt_ref.walks.rule import few_bits

SIZE = (7.2, 4.2)  # inches


def drawn(
    draw: Callable[[], Any], name: str, title: str, alt: str, caption: str = "", *, size: tuple[float, float] | None = None
) -> Figure:
    """The figure that ``draw`` makes. name : begins its ids. alt : what it shows, in a sentence or two. size : in inches."""
    with unseen():
        ax = draw()
        if size is not None:
            figure_of(ax).set_size_inches(*size)
        return Figure(title, plots.svg(ax, name=name, title=alt), alt, caption)


def floors(records: list[Record]) -> Figure:
    """Floors over the step size."""
    alt = "Floors against the step size Delta, both axes logarithmic: of LPT under SR and under DR, and of float masters."
    caption = (
        "Gaps in the long run under gradient noise. Those of low-precision training fall with the first power of Delta, that "
        "of float masters with the second (T1#, T7)."
    )
    return drawn(lambda: plots.floors(records, style="alpt"), "floors", "Floors over Delta", alt, caption, size=SIZE)


def phases(*records: Record) -> Figure:
    """The phase diagram of rounding, with the moves that ``records`` of a study have measured."""
    alt = (
        "Phase diagram of rounding: the mean of a weight's moves across, their standard deviation upwards, both in cells. Left "
        "and below nearest rounding is frozen and SR better; above 0.4 cells of noise it is dithered, and at moves of about "
        "one cell sign-like, and DR better."
    )
    caption = "Gaussian moves; where neither is named, nothing is proved (L3, L9, L10, L12, L13)."
    return drawn(
        lambda: plots.phase_diagram(records, style="alpt"),
        "phases",
        "Which rounding is better, by the moves of a weight",
        alt,
        caption,
    )


def calibration() -> Figure:
    """Predicted against true click rates, by exact laws of one feature."""
    rates = (0.3, 0.1, 0.03, 0.01, 0.003)
    points = [Point(rule, p, eta=0.2, bits=8, delta=0.05) for p in rates for rule in (DR, SR, few_bits(4))]
    rows = [asdict(point) | {"theta": point.theta, "ctr": float(solve(point)["ctr"])} for point in points]
    alt = (
        "Mean predicted click rate against the true one, both axes logarithmic. SR lies on the diagonal at every rate; DR, and "
        "SR with 4 random bits, stay above a level of their own."
    )
    caption = (
        "One feature, one example a step, stationary laws: 8 bits, Delta = 0.05, eta = 0.2. DR cannot predict less than about "
        "Delta/(2 eta) (L5), SR with k random bits not less than about 2^-k Delta/eta (L6)."
    )
    return drawn(
        lambda: plots.calibration(rows, style="alpt"),
        "calibration",
        "Predicted against true click rates",
        alt,
        caption,
        size=SIZE,
    )


def tightness(results: Record) -> Figure:
    """Measured over bound, by statement. ValueError where no row has a bound that holds."""
    alt = "For each part, measured over bound of its rows on a logarithmic axis; 1 is a bound that is met."
    caption = "Filled: the tightest row. A point on the dashed line meets its bound: no better one exists."
    return drawn(lambda: plots.tightness(results, style="alpt"), "tightness", "How tight the bounds are", alt, caption)


def saved(name: str, title: str, alt: str, draw: Callable[[], Any]) -> list[Figure]:
    """The figure that ``draw`` makes of saved results, none where they are not all there."""
    try:
        return [drawn(draw, name, title, alt)]
    except ValueError:
        return []


def page_of_convergence(out: Path) -> list[Figure]:
    """The page of figures of the convergence study."""
    from alpt_ref.plots.pages import convergence_error

    alt = (
        "For each problem the error f(w_t) - f* of full precision, DR and SR against the number of steps, with T1's bound and "
        "its floor; SR's floor against Delta; and the log-loss of click models above full precision's."
    )
    return saved("convergence", "Convergence errors", alt, partial(convergence_error.figure, out))


def comparison(results: Record) -> list[Figure]:
    """A panel for each width."""
    alt = "AUC on test data of every method, a panel for each width, with intervals, beside full precision's, a line."
    return saved("compare", "AUC on test data, by method and width", alt, lambda: plots.compare(results, style="alpt"))


def page_of_calibration(out: Path) -> list[Figure]:
    """The page of figures of the calibration study."""
    from alpt_ref.plots.pages import calibration

    alt = (
        "Predicted against true click rates under DR, SR and SR with few random bits, over learning rate, Delta and click rate."
    )
    return saved("calibration", "Calibration", alt, partial(calibration.figure, out))
