"""Q2: stochastic rounding is unbiased, and k random bits bias it by a known amount.  (exact, upper)

(a) E_u Q_S(x) = P(x). With u on the lattice 2^-k Z the bias is exactly (ceil(2^k a)/2^k - a) Delta, a = frac(P(x)/Delta).
(b) That bias lies in [0, 2^-k Delta).

*Proof.* Up when u < a: a uniform of [0, 1) is below a with probability a; of the lattice points j 2^-k, those with j < 2^k a
are, ceil(2^k a) of 2^k. []

float32 division adds a relative error 2^-24 on s; a training step, which acts on codes, has none.

Source: this project's statement.
"""

from dataclasses import dataclass

import numpy as np

from alpt_ref.grid import Grid
from alpt_ref.quantizer import quantize
from alpt_ref.theory.claim import HOLDS, VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.verdict import UNBIASED
from alpt_ref.walks.asked import described, enumerated
from alpt_ref.walks.rule import FLOOR, NEAREST, STOCHASTIC, TOWARD_ZERO, Rule, random_bits

FRACTIONS = np.unique(np.concatenate((np.arange(257) / 257.0, np.arange(64) / 64.0, 2.0 ** -np.arange(1.0, 20.0))))


@dataclass(frozen=True)
class Params:
    """k random bits; None: exact uniforms."""

    k: int | None


def lattice_bias(k: int) -> np.ndarray:
    """The formula of (a), in cells, at FRACTIONS."""
    return random_bits(k).up(np.zeros(FRACTIONS.size), FRACTIONS) - FRACTIONS


def _enumerated(k: int) -> np.ndarray:
    """The mean code of ``quantize`` over all 2^k uniforms, minus the target: codes -2 and 1 as floors, Delta = 1."""
    grid, u = Grid(4, 1.0), np.arange(2**k) / 2.0**k
    out = []
    for below in (-2.0, 1.0):
        x = np.repeat(below + FRACTIONS, u.size)
        codes = quantize(x, grid, "stochastic", u=np.tile(u, FRACTIONS.size))
        out.append(codes.reshape(-1, u.size).mean(axis=1) - (below + FRACTIONS))
    return np.array(out)


def _lattice(k: int) -> Instance:
    def measure(draw: Draw) -> Measured:
        # x = below + a rounds a to a multiple of 2^-51: nothing that 2^-k can see, save where a 2^k is an integer, then exact.
        return Measured(float(np.abs(_enumerated(k) - lattice_bias(k)).max()))

    return Instance(f"quantize, all uniforms of {k} bits", Params(k), measure)


def _table(rule: Rule, expected: str = HOLDS, control: str = "") -> Instance:
    """|p_up - a| of a table, enumerated."""

    def measure(draw: Draw) -> Measured:
        asked = enumerated(rule)
        return Measured(asked.bias, note=f"{asked.pairs} pairs: {described()}")

    return Instance(f"{control}p_up of {rule.name}, all codes", Params(None), measure, expected=expected)


def _exact(setting: Setting) -> list[Instance]:
    if setting.rule is not None:
        return [_table(setting.rule)]
    controls = [_table(rule, VIOLATED, "control: ") for rule in (NEAREST, TOWARD_ZERO, FLOOR, random_bits(5))]
    return [_table(STOCHASTIC), *(_lattice(k) for k in (1, 2, 5, 8, 10)), *controls]


def _upper(setting: Setting) -> list[Instance]:
    def measure(k: int) -> Instance:
        values = _enumerated(k)

        def look(draw: Draw) -> Measured:
            return Measured(float(values.max()) if values.min() >= -1e-12 else float("inf"), 1e-12)

        return Instance(f"quantize, all uniforms of {k} bits", Params(k), look)

    return [measure(k) for k in (1, 5, 10)]


CLAIMS = (
    Claim(
        "Q2(a)",
        "SR is unbiased; with k random bits its bias is (ceil(2^k a)/2^k - a) Delta: largest difference, in cells",
        "exact",
        lambda p: 0.0,
        _exact,
        tolerance=lambda p: UNBIASED if p.k is None else 1e-12,
        rule="unbiased",
    ),
    Claim("Q2(b)", "SR(k): the bias is in [0, 2^-k Delta): the largest, in cells", "upper", lambda p: 2.0**-p.k, _upper),
)
