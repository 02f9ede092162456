"""The search for counterexamples: sweeps over all thresholds of a few grids, and a Hypothesis search that shrinks.

A judge takes a candidate and a case and raises Violation. Hypothesis goes first, as its finds are smallest. Sweeps see every
code, and a failure in one of their arrays is tried again with that element alone.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import numpy as np
from numpy import float32

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Violation
from alpt_ref.testing.level import Level
from alpt_ref.testing.property import Check, Finding
from alpt_ref.testing.rulers import Ruler, Uniform
from alpt_ref.testing.shapes import padded, padded_text
from alpt_ref.testing.strategies import calls_of
from alpt_ref.testing.targets import UNIFORMS, comparable, few, swept
from alpt_ref.tools.extras import importing

with importing("testing", "the suite for quantizers"):
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis.configuration import set_hypothesis_home_dir
    from hypothesis.errors import Flaky
    from hypothesis.strategies import SearchStrategy

Judge = Callable[[Candidate, Case], None]


@contextmanager
def notes_aside() -> Iterator[None]:
    """Let Hypothesis keep its notes in a folder that goes with the block: else it leaves one in the current folder."""
    with TemporaryDirectory() as notes:
        set_hypothesis_home_dir(notes)
        yield


def sweep(judge: Judge, candidate: Candidate, tried: Iterable[Case]) -> int:
    """The number of elements in the cases ``tried``, after ``judge`` has judged each of them under every noise."""
    elements = 0
    for case in (noisy for plain in tried for noisy in under_every_noise(candidate, plain)):
        alone(judge, candidate, case)
        elements += case.x.size
    return elements


def all_thresholds(candidate: Candidate, level: Level, *, exact_only: bool) -> Iterator[Case]:
    """The calls of every threshold of a few grids."""
    for ruler in swept(candidate, level, exact_only=exact_only):
        some = few(ruler, level)
        x = ruler.thresholds(few=some)
        yield Case(ruler, padded(x), source=padded_text(ruler.thresholds_text(few=some), x.size))


def under_every_noise(candidate: Candidate, case: Case) -> Iterator[Case]:
    """The case under three seeds, or one for nearest rounding, and then under each of UNIFORMS. The uniforms are left out where
    they cannot be given."""
    yield from (case._replace(seed=seed) for seed in range(3 if candidate.declared.stochastic else 1))
    if candidate.takes_uniforms:
        yield from (case._replace(u=np.full(case.x.shape, u, float32)) for u in UNIFORMS)


def alone(judge: Judge, candidate: Candidate, case: Case) -> None:
    """Judge the case; raise the Violation of one element alone in the place of one that is found in an array, if it shows."""
    try:
        judge(candidate, case)
    except Violation as found:
        _narrowed(judge, candidate, found)
        raise


def _narrowed(judge: Judge, candidate: Candidate, found: Violation) -> None:
    """Raise the Violation of one element of ``found.case``, if one has it by itself. An error is blamed on no element, so the
    array is halved."""
    case = found.case
    if case is None or case.x.size <= 1:
        return
    if not found.raised:
        judge(candidate, case.only(found.index))
        return
    middle = case.x.size // 2
    for part in (slice(0, middle), slice(middle, None)):
        alone(judge, candidate, case.part(part))


def search(judge: Judge, candidate: Candidate, level: Level, *, exact_only: bool = False) -> None:
    """Raise the Violation of the smallest case that Hypothesis finds and shrinks, if there is one. It is always the same, as
    nothing is random. exact_only : try powers of two alone as step sizes."""
    for with_uniforms in (False, True) if candidate.takes_uniforms else (False,):
        _shrink(judge, candidate, calls_of(candidate.declared, with_uniforms, exact_only=exact_only), level.examples)


def _shrink(judge: Judge, candidate: Candidate, tried: SearchStrategy[Case], examples: int) -> None:
    """Raise the Violation of the smallest of the cases ``tried``, among that many ``examples``, if there is one."""
    last: list[Violation] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(tried)
    def judged(case: Case) -> None:
        try:
            judge(candidate, case)
        except Violation as found:
            last[:] = [found]
            raise

    try:
        judged()
    except (Violation, Flaky):  # flaky: the same call does not give the same twice
        if not last:
            raise
        found = last[0]
        try:
            _narrowed(judge, candidate, found)
        except Violation as narrow:
            found = narrow
        _simplest(judge, candidate, found)
        raise found from None


def _simplest(judge: Judge, candidate: Candidate, found: Violation) -> None:
    """Raise the Violation of a simpler call than the one that was found, if there is one. Tried are fewer bits, delta = 1, a
    point or midpoint near 0, then their neighbours, the tiny and the huge. Hypothesis does not step from one kind of value to
    another."""
    case = found.case
    if case is None or case.x.size != 1:
        return
    for ruler in _simpler(candidate, case.ruler):
        x = ruler.simple()
        for i in range(x.size):
            simpler = case._replace(ruler=ruler, x=x[i : i + 1])
            judge(candidate, simpler._replace(seed=0))
            judge(candidate, simpler)
            if (ruler, x[i]) == (case.ruler, case.x[0]):
                return


def _simpler(candidate: Candidate, ruler: Ruler) -> list[Ruler]:
    """The grids of few bits, of step 1 and of the step of ``ruler``; a format itself."""
    if not isinstance(ruler, Uniform):
        return [ruler]
    declared = candidate.declared
    narrow = min(ruler.bits, max(4, declared.bits[0]), 8)
    return declared.rulers([b for b in declared.bits if b <= narrow], tuple(dict.fromkeys((1.0, ruler.delta))))


def hunted(judge: Judge, *, exact_only: bool = False) -> Check:
    """The check that searches and then sweeps for a case at which ``judge`` raises Violation, and tells what it tried.

    exact_only : powers of two alone are tried as step sizes.
    """

    def check(candidate: Candidate, level: Level, alpha: float) -> Finding:
        search(judge, candidate, level, exact_only=exact_only)
        elements = sweep(judge, candidate, all_thresholds(candidate, level, exact_only=exact_only))
        return Finding(f"{elements:,} values at thresholds and {level.examples} searches")

    return check


def hunted_pairs(judge: Judge, *, exact_only: bool = False) -> Check:
    """The check that hunts as :func:`hunted` does, for a judge that compares calls of different values.

    Such calls must draw the same uniforms: cases that allow no second one are passed over, and NotApplicable is raised where
    the quantizer offers none.
    """

    def judge_comparable(candidate: Candidate, case: Case) -> None:
        if comparable(candidate, case):
            judge(candidate, case)

    def check(candidate: Candidate, level: Level, alpha: float) -> Finding:
        if candidate.declared.stochastic and not candidate.declared.coupled and not candidate.takes_uniforms:
            raise NotApplicable("declared: coupled = False, and uniforms cannot be given")
        return hunted(judge_comparable, exact_only=exact_only)(candidate, level, alpha)

    return check
