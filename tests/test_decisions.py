"""Decisions on paired differences against Student's formulas and a naive Holm; the verdicts on C2 to C4."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import t as student_t

from alpt_ref.intervals import student
from alpt_ref.rng import normals
from alpt_ref.studies.comparison.decisions import beyond, equivalence, holm, two_sided
from alpt_ref.studies.comparison.hypotheses import decide, pairs
from tests.marks import once

MARGIN = 1e-3
BITS = (8, 4, 2)
tests_of = {"two_sided": two_sided, "equivalence": lambda d: equivalence(d, 0.1), "beyond": lambda d: beyond(d, 0.1)}
samples = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=8)
p_values = st.lists(st.integers(0, 1000).map(lambda k: k / 1000), max_size=8)


def statistic(d, mean):
    """Student's t of ``mean``, and its degrees of freedom."""
    n = len(d)
    centre = math.fsum(d) / n
    variance = math.fsum((x - centre) ** 2 for x in d) / (n - 1)
    return (centre - mean) / math.sqrt(variance / n), n - 1


def naive(d, margin):
    """p-values of two_sided, equivalence and beyond, each tail by its formula."""
    (zero, df), (low, _), (high, _) = (statistic(d, mean) for mean in (0.0, -margin, margin))
    above, below = student_t.sf, student_t.cdf
    return (
        2 * above(abs(zero), df),
        max(above(low, df), below(high, df)),  # "mean <= -margin" and "mean >= margin" must both be rejected
        min(1.0, 2 * min(above(high, df), below(low, df))),
    )


def test_by_hand():
    """Two degrees of freedom: F(t) = 1/2 + t / (2 sqrt(2 + t^2)). Of (1, 2, 3), t = sqrt(3) (2 - mean)."""

    def tail(t):
        return 0.5 - t / (2 * math.sqrt(2 + t * t))

    d, root = [1.0, 2.0, 3.0], math.sqrt(3)
    assert two_sided(d) == pytest.approx(2 * tail(2 * root), rel=1e-12)
    assert two_sided(np.negative(d)) == two_sided(d)
    assert equivalence(d, 5.0) == pytest.approx(tail(3 * root), rel=1e-12)
    assert equivalence(d, 1.0) == pytest.approx(tail(-root), rel=1e-12)
    assert beyond(d, 1.0) == pytest.approx(2 * tail(root), rel=1e-12)
    assert beyond(np.negative(d), 1.0) == pytest.approx(2 * tail(root), rel=1e-12)
    assert beyond(d, 5.0) == 1.0


@given(samples, st.floats(0, 1))
def test_against_students_formulas(d, margin):
    assume(np.ptp(d) > 1e-5)
    found = two_sided(d), equivalence(d, margin), beyond(d, margin)
    assert found == pytest.approx(naive(d, margin), rel=1e-7, abs=1e-300)
    assert all(0 <= p <= 1 for p in found)
    assert max(found[1:]) > 0.5  # what speaks for both speaks for neither


@given(samples, st.floats(0, 1), st.sampled_from([0.01, 0.05, 0.2]))
def test_equivalent_where_an_interval_lies_within_the_margin(d, margin, alpha):
    """TOST at alpha is the two-sided interval of 1 - 2 alpha; ``beyond`` and ``two_sided`` that of 1 - alpha."""
    assume(np.ptp(d) > 1e-5)
    mean, half = student(d, 1 - 2 * alpha)
    assert half is not None
    inside, off = abs(mean) + half - margin, abs(mean) - student(d, 1 - alpha).half
    assume(abs(inside) > 1e-9 and abs(off) > 1e-9 and abs(off - margin) > 1e-9)
    assert (equivalence(d, margin) <= alpha) == (inside < 0)
    assert (two_sided(d) <= alpha) == (off > 0)
    assert (beyond(d, margin) <= alpha) == (off > margin)


@pytest.mark.parametrize("test", tests_of.values(), ids=tests_of)
@pytest.mark.parametrize(
    "d",
    [
        [0.05],
        [],
        [0.0, math.nan, 0.01],
        [0.0, math.inf, 0.01],
        [0.0, 0.0, 0.0],
        [0.05, 0.05],
        [-7.0, -7.0, -7.0],
        [0.8 - 0.7, 0.7 - 0.6, 0.9 - 0.8],  # three times 0.1, but for round-off
    ],
)
def test_without_spread_there_is_no_test(test, d):
    assert test(d) == 1.0


def test_little_spread_is_spread():
    assert two_sided([1.0, 1.0 + 1e-9]) < 1e-8
    assert equivalence([1e-9, 2e-9, -1e-9], 0.1) < 1e-12


@once
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_levels(side):
    """5 normal differences, 800 times, where the hypothesis only just holds: rejected at its level (standard error 0.008).

    ``beyond`` rejects on one side only, at alpha / 2.
    """
    alpha, margin = 0.05, 10.0
    d = normals(4000, seed=3, stream=6).astype(np.float64).reshape(800, 5)
    rates = [
        np.mean([two_sided(x) <= alpha for x in d]),
        np.mean([equivalence(x + side * margin, margin) <= alpha for x in d]),
        np.mean([beyond(x + side * margin, margin) <= alpha for x in d]),
    ]
    assert rates == pytest.approx([alpha, alpha, alpha / 2], abs=0.018)
    assert all(equivalence(x, margin) <= alpha < beyond(x, margin) for x in d[:50])
    assert all(beyond(x + side * 2 * margin, margin) <= alpha < equivalence(x + side * 2 * margin, margin) for x in d[:50])


def step_down(p, alpha):
    """Holm 1979, as he wrote it: which hypotheses are rejected at ``alpha``."""
    rejected = [False] * len(p)
    for done, i in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[i] * (len(p) - done) > alpha:
            break
        rejected[i] = True
    return rejected


@given(p_values, st.integers(0, 1000))
def test_holm_rejects_what_the_step_down_does(p, k):
    alpha = (k + 0.3) / 1000  # equal to no multiple of a p-value
    assert [value <= alpha for value in holm(p)] == step_down(p, alpha)


@given(p_values, st.randoms(use_true_random=False))
def test_holm_is_monotone_and_knows_no_order(p, random):
    adjusted = holm(p)
    assert all(raw <= value <= min(1.0, len(p) * raw) for raw, value in zip(p, adjusted, strict=True))
    assert all(a <= b for x, a in zip(p, adjusted, strict=True) for y, b in zip(p, adjusted, strict=True) if x <= y)
    order = list(range(len(p)))
    random.shuffle(order)
    assert holm([p[i] for i in order]) == [adjusted[i] for i in order]


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.04, 0.02]) == pytest.approx([0.04, 0.04])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def noise(scale, n=5, seed=0):
    """Differences of mean 0 and standard deviation about ``scale``."""
    d = normals(n, seed=seed, stream=6).astype(np.float64)
    return scale * (d - d.mean())


def of_differences(differences, bits=BITS):
    """Values whose paired differences are those given by (claim, bits), and all others a hundredth of noise."""
    n = len(next(iter(differences.values())))
    out = {("fp32", 0): 0.8 + noise(0.01, n, 1)}
    for i, b in enumerate(bits):
        sr = out["lpt-sr", b] = 0.75 + noise(0.01, n, 10 + i)
        out["lpt-dr", b] = sr - differences.get(("C2", b), noise(0.01, n, 20 + i))
        out["alpt-sr", b] = sr + differences.get(("C3", b), noise(0.01, n, 30 + i))
        if b == 8:
            out["alpt-sr", b] = out["fp32", 0] + differences.get(("C4", b), noise(0.01, n, 40 + i))
    return out


def verdicts(values, bits=BITS):
    return {(r["claim"], r["this"][1]): r["verdict"] for r in decide(values, bits, MARGIN, 0.95)}


def test_the_family():
    assert pairs(BITS) == [
        ("C2", ("lpt-sr", 8), ("lpt-dr", 8)),
        ("C2", ("lpt-sr", 4), ("lpt-dr", 4)),
        ("C2", ("lpt-sr", 2), ("lpt-dr", 2)),
        ("C3", ("alpt-sr", 4), ("lpt-sr", 4)),
        ("C3", ("alpt-sr", 2), ("lpt-sr", 2)),
        ("C4", ("alpt-sr", 8), ("fp32", 0)),
        ("C3", ("alpt-sr-f", 4), ("lpt-sr-f", 4)),
        ("C3", ("alpt-sr-f", 2), ("lpt-sr-f", 2)),
        ("C4", ("alpt-sr-f", 8), ("fp32", 0)),
    ]
    assert pairs((16, 3)) == [("C2", ("lpt-sr", 16), ("lpt-dr", 16)), ("C2", ("lpt-sr", 3), ("lpt-dr", 3))]


@pytest.mark.parametrize(("mean", "verdict"), [(0.01, "holds"), (-0.01, "fails"), (0.0, "undecided")])
@pytest.mark.parametrize("claim", [("C2", 8), ("C2", 4), ("C2", 2), ("C3", 4), ("C3", 2)])
def test_a_difference_is_decided_by_its_sign(claim, mean, verdict):
    found = verdicts(of_differences({claim: mean + noise(1e-4, seed=5)}))
    assert found.pop(claim) == verdict
    assert set(found.values()) == {"undecided"}
    assert len(found) == 5


@pytest.mark.parametrize(
    ("d", "verdict"),
    [
        (noise(1e-4), "holds"),
        (-5e-4 + noise(1e-5), "holds"),
        (-0.01 + noise(1e-4), "fails"),
        (0.01 + noise(1e-4), "fails"),
        (noise(5e-3), "undecided"),
        (MARGIN + noise(1e-4), "undecided"),
        (-MARGIN + noise(1e-4), "undecided"),
    ],
)
def test_eight_bits_are_equivalent_within_the_margin_or_apart(d, verdict):
    assert verdicts(of_differences({("C4", 8): d}))["C4", 8] == verdict


def test_records_are_means_intervals_and_holms_p():
    values = of_differences({("C2", 4): 0.02 + noise(0.004, seed=7), ("C3", 2): 3e-3 + noise(2e-3), ("C4", 8): noise(2e-4)})
    records = decide(values, BITS, MARGIN, 0.9)
    assert [(r["claim"], tuple(r["this"]), tuple(r["that"])) for r in records] == pairs(BITS)[:6]
    raw = []
    for record in records:
        d = (values[tuple(record["this"])] - values[tuple(record["that"])]).tolist()
        zero, same, apart = naive(d, MARGIN)
        raw.append(min(same, apart) if record["claim"] == "C4" else zero)
        spread = math.sqrt(np.var(d, ddof=1) / 5)
        assert record["mean"] == pytest.approx(np.mean(d), abs=1e-15)
        assert record["half"] == pytest.approx(student_t.ppf(1 - 0.1 / 12, 4) * spread, rel=1e-9)
    assert [r["p"] for r in records] == pytest.approx(holm(raw), rel=1e-9)
    for record, adjusted in zip(records, holm(raw), strict=True):
        assert (record["verdict"] == "undecided") == (adjusted > 0.1)


def test_the_family_is_what_was_run():
    """p = 0.03 decides alone, and not beside another test."""
    base = noise(1.0, seed=9)
    d = 1e-2 * (base / base.std(ddof=1) + student_t.ppf(1 - 0.015, 4) / math.sqrt(5))
    assert two_sided(d) == pytest.approx(0.03)
    values = of_differences({("C2", 4): d})
    alone = {kind: values[kind] for kind in (("lpt-sr", 4), ("lpt-dr", 4))}
    (record,) = decide(alone, BITS, MARGIN, 0.95)
    assert (record["claim"], record["verdict"]) == ("C2", "holds")
    assert record["p"] == pytest.approx(0.03)
    assert record["half"] == pytest.approx(student(d, 0.95).half)
    assert verdicts(alone | {("alpt-sr", 4): values["alpt-sr", 4]}) == {("C2", 4): "undecided", ("C3", 4): "undecided"}
    without = {kind: value for kind, value in values.items() if kind[0] != "fp32"}
    assert {claim for claim, _ in verdicts(without)} == {"C2", "C3"}
    assert verdicts({("fp32", 0): base}) == {}
    assert decide(alone, (8, 2), MARGIN, 0.95) == []


def test_one_seed_or_a_fit_that_diverged_decides_nothing():
    single = decide(of_differences({("C2", 4): np.array([0.1])}), BITS, MARGIN, 0.95)
    assert [(r["verdict"], r["p"], r["half"]) for r in single] == [("undecided", 1.0, None)] * 6
    assert single[1]["mean"] == pytest.approx(0.1)
    values = of_differences({("C2", 4): 0.01 + noise(1e-4), ("C2", 2): 0.01 + noise(1e-4)})
    values["lpt-dr", 4][3] = np.nan
    values["fp32", 0][0] = np.nan
    records = {(r["claim"], r["this"][1]): r for r in decide(values, BITS, MARGIN, 0.95)}
    for claim in (("C2", 4), ("C4", 8)):
        assert [records[claim][name] for name in ("mean", "half", "p", "verdict")] == [None, None, 1.0, "undecided"]
    assert records["C2", 2]["verdict"] == "holds"
