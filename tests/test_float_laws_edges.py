"""Laws on formats where they are easily wrong: no subnormals, targets just outside of the box, chances that are differences."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from alpt_ref.formats import format_of
from alpt_ref.formats import points as pt
from alpt_ref.formats.reference import rounded
from alpt_ref.grid import Grid
from alpt_ref.theory.f1_energy import _widest
from alpt_ref.theory.f2 import _answers
from alpt_ref.walks.exact import exact_law
from alpt_ref.walks.rule import BUILT_IN, NEAREST, Rule
from alpt_ref.walks.stationary import stationary_law, transition_matrix
from alpt_ref.walks.transition import transitions
from alpt_ref.walks.window import Window, states_on
from tests.formats import KINDS
from tests.marks import once

FLUSHED = [kind for kind in KINDS if not kind.subnormals]


@dataclass
class Steps:
    """An oracle of outcomes that are functions of w."""

    outcomes: Any
    probabilities: Any
    d: int = 1

    def gradients(self, w):
        return np.stack([outcome(w) for outcome in self.outcomes])


@once
@pytest.mark.parametrize("kind", FLUSHED, ids=lambda kind: kind.name)
def test_without_subnormals_targets_round_as_numbers_do(kind):
    """Middles of cells about 0, and places beside them: the parity of a mantissa is not that of the ordinal."""
    line = pt.values(kind, np.arange(-9, 10))
    states, base = states_on(Window(kind, line[0], line[-1])), np.arange(-9, 9)
    gap = np.diff(line)
    for name, rule in BUILT_IN.items():
        if name == "stochastic":
            continue
        for part in (0.25, 0.5, 0.75):
            step = transitions(base[:, None].astype(float), (part * gap)[None, :, None], states, rule)
            got = line[step.target[1]] * step.chance[1] + line[step.target[0]] * step.chance[0]
            expected = [rounded(float(x), kind, name) for x in line[:-1] + part * gap]
            assert np.array_equal(got, pt.decode(kind, expected)), (name, part)


@once
def test_a_rule_is_told_the_parity_of_the_mantissa():
    """The floors of numbers, all odd mantissas of which are odd, too; in order."""
    kind = FLUSHED[0]
    told = []
    heard = Rule("heard", lambda q, a: told.append(q.copy()) or a)
    whole = states_on(kind)
    transitions(whole.ordinals[:, None], np.zeros((1, whole.size, 1)), whole, heard)
    codes = pt.encode(kind, whole.points)
    same = np.abs(whole.ordinals) != 1.0
    assert np.array_equal(told[0][same] % 2, codes[same] % 2)
    assert (np.diff(told[0]) > 0).all()


@once
def test_f1_and_f2_need_subnormals():
    kind = FLUSHED[0]
    assert _widest("", kind).measure(None).value == 1.0 > 2.0**-kind.mantissa_bits
    assert _answers("", kind, NEAREST).measure(None).value > 0


@once
@pytest.mark.parametrize("grid", [Window("bfloat16", 1.0, 2.0), Grid(4, 0.25)], ids=["bfloat16", "uniform"])
def test_a_target_a_trifle_outside_is_clipped_in_the_long_run_as_well(grid):
    """w - eta g is the upper end in float64, and beyond it."""
    top = states_on(grid).values(states_on(grid).ordinals)[-1]
    outwards = Steps([lambda w: -np.ones_like(w)], np.ones(1))
    law = stationary_law(outwards, grid, eta=1e-20, start=top)
    assert law.clipped == law.clip_gradient[0] == exact_law(outwards, grid, eta=1e-20, steps=1, start=top).clipped[0] == 1.0


def exact_matrix(oracle, line, eta):
    """The matrix of SR in rational numbers, between points ``line``, d coordinates in C order."""
    numbers, d = [Fraction(float(x)) for x in line], oracle.d
    places = list(product(range(len(numbers)), repeat=d))
    g = oracle.gradients(np.array([[line[k] for k in at] for at in places]))
    P = [[Fraction(0)] * len(places) for _ in places]
    for j, i in product(range(len(g)), range(len(places))):
        ways = []
        for c, k in enumerate(places[i]):
            x = min(max(numbers[k] - Fraction(eta) * Fraction(float(g[j, i, c])), numbers[0]), numbers[-1])
            below = max(m for m, v in enumerate(numbers) if v <= x)
            above = min(below + 1, len(numbers) - 1)
            a = (x - numbers[below]) / (numbers[above] - numbers[below]) if above > below else Fraction(0)
            ways.append([(below, 1 - a), (above, a)])
        for way in product(*ways):
            chance = Fraction(float(oracle.probabilities[j]))
            for _, p in way:
                chance *= p
            P[i][places.index(tuple(k for k, _ in way))] += chance
    return P


def exact_stationary(P):
    """GTH in rational numbers."""
    A, n = [row[:] for row in P], len(P)
    for k in range(n - 1, 0, -1):
        total = sum(A[k][:k])
        for i in range(k):
            A[i][k] /= total
            for j in range(k):
                A[i][j] += A[i][k] * A[k][j]
    pi = [Fraction(1)]
    for k in range(1, n):
        pi.append(sum(pi[i] * A[i][k] for i in range(k)))
    return [p / sum(pi) for p in pi]


def off(law, P):
    """The largest relative error of the law's probabilities."""
    pairs = zip(law.probability.tolist(), exact_stationary(P), strict=True)
    return max(float(abs(Fraction(got) / pi - 1)) for got, pi in pairs)


@once
def test_the_error_knows_a_move_that_just_passes_a_power_of_two():
    """Up from 1 - 2^-8 by 2^-8 (1 + 2^-44): the chance of going on to 1 + 2^-7 is known to 10 bits, and so is its law."""
    window, eta = Window("bfloat16", 1 - 2**-8, 1 + 2**-7), 0.1
    g = 2.0**-8 / eta * (1 + 2.0**-44)
    down = Steps(
        [lambda w: np.where(w < 1, -g, g / 2), lambda w: np.where(w < 1, 0.0, np.where(w > 1, g, g / 2))], np.full(2, 0.5)
    )
    law = stationary_law(down, window, eta=eta, start=1 - 2.0**-8)
    assert 1e-4 < off(law, exact_matrix(down, window.points, eta)) <= law.error


@once
def test_the_error_knows_a_coordinate_that_hardly_stays():
    """One coordinate moves, and the other keeps its place, with a chance of 2^-45 that is known to 10 bits."""
    grid, eta = Grid(2, 1.0), 0.1
    g = (1 - 2.0**-44) / eta
    both = Steps([lambda w: np.full(w.shape, -g), lambda w: np.full(w.shape, g)], np.full(2, 0.5), 2)
    P, line = transition_matrix(both, grid, "stochastic", eta=eta).toarray(), states_on(grid).ordinals
    exact = exact_matrix(both, line, eta)
    moved_one = Fraction(float(P[5, 9])) / exact[5][9] - 1  # from (-1, -1) to (0, -1)
    assert abs(moved_one) > 1e-4
    law = stationary_law(both, grid, eta=eta, start=(-1.0, -1.0))
    assert max(1e-4, off(law, exact)) <= law.error
    short = stationary_law(both, grid, eta=0.03, start=(-1.0, -1.0))
    assert off(short, exact_matrix(both, line, 0.03)) <= short.error < 1e-10


@once
@pytest.mark.parametrize(
    ("name", "lo", "hi"), [("float4_e2m1fn", -6, 6), ("float6_e2m3fn", -0.5, 1.5), ("float6_e3m2fn", 1, 28)]
)
@pytest.mark.parametrize("eta", [0.03, 0.7])
def test_stationary_laws_are_those_of_rational_numbers(name, lo, hi, eta):
    window = Window(format_of(name), lo, hi)
    pulled = Steps(
        [lambda w: w - 0.7, lambda w: np.sin(5 * w) + 0.2 * w, lambda w: -0.3 - w**2 / 9], np.array([0.5, 0.25, 0.25])
    )
    law = stationary_law(pulled, window, eta=eta, start=window.lo)
    some = law.probability > 0
    P = exact_matrix(pulled, window.points, eta)
    inside = np.flatnonzero(some).tolist()
    closed = [[P[i][j] for j in inside] for i in inside]
    got = law.probability[some].tolist()
    assert max(float(abs(Fraction(p) / pi - 1)) for p, pi in zip(got, exact_stationary(closed), strict=True)) <= law.error
