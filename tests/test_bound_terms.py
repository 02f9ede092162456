"""Every term of every upper bound of T1 to T7 is needed: some row is violated without it, and most with half of it.

The terms are written here once more, and must add up to the bound. The mutants are listed in the closing summary.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from alpt_ref.theory import Claim, Measured, Setting, registry
from alpt_ref.theory.claim import Draw
from alpt_ref.theory.verdict import judge
from alpt_ref.walks.schedule import Schedule

pytestmark = pytest.mark.jit
CLAIMS: dict[str, Claim] = {claim.id: claim for claim in registry.all_claims()}
Terms = dict[str, float]


def t1(p: Any) -> Terms:
    root = math.sqrt(p.steps)
    if p.decays:
        first = {"transient": p.distance**2 / (2 * p.eta * root), "noise": p.eta * p.G**2 / root}
    else:
        first = {"transient": p.distance**2 / (2 * p.eta * p.steps), "noise": p.eta * p.G**2 / 2}
    return first | {"floor": p.delta * p.G1 / 2}


def t1_sharp(p: Any) -> Terms:
    return {"transient": p.D1**2 / (2 * p.eta * p.steps), "energy": p.delta**2 * p.energy / (2 * p.eta)}


def f1(p: Any) -> Terms:
    return {"transient": p.D1**2 / (2 * p.eta * p.steps), "energy": p.energy / (2 * p.eta)}


def t2(p: Any) -> Terms:
    rates = Schedule(p.eta, p.schedule).rates(p.steps)
    stuck = p.D * sum(min(p.G, math.sqrt(p.d) * p.delta / (2 * rate)) for rate in rates) / p.steps
    return {"transient": p.D1**2 / (2 * p.eta * p.steps), "noise": 2 * p.eta * p.G**2, "stuck": stuck}


def t3(p: Any) -> Terms:
    first = p.G**2 / (2 * p.mu * p.steps)
    return {"noise without ln T": first, "ln T": first * math.log(p.steps), "floor": p.delta * p.G1 / 2}


def t4(p: Any) -> Terms:
    return {
        "transient": (1 - p.eta * p.mu) ** (p.steps - 1) * p.first_gap,
        "floor": p.L**2 * p.delta**2 * p.d / (4 * p.mu),
        "eta sigma^2": p.L / (2 * p.mu) * p.eta * p.sigma**2,
        "Delta sigma": p.L / (2 * p.mu) * p.delta * p.d**0.5 * p.sigma,
    }


def t5(p: Any) -> Terms:
    return {"transient": p.first_gap / (p.eta * p.steps), "noise": p.L * p.eta * p.G**2 / 2, "floor": p.L * p.delta * p.G1 / 2}


def t6(p: Any) -> Terms:
    root = math.sqrt(p.steps)
    return {
        "transient": p.D**2 / (2 * p.eta * root),
        "noise": p.eta * p.G**2 / root,
        "floor": p.gradient,
        "drift": p.drift,
    }


def t7(p: Any, factor: float = 1.0) -> Terms:
    return {
        "transient": factor * p.D1**2 / (2 * p.eta * p.steps),
        "noise": factor * p.eta * p.G**2 / 2,
        "floor": factor**2 * p.L * p.d * p.delta**2 / 8,
    }


ARRIVES, DECAYS, FLIPS = "|w - c|, just arrived", "|w - 1/2|, 2 bits, eta/sqrt(t)", "|w - 2.5|, Delta flips 1 and 15/16"
WAY, FRO = "|w - c|, eta/sqrt(t), on the way", "|w - c|, eta/sqrt(t), to and fro"
# (claim, row): its terms, those that are seen when they are dropped and halved, and those that are seen when dropped
CASES: dict[tuple[str, str], tuple[Callable[[Any], Terms], tuple[str, ...], tuple[str, ...]]] = {
    ("T1", ARRIVES): (t1, ("transient",), ()),
    ("T1", "|w - c|, to and fro over 64 cells"): (t1, ("noise",), ()),
    ("T1", "|w - c|, c in a cell at w_1"): (t1, ("floor",), ()),
    ("T1", DECAYS): (t1, ("floor",), ()),
    ("T1", FRO): (t1, ("noise",), ()),
    ("T1", WAY): (t1, (), ("transient",)),
    ("T1#(a)", "24 |w_i - c_i|"): (t1_sharp, ("transient",), ()),
    ("T1#(a)", "|w - c|, c in a cell at w_1"): (t1_sharp, ("energy",), ()),
    ("F1(a)", "bfloat16: |w - 1.001|, long moves"): (f1, ("energy",), ()),
    ("F1(a)", "e4m3: |w - 0.3| from 0, out of subnormals"): (f1, (), ("transient",)),
    ("T2", ARRIVES): (t2, ("transient",), ()),
    ("T2", "|w - c|, to and fro over 128 cells"): (t2, (), ("noise",)),
    ("T2", "|w - hi| from lo, just stuck"): (t2, ("stuck",), ()),
    ("T3", "|w - c| + 0.1 (w - c)^2/2, 12 bits"): (t3, ("ln T",), ()),
    ("T3", "|w - 1/2| + 0.01 (w - 1/2)^2/2, 2 bits"): (t3, ("floor",), ()),
    ("T4", "(w - c)^2/2, one step"): (t4, ("transient",), ()),
    ("T4", "(w - c)^2/2, c half way"): (t4, (), ("floor",)),
    ("T4", "(w - c)^2/2, noise 0.3, fine"): (t4, ("eta sigma^2",), ()),
    ("T4", "(w - c)^2/2, noise 0.5, small steps"): (t4, (), ("Delta sigma",)),
    ("T5", "(w - c)^2/2, going down"): (t5, ("transient",), ()),
    ("T5", "(w - c)^2/2, noise 1.2, large steps"): (t5, ("noise",), ()),
    ("T5", "(w - c)^2/2, noise 1.2, small steps"): (t5, ("floor",), ()),
    ("T6(b)", DECAYS): (t6, ("floor",), ()),
    ("T6(b)", FRO): (t6, ("noise",), ()),
    ("T6(b)", WAY): (t6, (), ("transient",)),
    ("T6(b)", FLIPS): (t6, (), ("drift",)),
    ("T7(a)", "huber, on the way"): (t7, ("transient",), ()),
    ("T7(a)", "huber, to and fro"): (t7, ("noise",), ()),
    ("T7(a)", "(w - c)^2/2, stuck half a step from c"): (t7, ("floor",), ()),
    ("T7(b)", "huber, on the way"): (lambda p: t7(p, 2.0), (), ("transient",)),
    ("T7(b)", "huber, to and fro"): (lambda p: t7(p, 2.0), (), ("noise",)),
    ("T7(b)", "(w - c)^2/2, c half way"): (lambda p: t7(p, 2.0), (), ("floor",)),
}
# Half of these is enough on every row that is known: the proofs pay them twice or more.
HALVES = {
    ("T1, eta/sqrt(t)", "transient"): "1/eta_t grows while the distance does not stay D",
    ("T2", "noise"): "three squares of eta G are bounded one by one, of which a walk pays a quarter",
    ("T3", "noise without ln T"): "dropped or halved: it is 1 of 1 + ln T",
    ("T4", "floor"): "two points of a parabola pay half: 2 eta L^2 Delta^2 d/8 of an arithmetic-geometric mean",
    ("T4", "Delta sigma"): "the same half: a gap of Delta sigma/4",
    ("T6(b)", "transient"): "as T1",
    ("T6(b)", "drift"): "a(1 - a) is at most half of min(a, 1 - a) where most fractions lie",
    ("T7(b)", "all"): "(x + y)^2 <= 2 x^2 + 2 y^2: masters at 0.9999 of their bound are deployed at half of theirs",
}


# (claim, row): parameters of its bound that are wrong, and seen to be: powers of G, and d, G1, L where others are 1
WRONG: dict[tuple[str, str], dict[str, Callable[[Any], float]]] = {
    ("T1", "4 |w - c|, to and fro over 64 cells"): {"G": lambda p: math.sqrt(p.G)},
    ("T1", "9 |w_i - c_i|, c in a cell at w_1"): {"G1": lambda p: p.G},
    ("T1", "4 |w - c|, eta/sqrt(t), to and fro"): {"G": lambda p: math.sqrt(p.G)},
    ("T2", "9 |w_i - hi| from lo, just stuck"): {"d": lambda p: 1},
    ("T3", "4 |w - c| + 0.4 (w - c)^2/2, 12 bits"): {"G": lambda p: math.sqrt(p.G)},
    ("T3", "4 |w_i - 1/2| + 0.01 (w_i - 1/2)^2/2, 2 bits"): {"G1": lambda p: p.G},
    ("T4", "|w - c|^2/2, d = 3, c half way"): {"d": lambda p: 1},
    ("T4", "4 (w - c)^2/2, noise 4.8, fine"): {"sigma": lambda p: math.sqrt(p.sigma)},
    ("T5", "8 (w - c)^2/2, noise 9.6, small steps"): {"L": lambda p: 1.0},
    ("T5", "|w - c|^2/2, d = 2, noise 1.2, small steps"): {"G1": lambda p: p.G},
    ("T6(b)", "4 |w - c|, eta/sqrt(t), to and fro"): {"G": lambda p: math.sqrt(p.G)},
    ("T7(a)", "|w - c|^2/2, d = 3, half a step from c"): {"d": lambda p: 1},
    ("T7(b)", "|w - c|^2/2, d = 5, c half way"): {"d": lambda p: 1},
}


@cache
def measured(claim: str, row: str) -> tuple[Measured, Any]:
    instance = next(i for i in CLAIMS[claim].instances(Setting()) if i.name == row)
    found = instance.measure(Draw(1e-8, None, 1, CLAIMS[claim]))
    assert all(check.holds for check in found.checks)
    return found, found.params or instance.params


@pytest.mark.parametrize(("claim", "row"), CASES, ids=lambda part: str(part).replace(" ", "-"))
def test_no_term_is_idle(claim, row, record_property):
    terms_of, halved, dropped = CASES[claim, row]
    found, p = measured(claim, row)
    terms = terms_of(p)
    bound = CLAIMS[claim].bound(p)
    assert sum(terms.values()) == pytest.approx(bound, rel=1e-9)
    assert judge("upper", found.value, found.half, bound) == "holds"
    for term in (*halved, *dropped):
        for what, factor in (("left out", 1.0), ("halved", 0.5)):
            if what == "left out" or term in halved:
                verdict = judge("upper", found.value, found.half, bound - factor * terms[term])
                record_property("mutant", f"{claim:<8}{f'{term} {what}: {row}':<56.56}{verdict}")
                assert verdict == "violated", (term, what)


@pytest.mark.parametrize(("claim", "row"), WRONG, ids=lambda part: str(part).replace(" ", "-"))
def test_no_power_and_no_dimension_is_idle(claim, row, record_property):
    found, p = measured(claim, row)
    assert judge("upper", found.value, found.half, CLAIMS[claim].bound(p)) == "holds"
    wrong = CLAIMS[claim].bound(replace(p, **{name: other(p) for name, other in WRONG[claim, row].items()}))
    verdict = judge("upper", found.value, found.half, wrong)
    record_property("mutant", f"{claim:<8}{f'another {next(iter(WRONG[claim, row]))}: {row}':<56.56}{verdict}")
    assert verdict == "violated", (found.value, wrong, CLAIMS[claim].bound(p), p)


def test_every_term_has_a_row():
    for claim in {claim for claim, _ in CASES}:
        rows = [CASES[key] for key in CASES if key[0] == claim]
        names = set(rows[0][0](measured(claim, next(row for c, row in CASES if c == claim))[1]))
        seen = {term for _, halved, dropped in rows for term in (*halved, *dropped)}
        assert names - seen <= {term for c, term in HALVES if c == claim}, claim
