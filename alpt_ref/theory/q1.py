"""Q1: grid points are fixed.  (exact)

Q(x) = x for every point x of the grid, every rounding rule and every u; and a training step with gradient 0 keeps the code.

*Proof.* The fraction a is 0, and no rule rounds up then: u < 0 is never true. []

In floating point two designs break this, and are rows of the table that must be violated: floor(s + u) in float32; and float32
storage of w, for fl(fl(Delta q)/Delta) is not q for about 11 % of the pairs (Delta, q) at 8 bits. So a training step acts on
the code, s = q - (eta_t/Delta) g_t, which is q when g_t = 0, and ``quantize`` recognizes stored grid points. Consequence: u
being a function of (row, coordinate, step), a dense LPT step equals the sparse one that touches only rows with a gradient.

Source: this project's statement, a property of rounding on codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy import float32

from alpt_ref.grid import Grid
from alpt_ref.quantizer import dequantize, quantize
from alpt_ref.rng import Stream, uniforms
from alpt_ref.scalars.rounding import FLOAT32, FLOAT64, ROUNDINGS, mover
from alpt_ref.theory.claim import VIOLATED, Claim, Draw, Instance, Measured, Setting
from alpt_ref.walks.rule import Rule

UNIFORMS = (0.0, 2.0**-24, 0.25, 0.5, 1.0 - 2.0**-24)
DELTAS = (0.012356101, 0.1, 0.05, 1.0 / 3.0, 2.0**-7, 1e-20, 3e7)


@dataclass(frozen=True)
class Params:
    """The bit widths and the number of cases that are enumerated."""

    bits: str
    cases: int


def _quantize(widths: Sequence[int]) -> Measured:
    moved, where = 0, ""
    for bits in widths:
        for delta in DELTAS:
            grid = Grid(bits, delta)
            q = np.arange(grid.q_lo, grid.q_hi + 1)
            x = dequantize(q, grid)
            for rounding in ROUNDINGS:
                for u in UNIFORMS if rounding == "stochastic" else UNIFORMS[:1]:
                    given = np.full(x.shape, u, float32) if rounding == "stochastic" else None
                    bad = quantize(x, grid, rounding, u=given) != q
                    if bad.any() and not where:
                        where = f"{grid}, q = {q[np.argmax(bad)]}, {rounding}, u = {u!r}"
                    moved += int(bad.sum())
    return Measured(moved, note=where)


def _steps(draw: Draw) -> Measured:
    moved = 0
    for rules, real in ((FLOAT32, float32), (FLOAT64, np.float64)):
        for rounding in ROUNDINGS:
            for q in range(-8, 8):
                for u in UNIFORMS:
                    v = rules.wrap(real(u))
                    code = mover(rules, rounding)(real(q), real(0), v, real(-8), real(7))
                    moved += int(code != q)
    return Measured(moved)


def _table(rule: Rule) -> Measured:
    q = np.arange(-(2.0**15), 2.0**15)
    up = rule.up(q, np.zeros(q.size))
    at = f"p_up({q[np.argmax(up > 0)]:g}, 0) = {up.max():g}" if (up > 0).any() else ""
    return Measured(int((up > 0).sum()), note=at)


def _floor_of_sum(draw: Draw) -> Measured:
    """floor(x/Delta + u) on 2^22 pairs of grid points and 24-bit uniforms, in float32."""
    n, delta = 2**22, float32(0.0123)
    q = (np.arange(n) % 256 - 128).astype(float32)
    u = uniforms(n, seed=1, stream=Stream.QUANTIZE)
    moved = np.floor(q * delta / delta + u) != q
    i = int(np.argmax(moved))
    return Measured(int(moved.sum()), note=f"Delta = float32(0.0123), q = {q[i]:g}, u = 1 - {1.0 - float(u[i]):.3g}: moves")


def _float_storage(draw: Draw) -> Measured:
    """fl(fl(Delta q)/Delta) against q, 8 bits, 2000 step sizes."""
    q = np.arange(-128, 128).astype(float32)
    deltas = (0.002 + 0.02 * uniforms(2000, seed=2, stream=Stream.DATA)).astype(float32)
    moved = (q * deltas[:, None]) / deltas[:, None] != q
    s = float(float32(-3) * float32(0.012356101) / float32(0.012356101))
    return Measured(
        int(moved.sum()), note=f"{moved.mean():.0%} of all pairs; Delta = float32(0.012356101), q = -3: s = {s:.8g}"
    )


def _instances(setting: Setting) -> list[Instance]:
    if setting.rule is not None:
        rule = setting.rule
        return [Instance("p_up(q, 0) of 16 bits", Params("16", 2**16), lambda draw: _table(rule))]
    widths = (*range(2, 9), 10, 16) if setting.full else range(2, 9)
    shown, cases = ", ".join(map(str, widths)), 7 * 8 * sum(2**bits for bits in widths)
    return [
        Instance("quantize, every rule, code and 5 u", Params(shown, cases), lambda draw: _quantize(widths)),
        Instance("a step with g = 0", Params("4", 2 * 4 * 16 * 5), _steps),
        Instance("control: floor(x/Delta + u), float32", Params("8", 2**22), _floor_of_sum, expected=VIOLATED),
        Instance("control: w stored as float32", Params("8", 2000 * 256), _float_storage, expected=VIOLATED),
    ]


CLAIM = Claim(
    "Q1",
    "Grid points are fixed, by every rule and for every u: codes moved",
    "exact",
    lambda p: 0.0,
    _instances,
    rule="any",
)
CLAIMS = (CLAIM,)
