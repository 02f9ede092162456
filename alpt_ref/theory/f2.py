r"""F2: nearest rounding freezes on a floating-point format wherever eta |grad f(w)| <= |w| 2^-(p+2).  (exact, lower)

A format with subnormals, of p mantissa bits, with ties to the even mantissa; w one of its numbers, not the largest, and t an
update. Delta(w, +) and Delta(w, -) are the gaps above and below w. For bfloat16, p = 7.

Guarantee.

    (a) DR leaves w if and only if |t| > Delta(w, sign t)/2, or = and w is odd.
    (b) So |t| <= 2^-(p+2) |w|, for bfloat16 |w| 2^-9, never moves any w, and no larger factor does: a power of two above
        2^emin moves down beyond 2^-(p+2) |w|, for there the gap is half as wide.
    (c) And |t| > 2^-(p+1) |w| always moves a normal w, and no smaller factor does: a power of two does not move up.

Subnormals are 2^(emin-p) apart: of them and of 0 the threshold is 2^(emin-p-1) whatever w is, which is more than (b) asks for.
Without subnormals the smallest number is left towards 0 beyond half of itself alone, and from the tie, even as it is: (a) and
(c) need them.

    (d) For f = lambda (w - c)^2/2, exact gradients, h = eta lambda <= 1/2, u = 2^-(p+2): once |w_t - c| >= (1 - 2h) r, with
        r = u |c|/(h + u), it stays so for ever. DR never comes nearer to c than that, however long one trains.

So with eta lambda = 0.01 a bfloat16 weight stops at least 16 % away from its optimum, at a distance of |w| 2^-9/h, while SR
goes on: its mean is that of full precision (L4(a), which knows no grid), with the floor of F1.

*Proof.* (a): w + t lies in the cell next to w, and w is the nearest point as long as |t| is below half of its gap; at a tie the
even one of both is. (b), (c): in [2^e, 2^(e+1)) a normal w has gaps of 2^(e-p), but for w = 2^e downward, where it is 2^(e-p-1)
(e > emin). So the least Delta/(2|w|) is 2^-(p+2), of an even w that stays at the tie, and the largest 2^-(p+1). Subnormals
have the gap of the lowest binade, and |w| < 2^emin. (d): w is a point, so that |Q(x) - x| <= |w - x|: a move is at most 2|t|
= 2 h |w - c|, and a distance d from c becomes (1 - 2h) d or more. Where h d <= u |w|, w does not move, by (b). Where h d > u
|w|, |w| >= |c| - d makes d > r. So a distance that is at least (1 - 2h) r either stays, or was more than r, and is at least
(1 - 2h) r after. []

(d) is put to the test in ``f2_stall``.

Source: this project's statement.
"""

from dataclasses import dataclass

import numpy as np

from alpt_ref.formats import FORMATS, Format
from alpt_ref.problems.finite import Floats
from alpt_ref.theory.claim import VIOLATED, Cases, Claim, Draw, Instance, Measured, Setting
from alpt_ref.theory.on_points import gaps
from alpt_ref.theory.verdict import rounds_to_nearest
from alpt_ref.walks.asked import Asked
from alpt_ref.walks.rule import NEAREST, STOCHASTIC, Rule
from alpt_ref.walks.transition import transitions
from alpt_ref.walks.window import states_on

NEAR = 2.0**-50


def leaves(kind: Format, rule: Rule, moves: Floats) -> Floats:
    """The chance that each number of ``kind`` is left by a move, (m, n), ``moves`` (m, n)."""
    states = states_on(kind)
    base = states.ordinals[:, None]
    step = transitions(base, moves[:, :, None], states, rule)
    here = np.arange(states.size)
    return np.asarray(np.where(step.target == here, 0.0, step.chance).reshape(len(moves), 2, -1).sum(axis=1))


def thresholds(kind: Format) -> tuple[Floats, Floats]:
    """Half of the gaps below and above each number; infinite beyond the largest numbers, which are not left that way."""
    _, below, above = gaps(states_on(kind))
    below[0] = above[-1] = np.inf
    return below / 2.0, above / 2.0


def tries(kind: Format) -> tuple[Floats, Floats]:
    """Moves of every number, (m, n), and whether (a) says that it moves: at both thresholds, about them, and far from them.

    About them is by 2^-50: rules are asked about fractions in float64, which are 1/2 next to a tie.
    """
    odd = states_on(kind).ordinals % 2.0 == 1.0
    moves, says = [], []
    for sign, half in zip((-1.0, 1.0), thresholds(kind), strict=True):
        some = np.where(np.isinf(half), 1.0, half)
        for factor in (0.0, 1.0 / 3.0, 1.0 - NEAR, 1.0, 1.0 + NEAR, 1.5):
            size = factor * some
            moves.append(sign * size)
            says.append(np.isfinite(half) & ((size > some) | ((size == some) & odd)))
    return np.array(moves), np.array(says, float)


def _answers(name: str, kind: Format, rule: Rule) -> Instance:
    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=True)
        moves, says = tries(kind)
        wrong = int((leaves(kind, asked.of(rule), moves) != says).sum())
        return Measured(float(wrong), 0.0, (rounds_to_nearest(asked),))

    return Instance(name, Cases(12 * states_on(kind).size), measure)


def _thresholds(setting: Setting) -> list[Instance]:
    rule = setting.rule_or(NEAREST)
    out = [_answers(name, kind, rule) for name, kind in FORMATS.items()]
    if setting.rule is None:
        out.append(_answers("control, SR: bfloat16", FORMATS["bfloat16"], STOCHASTIC).expecting(VIOLATED))
    return out


@dataclass(frozen=True)
class RelativeParams:
    """(b), (c): the factor of |w|, as the statement has it. mantissa_bits : p. shift : 2 in (b), 1 in (c)."""

    mantissa_bits: int
    shift: int

    @property
    def factor(self) -> float:
        """2^-(p + shift)."""
        return float(2.0 ** -(self.mantissa_bits + self.shift))


def _factors(kind: Format, rule: Rule) -> tuple[Floats, Floats]:
    """For all normal numbers: |t|/|w| of the largest update that does not move w, and of the smallest one that does.

    Down and up, found by bisection among float64 numbers, from the rule's answers alone.
    """
    line = states_on(kind).values(states_on(kind).ordinals)
    normal = np.abs(line) >= kind.smallest_normal
    signs = np.array([-1.0, 1.0])[:, None]
    low, high = np.zeros((2, line.size)), np.repeat(np.abs(line)[None], 2, axis=0)
    free = np.ones((2, line.size), bool)
    free[0, 0] = free[1, -1] = False  # the ends
    for _ in range(80):
        middle = np.where(high <= 2.0 * low, low + (high - low) / 2.0, np.sqrt(np.maximum(low, 2.0**-500)) * np.sqrt(high))
        moved = leaves(kind, rule, signs * middle) > 0.0
        low, high = np.where(moved, low, middle), np.where(moved, middle, high)
    some = free & normal
    size = np.broadcast_to(np.abs(line), low.shape)[some]
    return low[some] / size, high[some] / size


def _relative(name: str, kind: Format, rule: Rule, shift: int, which: int) -> Instance:
    """which : 0, the least factor that some w does not bear; 1, the largest that some w bears."""

    def measure(draw: Draw) -> Measured:
        asked = Asked(nearest=True)
        low, high = _factors(kind, asked.of(rule))
        value = float(low.min() if which == 0 else high.max())
        return Measured(value, 0.0, (rounds_to_nearest(asked),))

    return Instance(name, RelativeParams(kind.mantissa_bits, shift), measure)


def _frozen(setting: Setting) -> list[Instance]:
    return _relatives(setting, 2, 0, "refuted: half a gap, 2^-(p+1) |w|")


def _moved(setting: Setting) -> list[Instance]:
    return _relatives(setting, 1, 1, "refuted: 2^-(p+2) |w| moves every w")


def _relatives(setting: Setting, shift: int, which: int, refuted: str) -> list[Instance]:
    rule = setting.rule_or(NEAREST)
    names = tuple(FORMATS) if setting.full else ("bfloat16", "float16", "float8_e4m3fn", "float8_e5m2", "float4_e2m1fn")
    out = [_relative(name, FORMATS[name], rule, shift, which) for name in names]
    if setting.rule is None:
        out.append(_relative(refuted, FORMATS["float8_e4m3fn"], rule, 3 - shift, which).expecting(VIOLATED))
    return out


CLAIMS = (
    Claim(
        "F2(a)",
        "DR on a format leaves w iff |t| > Delta(w, sign t)/2, or = and w is odd: wrong answers",
        "exact",
        lambda p: 0.0,
        _thresholds,
        rule="nearest",
    ),
    Claim(
        "F2(b)",
        "DR, p mantissa bits: the largest factor c such that |t| <= c |w| moves no normal w is 2^-(p+2)",
        "exact",
        lambda p: p.factor,
        _frozen,
        rule="nearest",
    ),
    Claim(
        "F2(c)",
        "DR, p mantissa bits: the least factor c such that |t| > c |w| moves every normal w is 2^-(p+1)",
        "exact",
        lambda p: p.factor,
        _moved,
        tolerance=lambda p: 2.0**-50 * p.factor,  # of a bisection among float64 numbers
        rule="nearest",
    ),
)
