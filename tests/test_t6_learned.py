"""T6(c) and (d): the terms along a run of ALPT against naive loops, what stops a sum, and when they do not apply."""

import math
from dataclasses import replace

import numpy as np
import pytest

from alpt_ref import reference, rng
from alpt_ref.data.examples import as_rows
from alpt_ref.problems import box
from alpt_ref.theory import registry, t6, t6_learned, verify
from alpt_ref.theory.claim import Draw
from alpt_ref.theory.t6_learned import DRIFT, REGRET, drift_of, means, regret_of
from alpt_ref.theory.t6_runs import Clicks, Run, Terms, largest_gradients, terms
from alpt_ref.training.config import Config
from alpt_ref.training.state import initial_state
from alpt_ref.training.step import BatchStepper
from tests import naive
from tests.marks import once

FEW = Clicks(12, 2, 3, 0.4, 6)
TINY = Run(FEW, 4, 0.2, 1.5, 5, "row", "sgd", 0.5, start=3)
KINDS = [(step, optimizer) for step in ("row", "table") for optimizer in ("sgd", "adam")]
Z = np.zeros(4)


def of_kind(step: str, optimizer: str) -> Run:
    return replace(TINY, step=step, step_optimizer=optimizer, step_lr=0.5 if optimizer == "sgd" else 0.01)


def loss(z: float, y: float) -> float:
    return math.log(1.0 + math.exp(z)) - y * z


@pytest.mark.parametrize(("step", "optimizer"), KINDS)
def test_terms_against_naive_loops(step: str, optimizer: str) -> None:
    """The stepper run by hand, its weights read as floats, every sum a loop."""
    run, replica, p = of_kind(step, optimizer), 2, FEW.problem
    X, y, (rows, d) = p.X.toarray(), p.y, as_rows(p.X)
    config = Config(
        precision="alpt", bits=4, delta=0.2, lr=1.5, schedule="sqrt", fit_intercept=False, seed=replica,
        step=step, step_lr=run.step_lr, step_optimizer=optimizer,
    )  # fmt: skip
    state, stepper = initial_state(config, d), BatchStepper(config, rows, y.astype(np.float32), d)
    state.linear.buffer[:] = 0x33
    out = terms(run, replica)
    seen, logit = [], 0.0
    for t, batch in enumerate(run.batches):
        q, before = state.linear.codes()[:, 0].astype(int), np.broadcast_to(state.linear.delta, d).astype(float)
        stepper(state, batch)
        after = np.broadcast_to(state.linear.delta, d).astype(float)
        seen += [before, after]
        regret, g = 0.0, np.zeros(d)
        for i in batch:
            z = sum(X[i, j] * before[j] * q[j] for j in range(d))
            logit = max(logit, abs(z))
            regret += (loss(z, y[i]) - loss(X[i] @ run.w_star, y[i])) / len(batch)
            g += (1.0 / (1.0 + math.exp(-z)) - y[i]) * X[i] / len(batch)
        drift = sum(after[j] * abs(q[j]) * abs(after[j] - before[j]) for j in range(d)) / (2 * 1.5 / math.sqrt(t + 1))
        assert out.regret[t] == pytest.approx(regret, abs=1e-13)
        assert out.floor[t] == pytest.approx(sum(after[j] * abs(g[j]) for j in range(d)) / 2, abs=1e-13)
        assert out.drift[t] == pytest.approx(drift, abs=1e-13)
    assert out.drift.min() > 0.0
    assert (out.least, out.largest) == (np.min(seen), np.max(seen))
    assert out.logit == pytest.approx(logit, abs=1e-13)


@pytest.mark.parametrize(("step", "optimizer"), KINDS)
def test_every_row_is_rounded_from_its_target_onto_the_next_grid(step: str, optimizer: str) -> None:
    """T6's algorithm, to the arithmetic that the bound allows: R((w_t - eta_t g_t)/Delta_{t+1}) with the word of the place."""
    run = of_kind(step, optimizer)
    codes, deltas = run.path(1)
    _, g, _ = run.losses(deltas[:-1] * codes)
    cells = run.eta / deltas.min() + 8 * (deltas.max() / deltas.min() - 1)
    for t in range(run.steps - 1):
        target = (deltas[t] * codes[t] - run.eta / math.sqrt(t + 1) * g[t]) / deltas[t + 1]
        for j, s in enumerate(target):
            u = (naive.word(j, t, rng.Stream.LINEAR, 1) >> 8) * 2.0**-24
            allowed = {reference.next_code(0, s + e * 2.0**-17 * cells, u, "stochastic", -8, 7) for e in (-1, 0, 1)}
            assert codes[t + 1, j] in allowed
    assert len(np.unique(codes)) > 4


def test_replicas_share_everything_but_the_words() -> None:
    first = terms(TINY, 0)
    terms.cache_clear()
    for a, b in zip(first, terms(replace(TINY), 0), strict=True):
        assert np.array_equal(a, b)
    other = terms(TINY, 1)
    assert other.regret[0] == first.regret[0]
    assert not np.array_equal(other.regret, first.regret)
    assert not np.array_equal(terms(replace(TINY, seed=1), 0).regret, first.regret)
    fixed = replace(TINY, rounding="nearest")
    assert np.array_equal(terms(fixed, 0).regret, terms(fixed, 1).regret)


def test_batches_are_passes_over_all_examples() -> None:
    batches = FEW.batches(5)
    assert batches.shape == (5, 6)
    for i in (0, 2):
        assert sorted(batches[i : i + 2].ravel()) == list(range(12))
    assert np.array_equal(FEW.batches(3), batches[:3])


def test_constants() -> None:
    """w* is in the smallest box, and no other point there is better; G and G1 bound the gradients anywhere."""
    ends = box(TINY.smallest)
    u = rng.uniforms(40 * TINY.w_star.size, seed=3, stream=rng.Stream.DATA).reshape(40, -1)
    assert (TINY.w_star >= ends[0]).all()
    assert (TINY.w_star <= ends[1]).all()
    G, G1 = largest_gradients(FEW, TINY.steps)
    for point in ends[0] + (ends[1] - ends[0]) * u.astype(float):
        assert TINY.losses(point)[0].mean() >= TINY.best.mean() - 1e-9
        g = TINY.losses(20.0 * point)[1]
        assert np.linalg.norm(g, axis=1).max() <= G
        assert np.abs(g).sum(axis=1).max() <= G1
    p = t6_learned.params(TINY)
    assert pytest.approx(TINY.w_star.size * (15 * 0.24) ** 2) == p.D**2
    arithmetic = t6_learned.bound(p) - t6.bound(p)
    assert 0.0 < arithmetic < 0.01 * t6.bound(p)


@pytest.mark.parametrize("full", [False, True])
def test_bounds_say_more_than_the_box_does(full: bool) -> None:
    for name, run in t6_learned.runs(full).items():
        X, y = run.clicks.problem.X.toarray(), run.clicks.problem.y
        lo, hi = box(run.largest)
        worst = np.where(y == 1, X.sum(axis=1) * -lo, X.sum(axis=1) * hi)  # the most that a margin can be wrong by
        assert t6_learned.bound(t6_learned.params(run)) < np.logaddexp(0.0, worst).mean() - run.best.mean(), name


@once
def test_a_step_size_that_leaves_its_range() -> None:
    run = replace(TINY, steps=3, shrink=0.999, grow=1.001)
    row = verify(REGRET, regret_of("moves", run), 1e-8)
    assert row.verdict == "not applicable"
    assert {check.name for check in row.checks if not check.holds} <= {"smallest Delta_t", "largest Delta_t"}
    still = verify(REGRET, regret_of("stays", replace(run, step_lr=0.0)), 1e-8)
    assert still.verdict == "holds"
    assert still.params["drift"] == 0.0
    off = replace(t6_learned.params(run), outside=0.1)
    assert [check.name for check in off.checks() if not check.holds] == ["w* in every S_t"]


@once
def test_what_the_arithmetic_was_proved_for_is_checked() -> None:
    """Logits of at most 3, batches of at most 64."""
    row = verify(REGRET, regret_of("far out", replace(TINY, start=7, delta=0.3, step_lr=0.0)), 1e-8)  # two values of 2.1 each
    assert [check.name for check in row.checks if not check.holds] == ["largest |logit|"]
    assert terms(replace(TINY, start=7, delta=0.3, step_lr=0.0), 0).logit == pytest.approx(4.2)
    wide = replace(t6_learned.params(TINY), batch=65)
    assert [check.name for check in wide.checks() if not check.holds] == ["batch"]


def stub(monkeypatch: pytest.MonkeyPatch, regret: float, floor: float, drift: float) -> Run:
    """A run of 4 steps whose terms are these, in every step of every replica."""
    run = replace(TINY, steps=4)
    made = Terms(Z + regret, Z + floor, Z + drift, run.delta, run.delta, 0.0)
    monkeypatch.setattr(t6_learned, "terms", lambda run, replica: made)
    return run


def test_sums_stop_before_they_leave_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    run = stub(monkeypatch, 1.0, 0.25, 0.0)
    found = means(
        run, lambda t: t.regret - t.floor, (-1.0, 0.6), 0.0, Draw(1e-8, None), 40, math.inf
    )  # 3/4 after four steps, 9/16 after three
    assert (found.value, found.regret, found.floor, found.stopped) == (0.5625, 0.75, 0.1875, (0, 80))
    found = means(run, lambda t: t.floor - t.regret, (-0.1, 1.0), 0.0, Draw(1e-8, None), 40, math.inf)
    assert (found.value, found.regret, found.stopped) == (0.0, 0.0, (320, 0))
    found = means(run, lambda t: t.regret, (-1.0, 1.0), 0.0, Draw(1e-8, None), 40, math.inf)
    assert (found.value, found.regret, found.stopped) == (1.0, 1.0, (0, 0))


def test_a_broken_bound_shows_and_a_sum_stopped_below_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    b = t6_learned.bound(t6_learned.params(replace(TINY, steps=4)))
    silent = "not applicable"
    # Of four steps: 1.09 of the bound after all, 1.09 after one; 9/4 at once; 3/4, and then beyond 1.1.
    cases = ((0.5, "holds"), (1.09, "violated"), (4.36, "violated"), (9.0, silent), (3.0, silent), (-2.0, silent))
    for factor, verdict in cases:
        run = stub(monkeypatch, factor * b, 0.0, 0.0)
        assert verify(REGRET, regret_of("made", run), 1e-8).verdict == verdict, factor
    run = stub(monkeypatch, 7.0 * b, 6.7 * b, 0.0)
    row = verify(REGRET, regret_of("made", run), 1e-8)
    assert (row.verdict, row.bound) == ("holds", pytest.approx(7.7 * b))


def test_a_bound_of_ones_own_is_not_judged_by_stopped_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rare, large sums stopped at 1.1 times a bound that is wrong have a small mean."""
    b = t6_learned.bound(t6_learned.params(replace(TINY, steps=4)))
    mine = replace(REGRET, bound=lambda p: 0.5 * b)
    for factor, verdict in ((0.2, "holds"), (0.545, "violated"), (4.0, "not applicable")):  # the last stops at once
        run = stub(monkeypatch, factor * b, 0.0, 0.0)
        assert verify(mine, regret_of("made", run), 1e-8).verdict == verdict, factor


def test_drift_over_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    for drift, verdict in ((0.001, "holds"), (0.02, "violated"), (1.0, "not applicable")):
        row = verify(DRIFT, drift_of("made", stub(monkeypatch, 0.0, 0.01, drift), span=(-0.6, 0.4)), 1e-8)
        assert row.verdict.removesuffix(", weakly") == verdict
        if verdict != "not applicable":
            assert row.measured == pytest.approx(drift / 0.01)


def test_nothing_is_random_under_nearest_rounding() -> None:
    instance = regret_of("nearest", replace(TINY, rounding="nearest"))
    assert instance.method == "trajectory"
    found = instance.measure(Draw(1e-8, 1.0))
    assert found.note.startswith("1 replicas")
    assert found.half < 1e-10


def test_they_are_parts_of_t6() -> None:
    assert [claim.id for claim in registry.claims_of(["T6"])] == ["T6(a)", "T6(b)", "T6(c)", "T6(d)"]
    assert registry.claims_of(["t6(C)"]) == [REGRET]
    assert "*Proof of (c).*" in t6_learned.__doc__
