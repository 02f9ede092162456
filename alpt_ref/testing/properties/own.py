"""The properties of rows and blocks with steps and scales of their own: a quantizer must use those, and no neighbour's."""

from collections.abc import Iterator
from itertools import cycle, islice

import numpy as np
from numpy import float32, float64
from numpy.typing import NDArray

from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.case import Case, NotApplicable, Violation, demand, first_false
from alpt_ref.testing.level import Level
from alpt_ref.testing.literals import written_out
from alpt_ref.testing.properties.grid import on_grid
from alpt_ref.testing.properties.nearest import nearest
from alpt_ref.testing.properties.stochastic import between
from alpt_ref.testing.property import Finding, Property
from alpt_ref.testing.rulers.blocks import OfBlocks
from alpt_ref.testing.rulers.own import OwnScales, OwnSteps, Steps, spread
from alpt_ref.testing.rulers.uniform import Uniform
from alpt_ref.testing.search import under_every_noise
from alpt_ref.testing.strategies import AWKWARD

POWERS = (1.0, 0.5, 2.0**-7, 0.125, 0.25)
PATTERN = (0.25, -1.5, 1.0, 0.5000001, -0.75, 0.0, -1.0, 0.4999999, -0.5, 1.75, -300.0)  # steps
EXPONENTS = (0, 1, -1, 7, 8, -6, -7, 15, 40, -40, 100, 119, 120, 126, 127, -100, -118, -119, -126, -127, -133, -149)
LATTICE = 10  # bits of u at most, for each element of each block: unbiased-enumerated has finer ones
PARTS = (0.3337, -0.771, 0.125, 0.0131, -0.52, 0.9, -0.0625, 0.0021)  # of the largest of a block


def _judged(candidate: Candidate, case: Case) -> None:
    """Demand that every element is on its own grid, at one of its neighbours or the nearest."""
    on_grid(candidate, case)
    (between if candidate.declared.stochastic else nearest)(candidate, case)


def _shapes(per: str | int) -> Iterator[tuple[int, int, int]]:
    """Rows, elements of a row, and steps of a row."""
    if isinstance(per, int):
        return iter((n, blocks * per, blocks) for n, blocks in ((1, 2), (2, 1), (2, 3), (5, 2), (16, 8)))
    return iter((n, k, 1) for n, k in ((2, 1), (2, 2), (3, 5), (8, 33), (70, 3)))


def _own_cases(candidate: Candidate) -> Iterator[Case]:
    declared = candidate.declared
    low, high = declared.step_range
    awkward = [float(float32(step)) for step in AWKWARD if low <= step <= high] if declared.steps == "any" else []
    mixed = [step for pair in zip(awkward, cycle(POWERS)) for step in pair]
    wide = max((bits for bits in declared.bits if bits <= 8), default=declared.bits[0])
    for bits in dict.fromkeys((declared.bits[0], wide)):
        (plain, *_) = declared.rulers([bits], [1.0])
        assert isinstance(plain, Uniform)
        for given in (POWERS, mixed) if mixed else (POWERS,):
            for n, k, blocks in _shapes(declared.steps_per):
                steps = np.array(list(islice(cycle(given), n * blocks))).reshape(n, blocks)
                own = tuple(map(tuple, steps.tolist()))
                yield _own_case(plain, own, (n, k))


def _own_case(plain: Uniform, steps: Steps, shape: tuple[int, int]) -> Case:
    """The call of positions PATTERN, again and again, on grids of those steps."""
    ruler = OwnSteps(
        plain.bits, 1.0, plain.q_lo, plain.q_hi, plain.zero_point, plain.returns, plain.per, direct=True, steps=steps
    )
    x = (np.resize(PATTERN, shape) * spread(steps, shape)).astype(float32)
    (given, _), size = ruler.argument_texts(shape), shape[1] // len(steps[0])
    each = f"{given}[:, None]" if plain.per == "row" else f"np.repeat({given}, {size}, axis=1)"
    return Case(ruler, x, source=f"(np.resize({PATTERN}, {shape}) * {each}).astype(np.float32)")


def _own_steps(candidate: Candidate, level: Level, alpha: float) -> Finding:
    if candidate.declared.steps_per == "tensor":
        raise NotApplicable("one step for a tensor")
    elements = 0
    for plain in _own_cases(candidate):
        for case in under_every_noise(candidate, plain):
            _judged(candidate, case)
            if case.u is not None or not candidate.declared.stochastic:
                _alike(candidate, case)
            elements += case.x.size
    return Finding(f"{elements:,} elements of rows or blocks with other steps than their neighbours'")


def _alike(candidate: Candidate, case: Case) -> None:
    """Demand of each row, or block, what it becomes where all have its step."""
    own = case.ruler
    assert isinstance(own, OwnSteps)
    codes, each = candidate.ordinals(case), spread(own.steps, case.x.shape)
    for step in dict.fromkeys(step for row in own.steps for step in row):
        same = tuple(tuple(step for _ in row) for row in own.steps)
        alone = case._replace(ruler=OwnSteps(**(vars(own) | {"steps": same})))
        want = candidate.ordinals(alone)
        demand((each != step) | (codes == want), case, codes, "{} steps, as where all steps are the same", want)


def _block_scale(candidate: Candidate, level: Level, alpha: float) -> Finding:
    plain = candidate.declared.plain
    if not isinstance(plain, OfBlocks):
        raise NotApplicable("no block is declared")
    blocks = np.array(list(_blocks(plain)))
    for x in blocks:
        _judged_blocks(candidate, plain, x.reshape(1, -1))
    for first in (0, 1, len(blocks) // 2):
        order = np.arange(first, first + 4 * -(-len(blocks) // 4)) % len(blocks)
        together = blocks[order].reshape(-1, 4 * plain.block)
        try:
            _judged_blocks(candidate, plain, together)
        except Violation:
            for row in together:  # one of them may show it
                _judged_blocks(candidate, plain, row.reshape(1, -1))
            raise
    if candidate.takes_uniforms:
        for x in blocks:
            _enumerated(candidate, plain, x, 2 ** min(level.lattice, LATTICE))
    return Finding(f"{len(blocks)} blocks of {plain.block}, one by one and together")


def _judged_blocks(candidate: Candidate, plain: OfBlocks, x: NDArray[float32]) -> None:
    """Judge the call of rows of whole blocks under every noise."""
    for case in under_every_noise(candidate, _scale_case(plain, x)):
        _judged(candidate, case)


def _blocks(ruler: OfBlocks) -> Iterator[NDArray[float32]]:
    """Blocks of many largest elements, at several places of both signs: powers of two, what is next to them, what saturates."""
    size, top = ruler.block, 2.0**ruler.kind.emax
    yield np.zeros(size, float32)
    for i, exponent in enumerate(EXPONENTS):
        power = float32(np.ldexp(1.0, exponent))
        below, above = np.nextafter(power, float32(0)), np.nextafter(power, float32(np.inf))
        saturating = np.float64(power) * (ruler.kind.max / top + 2.0) / 2.0
        for j, largest in enumerate((power, below, above, saturating)):
            if not 0.0 < largest <= ruler.kind.max / top * 2.0**127 or (ruler.flushed and exponent < -60):
                continue
            x = np.resize(np.roll(PARTS, i), size) * np.float64(largest)
            x[(0, size - 1, size // 2)[(i + j) % 3]] = -largest if (i + j) % 2 else largest
            yield x.astype(float32)


def _scale_case(plain: OfBlocks, x: NDArray[float32]) -> Case:
    """The call of rows of whole blocks, each with the scale that its largest element gives it."""
    peak = np.abs(x.astype(float64)).reshape(x.shape[0], -1, plain.block).max(axis=-1)
    exponent = np.where(peak > 0, np.frexp(peak)[1] - 1, -127) - plain.kind.emax
    scales = np.ldexp(1.0, np.clip(exponent, -127, 127))
    own = OwnScales(**(vars(plain) | {"direct": True, "scales": tuple(map(tuple, scales.tolist()))}))
    return Case(own, x, source=f"{written_out(x.reshape(-1))}.reshape({x.shape})")


def _enumerated(candidate: Candidate, plain: OfBlocks, block: NDArray[float32], n: int) -> None:
    """Demand that each element of a block goes up for the part of all uniforms that it is above its lower neighbour."""
    case = _scale_case(plain, np.tile(block, (n, 1)))
    u = np.repeat((np.arange(n) / n).astype(float32)[:, None], block.size, axis=1)
    s = case.ruler.position(case.x)[0]
    ups = (candidate.ordinals(case._replace(u=u)) - np.floor(s)).sum(axis=0)
    a, slack = s - np.floor(s), n * candidate.declared.bias
    ok = (ups >= np.floor(n * a) - slack) & (ups <= np.ceil(n * a) + slack)
    if (i := first_false(ok)) is not None:
        alone, place = case.ruler.of_element(i, case.x.shape)
        told = f"{place}x = {block[i]:.9g}, {alone.where(float(np.floor(s[i])), float(a[i]))}, goes up for {ups[i]:g} of {n} "
        made = f"np.tile({written_out(block)}, ({n}, 1))"
        uniforms = f"np.repeat(np.float32(np.arange({n}) / {n})[:, None], {block.size}, axis=1)"
        recipe = f"{case.ruler.call(made, u=uniforms, shape=case.x.shape)}[:, {i}].mean()"
        raise Violation(f"{told}uniforms u = j/{n}; demanded: {n * a[i]:g}", None, 0, recipe)


PROPERTIES = (
    Property("own-steps", "a row or block is rounded with its own step", "definition of Q", _own_steps, grids="steps of rows"),
    Property("block-scale", "a block's scale is 2^(floor(log2 max|x|) - emax)", "OCP MX 1.0", _block_scale, grids="blocks"),
)
