"""Monte Carlo: rules of one's own draw what the compiled loops draw, replicas can be added, ranges hold, decisions stop."""

import numpy as np
import pytest

from alpt_ref.grid import Grid
from alpt_ref.problems import box, from_dataset, gaussian_logistic, one_hot_logistic
from alpt_ref.problems.factorization import boxed_fm
from alpt_ref.problems.separable import AbsoluteSum
from alpt_ref.rng import Stream, uniforms
from alpt_ref.walks import replicas
from alpt_ref.walks.replicas import round_codes
from alpt_ref.walks.rule import BUILT_IN, NEAREST, STOCHASTIC, Rule, random_bits
from alpt_ref.walks.sampling import decide, gradient_squares
from alpt_ref.walks.schedule import Schedule
from alpt_ref.walks.walk import Walk
from tests.marks import compiles

GRID = Grid(5, 2.0**-4)
LOGISTIC = gaussian_logistic(8, 3, l2=0.05, seed=1)
ABSOLUTE = AbsoluteSum([0.5, 1.25, 0.875, 2.0, 0.0], [0.3, -0.21, 0.05, 2.0, 0.4])
FM = boxed_fm(8, 3, 3, 2, 1.0, seed=3)
CASES = [
    pytest.param(LOGISTIC, "batch", id="logistic-batch"),
    pytest.param(LOGISTIC, "example", id="logistic-example"),
    pytest.param(one_hot_logistic(15, 2, 4, click_rate=0.2, seed=2), "example", id="one-hot-example"),
    pytest.param(ABSOLUTE, "batch", id="absolute"),
]


@pytest.mark.parametrize(("problem", "mode"), CASES)
@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("decay", ["constant", *compiles("sqrt")])
def test_a_rule_under_another_name_gives_the_same_bits(problem: object, mode: str, name: str, decay: str) -> None:
    """The NumPy engine asked for the table of a built-in rule, against the compiled loops."""
    arguments = {
        "problem": problem,
        "grid": GRID,
        "mode": mode,
        "schedule": Schedule(0.13, decay),
        "steps": 9,
        "seed": 7,
        "start": 2,
    }
    compiled = Walk(rule=BUILT_IN[name], **arguments).sampled(3, 8)  # type: ignore[arg-type]
    mine = Walk(rule=Rule("mine", BUILT_IN[name].p_up), **arguments).sampled(3, 8)  # type: ignore[arg-type]
    for a, b in zip(compiled, mine, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_reported_is_what_the_walk_does() -> None:
    """Regret, gap, last move and clipping recomputed from the codes of single steps."""
    walk, delta = Walk(ABSOLUTE, GRID, STOCHASTIC, Schedule(0.4), 6, [15, -16, 0, 3, 1], seed=1), float(GRID.delta)
    trace = walk.trace(4)
    regret, last = np.zeros(4), np.zeros(4)
    for t in range(6):
        before = trace.codes.copy()
        regret += [ABSOLUTE.loss(delta * q) for q in before]
        walk.advance(trace, t, t + 1)
        last[(trace.codes != before).any(axis=1)] = t + 1
    out = walk.sampled(0, 4)
    np.testing.assert_allclose(out.regret, regret / 6, rtol=1e-14)
    np.testing.assert_array_equal(out.gap, [ABSOLUTE.loss(delta * q) for q in trace.codes])
    np.testing.assert_array_equal(out.last_move, last)
    np.testing.assert_array_equal(out.clipped, trace.clipped)
    assert out.clipped.sum() > 0


@pytest.mark.parametrize("rule", [STOCHASTIC, random_bits(3)], ids=["compiled", "numpy"])
def test_replicas_can_be_added(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the others that run, nor threads, nor blocks change a replica."""
    walk = Walk(LOGISTIC, GRID, rule, Schedule(0.3), 5, mode="example", seed=2)
    whole = walk.sampled(0, 9)
    monkeypatch.setattr(replicas, "BLOCK", 2 * LOGISTIC.d)
    parts = [walk.sampled(0, 2), walk.sampled(2, 3), walk.sampled(3, 9, n_threads=2)]
    for whole_field, *cut in zip(whole, *parts, strict=True):
        np.testing.assert_array_equal(whole_field, np.concatenate(cut))
    assert np.unique(whole.regret).size > 1


def test_a_rule_that_depends_on_the_code() -> None:
    """Up below 0, down above: everything ends at the code 0 or -1, whatever the gradient's size."""
    rule = Rule("towards 0", lambda q, a: (q < 0) & (a > 0))
    out = Walk(AbsoluteSum([0.01, 0.01], [5.0, -5.0]), GRID, rule, Schedule(0.1), 40, [-9, 9]).sampled(0, 2)
    assert out.last_move.tolist() == [9, 9]


def test_round_codes_at_the_edges_and_for_tiny_moves() -> None:
    """A tiny move down is a fraction of almost 1: kept unless u is; targets outside ask the rule about the edge itself."""
    asked = []

    def p_up(q: np.ndarray, a: np.ndarray) -> np.ndarray:
        asked.append((q.copy(), a.copy()))
        return a

    q = np.array([0.0, -8.0, 7.0, 7.0, 6.0, -8.0, 3.0])
    t = np.array([-1e-30, -0.5, 0.5, 0.0, 1e9, -1e9, 0.75])
    u = np.array([1 - 2.0**-24, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5])
    new = round_codes(q, t, u, Rule("recorded", p_up), Grid(4, 1.0))
    assert new.tolist() == [0.0, -8.0, 7.0, 7.0, 7.0, -8.0, 4.0]
    floors, fractions = asked[-1]
    assert floors.tolist() == [-1.0, -8.0, 7.0, 7.0, 7.0, -8.0, 3.0]
    assert fractions.tolist() == [np.nextafter(1.0, 0.0), 0.0, 0.0, 0.0, 0.0, 0.0, 0.75]


def test_gradient_squares_against_a_loop() -> None:
    """One replica written out with vectors; replicas can be added here too."""
    grid, eta, steps, seed, r = Grid(5, 2.0**-4), 0.5, 4, 5, 2
    walk = Walk(FM, grid, STOCHASTIC, Schedule(eta), steps, 1, seed=seed)
    out, clipped = gradient_squares(walk, 1, 4)
    q, total = np.ones(FM.d), 0.0
    for t in range(steps):
        g = FM.gradients(q[None] * 2.0**-4)[0]
        total += g @ g
        s = q - eta * g * 16
        u = uniforms(FM.d, seed=seed, step=t, stream=Stream.LINEAR, offset=r * FM.d)
        q = np.floor(s) + (u < s - np.floor(s))
    assert out[r - 1] == pytest.approx(total / steps, rel=1e-12)
    assert clipped.tolist() == [0, 0, 0]
    alone, _ = gradient_squares(walk, 2, 3, n_threads=2)
    assert alone[0] == out[r - 1]


def test_gradient_squares_count_clipping_and_refuse_a_wider_grid() -> None:
    _, clipped = gradient_squares(Walk(FM, Grid(2, 0.5), NEAREST, Schedule(40.0), 2), 0, 2)
    assert clipped.min() > 0
    with pytest.raises(ValueError, match="within the radius"):
        gradient_squares(Walk(FM, Grid(5, 2.0**-3), NEAREST, Schedule(0.5), 1), 0, 1)


@pytest.mark.parametrize("mode", ["batch", "example"])
@pytest.mark.parametrize("problem", [LOGISTIC, from_dataset(np.eye(2), [0, 1], 1e-3)], ids=["gaussian", "one-hot"])
def test_logistic_loss_ranges_hold(problem: object, mode: str) -> None:
    """Over corners and points inside; the one-hot problem attains its upper ends at a corner."""
    lo, hi = box(GRID)
    low, high = problem.loss_range(GRID, mode)  # type: ignore[attr-defined]
    X, y, l2, d = problem.X.toarray(), problem.y, problem.l2, problem.d  # type: ignore[attr-defined]
    rng = np.random.default_rng(6)
    ws = np.vstack(
        [rng.uniform(lo, hi, (20, d)), rng.choice([lo, hi], (20, d)), [[lo] * d, [hi] * d, [lo, hi] + [hi] * (d - 2)]]
    )

    def losses(w: np.ndarray) -> np.ndarray:
        return np.logaddexp(0.0, X @ w) - y * (X @ w) + l2 / 2 * w @ w

    gaps = np.array([losses(w) - losses(problem.solution.w) for w in ws])  # type: ignore[attr-defined]
    gaps = gaps.mean(axis=1) if mode == "batch" else gaps
    assert low <= gaps.min() + 1e-12
    assert gaps.max() <= high
    if d == 2:
        assert gaps.max() > 0.95 * high


def test_samples_lie_in_the_range() -> None:
    for problem, mode in ((LOGISTIC, "example"), (LOGISTIC, "batch"), (ABSOLUTE, "batch")):
        low, high = problem.loss_range(GRID, mode)  # type: ignore[attr-defined]
        out = Walk(problem, GRID, STOCHASTIC, Schedule(0.5), 5, -3, mode).sampled(0, 6)  # type: ignore[arg-type]
        assert low <= out.regret.min()
        assert out.regret.max() <= high


def test_decide_stops_when_it_can_tell() -> None:
    x = np.random.default_rng(9).random(2000)
    calls = []

    def sample(first: int, last: int) -> np.ndarray:
        calls.append((first, last))
        return x[first:last]

    far, n = decide(sample, 0.0, 1.0, 0.9, 1e-3, first=50, most=2000)
    assert (n, calls) == (50, [(0, 50)])
    assert far.half is not None
    assert far.mean + far.half < 0.9
    calls.clear()
    near, n = decide(sample, 0.0, 1.0, 0.6, 1e-3, first=50, most=2000)
    assert (n, calls) == (400, [(0, 50), (50, 100), (100, 200), (200, 400)])
    assert near.mean == pytest.approx(x[:400].mean())
    calls.clear()
    undecided, n = decide(sample, 0.0, 1.0, 0.5, 1e-3, first=50, most=1000)
    assert (n, calls[-1]) == (1000, (800, 1000))
    assert undecided.half is not None
    assert abs(undecided.mean - 0.5) <= undecided.half
    assert decide(sample, 0.0, 1.0, None, 1e-3, first=50)[1] == 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps must be at least 1"),
        ({"start": 0.5}, "start must be a code"),
        ({"start": 16}, "start must be a code"),
        ({"start": [0, 0]}, "start must be a code"),
        ({"mode": "epoch"}, "mode must be one of"),
        ({"problem": ABSOLUTE, "mode": "example"}, "mode must be batch"),
        ({"eta": -1.0}, "eta must be positive"),
        ({"decay": "inverse"}, "decay must be constant or sqrt"),
        ({"decay": "linear"}, "decay must be one of"),
        ({"rule": Rule("wrong", lambda q, a: 2 * a + 1)}, "rule wrong: p_up must be in"),
    ],
)
def test_refusals(change: dict[str, object], message: str) -> None:
    arguments = {
        "problem": LOGISTIC,
        "grid": GRID,
        "rule": Rule("mine", lambda q, a: a),
        "mode": "batch",
        "steps": 2,
    }
    rates = {"eta": 0.1} | {name: change[name] for name in ("eta", "decay") if name in change}
    with pytest.raises(ValueError, match=message):
        Walk(schedule=Schedule(**rates), **(arguments | {k: v for k, v in change.items() if k not in rates})).sampled(0, 2)  # type: ignore[arg-type]
