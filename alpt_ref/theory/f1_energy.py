r"""F1(b), (c), (d): the energy identity step by step and at stationarity; the gaps of a format.  (exact)

Statement, proof and notation: ``f1``.

Source: this project's statement.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from alpt_ref.formats import FORMATS, Format
from alpt_ref.grid import Grid
from alpt_ref.problems.finite import Floats, quadratic
from alpt_ref.theory.claim import NOT_APPLICABLE, VIOLATED, Check, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.f1 import walks
from alpt_ref.theory.on_points import FloatWalk, energy, gaps, noisy_absolute
from alpt_ref.theory.sampled import unclipped
from alpt_ref.theory.verdict import unbiased
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC
from alpt_ref.walks.stationary import stationary_law
from alpt_ref.walks.walk import ULP
from alpt_ref.walks.window import Window, states_on

Psi = Callable[[Floats], Floats]


@dataclass(frozen=True)
class EnergyParams:
    """(b): scale, the largest of the terms, which differences are relative to."""

    steps: int
    eta: float
    scale: float = math.nan


def _inner(walk: FloatWalk) -> Psi:
    return lambda w: np.asarray((walk.problem.mean_gradient(w) * (w - walk.problem.w_star)).sum(axis=1))


def _identity(name: str, walk: FloatWalk, paid: Callable[[FloatWalk], Psi] = energy) -> Instance:
    """The largest difference of the two sides of (b), summed up to t, over all t; ``paid`` : w -> what stands for Psi(w)."""
    before = EnergyParams(walk.steps, walk.eta)

    def squares(w: Floats) -> Floats:
        return np.asarray(((w - walk.problem.w_star) ** 2).sum(axis=1))

    def measure(draw: Draw) -> Measured:
        asked, inner = Asked(), _inner(walk)
        law = walk.law(asked.of(walk.rule), [squares, inner, paid(walk)])
        e, products, energies = law.expectations.T
        gained = np.cumsum(energies[:-1] - 2.0 * walk.eta * products[:-1])
        off = np.abs(e[1:] - e[0] - gained)
        scale = max(float(np.abs(gained).max()), e[0])
        most = float(squares(law.points).max()) + walk.steps * 2.0 * walk.eta * float(np.abs(inner(law.points)).max())
        half = law.error * most + walk.steps * ULP * scale
        return Measured(float(off.max()), half, (unclipped(law), unbiased(asked)), params=replace(before, scale=scale))

    return Instance(name, before, measure)


def _swapped(walk: FloatWalk) -> Psi:
    """The energy that a walk would pay if a move up had the gap below, and a move down the gap above."""
    line, below, above = gaps(walk.states)

    def at(w: Floats) -> Floats:
        g, here = walk.problem.gradients(w)[:, :, 0], np.searchsorted(line, w[:, 0])
        return np.asarray(walk.problem.probabilities @ (walk.eta * np.where(g > 0.0, above[here], below[here]) * np.abs(g)))

    return at


def _identities(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    known = walks(rule)
    del known["bfloat16: clicks at 70%"]  # which has a chance of being clipped
    clipped = known.pop("e4m3: |w - 1.9|, clipped at 2")
    short = known.pop("e4m3: |w - c| in one cell, short moves")
    joint = known["e2m3: quadratic, d = 2, cond 20"]
    known |= {
        "e4m3: |w - c| in one cell, short moves": replace(short, steps=500),
        "e2m3: quadratic, d = 2, cond 20": replace(joint, steps=12),
    }
    uniform = FloatWalk(quadratic(1.0, 0.31, 0.5), Grid(7, 2.0**-4), rule, 0.8, 40, -0.5)
    out = [_identity(name, walk) for name, walk in (known | {"uniform grid, updates of 8 cells": uniform}).items()]
    if setting.rule is None:
        noisy = FloatWalk(noisy_absolute(1.01, 0.5), Window("bfloat16", 0.5, 2.0), rule, 0.002, 100, 1.0)
        out.append(_identity("bfloat16: |w - 1.01|, noise 0.5, from 1", noisy))
        out.append(_identity("refuted: the same, the gap behind", noisy, _swapped).expecting(VIOLATED))
        out.append(_identity("control, nearest: the same", replace(noisy, rule=NEAREST)).expecting(VIOLATED))
        out.append(_identity("control: clipped at 2", clipped).expecting(NOT_APPLICABLE))
    return out


@dataclass(frozen=True)
class BalanceParams:
    """(c): half = E Psi(w)/(2 eta), of the law."""

    eta: float
    half: float = math.nan


def _balance(name: str, walk: FloatWalk) -> Instance:
    before = BalanceParams(walk.eta)

    def measure(draw: Draw) -> Measured:
        asked = Asked()
        law = stationary_law(walk.problem, walk.grid, asked.of(walk.rule), eta=walk.eta, start=walk.start)
        inner = _inner(walk)(law.points)
        value, half = float(law.probability @ inner), float(law.probability @ energy(walk)(law.points)) / (2.0 * walk.eta)
        none = Check("no clipping: probability", law.clipped, "<=", 1e-12)
        off = law.error * (float(law.probability @ np.abs(inner)) + half) + float(np.abs(inner).max()) * 1e-12
        return Measured(value, off, (none, unbiased(asked)), params=replace(before, half=half))

    return Instance(name, before, measure)


def _balances(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(STOCHASTIC)
    boundary = FloatWalk(quadratic(1.0, 1.0, 0.25), Window("bfloat16", 0.5, 1.75), rule, 0.003, 0, 1.0)
    small = FloatWalk(noisy_absolute(1.97, 3.0), Window("float8_e4m3fn", 2.0**-4, 256.0), rule, 0.001, 0, 2.0)
    out = [
        _balance("bfloat16: (w - 1)^2/2, noise 0.25", boundary),
        _balance("the same, moves of 9 gaps", replace(boundary, eta=0.2)),
        _balance("e4m3: |w - 1.97|, noise 3", small),
    ]
    if setting.rule is None:
        out.append(_balance("control, nearest: (w - 1)^2/2", replace(boundary, rule=NEAREST)).expecting(VIOLATED))
        tight = replace(boundary, grid=Window("bfloat16", 0.9, 1.1))
        out.append(_balance("control: clipped", tight).expecting(NOT_APPLICABLE))
    return out


@dataclass(frozen=True)
class GapParams:
    """(d): the largest gap of a normal number, relative to it; points, how many were tried."""

    mantissa_bits: int
    points: int


def _widest(name: str, kind: Format) -> Instance:
    def measure(draw: Draw) -> Measured:
        line, below, above = gaps(states_on(kind))
        normal = np.abs(line) >= kind.smallest_normal
        return Measured(float((np.maximum(below, above)[normal] / np.abs(line[normal])).max()))

    return Instance(name, GapParams(kind.mantissa_bits, 2 * kind.largest + 1), measure)


def _gaps(setting: Setting) -> list[Instance]:
    return [_widest(name, kind) for name, kind in FORMATS.items()]


CLAIMS: Sequence[Claim] = (
    Claim(
        "F1(b)",
        "SR on any points, unclipped: E|w_{t+1} - w*|^2 = E|w_t - w*|^2 - 2 eta E<g, w_t - w*> + E Psi(w_t): difference",
        "exact",
        lambda p: 0.0,
        _identities,
        tolerance=lambda p: 1e-8 * p.scale,
        rule="unbiased",
    ),
    Claim(
        "F1(c)",
        "SR on any points, stationary, unclipped: E<grad f(w), w - w*> = E Psi(w)/(2 eta)",
        "exact",
        lambda p: p.half,
        _balances,
        tolerance=lambda p: 1e-7 * p.half,
        rule="unbiased",
    ),
    Claim(
        "F1(d)",
        "a format with subnormals, p mantissa bits: the largest gap beside a normal number w is 2^-p |w|",
        "exact",
        lambda p: 2.0**-p.mantissa_bits,
        _gaps,
    ),
)
