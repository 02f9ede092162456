"""Every loop for a GPU with arguments as it gets them, in the variants that differ most: what ``gpu_kernels.py`` compiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64

from alpt_ref.kernels.cpu.quantize import Cells
from alpt_ref.kernels.cpu.replicas import Span, Trace, WalkArguments
from alpt_ref.kernels.cuda import alpt, codes, floats, group, qat, quantize, replicas, rows, scan, score, sort
from alpt_ref.kernels.cuda.access import on_device
from alpt_ref.kernels.problems import (
    Examples,
    Separable,
    absolute_gradient,
    absolute_loss,
    batch_gradient,
    example_gradient,
    mean_loss,
)
from alpt_ref.kernels.storage import FLOATS, PACKED_CODES, PLAIN_CODES, Part, View, masters
from alpt_ref.scalars.floats import FORMAT_ROUNDINGS, Layout, type_of
from alpt_ref.scalars.moves import advance_float, code_advance
from alpt_ref.scalars.optimizers import DIRECTIONS, REVERSALS, Hyper
from alpt_ref.scalars.philox import Noise
from alpt_ref.scalars.rounding import FLOAT32, FLOAT64, ROUNDINGS
from alpt_ref.scalars.slopes import slopes_of, trial_of

K = 16  # factors
PHILOX_PRODUCTS = 20  # of 32-bit words, in a block of four words


@dataclass(frozen=True)
class Case:
    """One loop, compiled for the types of ``arguments``.

    elements : for each store of its loop, where every turn is alike, else 0. blocks : Philox blocks in a turn, before the
    compiler unrolls. doubles : it is about float64."""

    name: str
    kernel: Any
    arguments: tuple[Any, ...]
    elements: int = 0
    blocks: int = 0
    doubles: bool = False


i8, i16, i32, i64 = (np.zeros(2, kind) for kind in (int8, int16, int32, int64))
u8, u16 = np.zeros(2, uint8), np.zeros(2, uint16)
u32, u64, f32, f64 = (np.zeros(2, kind) for kind in (uint32, uint64, float32, float64))
MOMENTS, PAIR, ONE = np.zeros((2, 2), float32), np.zeros((2, 2)), float32(1)
ROWS, TRIED, BATCH = (i64, i32, f32), (i32, i32, f32), (i32, f32, f32, f32)  # TRIED: of one batch, the second forward pass
NOISE, HYPER = Noise(True, uint32(0), uint64(0), uint64(0), uint64(0)), Hyper(*[ONE] * len(Hyper._fields))
PACKED = on_device(PACKED_CODES)
STORED = {"float32": (FLOATS, f32), "8 bits": (PLAIN_CODES, i8), "16 bits": (PLAIN_CODES, i16), "4 bits": (PACKED, u32)}


def _view(buffer: Any) -> View:
    return View(buffer, 4, f32, 1, K)


def _part(buffer: Any) -> Part:
    return Part(_view(buffer), MOMENTS, ONE, ONE)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _quantizers()
    yield from _formats()
    yield from _sorting()
    yield from _forward()
    yield from _steps()
    yield from _alpt()
    yield from _walkers()


def _quantizers() -> Iterator[Case]:
    for real, rules, x in (("float32", FLOAT32, f32), ("float64", FLOAT64, f64)):
        cells, doubles = Cells(x, 3, x.dtype.type(0), x.dtype.type(1)), x is f64
        for bits, fours, out in ((8, u32, i8), (16, u64, i16)):
            by_words, drawn = (x, fours, cells, NOISE, 0), (x, out, cells, NOISE, 0, 0)
            for per_row in (False, True) if bits == 8 else (False,):
                kind = f"SR, {real}, {bits} bits{', a delta a row' if per_row else ''}"
                word = quantize.word_quantizer(rules, "stochastic", per_row, bits)
                yield Case(f"quantize, four a store: {kind}", word, by_words, 4, 1, doubles)
            draw = quantize.drawing_quantizer(rules, "stochastic", False)
            yield Case(f"quantize: SR, {real}, {bits} bits", draw, drawn, 1, 1, doubles)
        for rounding in ROUNDINGS:
            given = quantize.given_quantizer(rules, rounding, False)
            yield Case(f"quantize, u given: {rounding}, {real}", given, (x, x, i8, cells), 1, 0, doubles)
            yield Case(f"quantize, u given: {rounding}, {real}, 16 bits", given, (x, x, i16, cells), 1, 0, doubles)
            if x is f32:
                yield Case(f"quantize, u given: {rounding}, {real}, u float64", given, (x, f64, i8, cells), 1, 0, True)
        ends = (x.dtype.type(0), x.dtype.type(1))
        yield Case(f"first infinite, {real}", quantize.first_infinite, (x, i64), 0, 0, doubles)
        yield Case(f"first outside, {real}", quantize.first_outside, (x, *ends, i64), 0, 0, doubles)
    yield Case("dequantize", codes.dequantizer(False), (i8, f32, 1, f32), 1)
    yield Case("dequantize, a delta a row", codes.dequantizer(True), (i8, f32, 1, f32), 1)
    for name, out in (("", i8), (", 16 bits", i16)):
        yield Case(f"pack{name}", codes.pack, (out, 4, u32))
        yield Case(f"unpack{name}", codes.unpack, (u32, 4, out), 1)
        yield Case(f"first code outside{name}", quantize.first_outside, (out, 0, 1, i64))
    yield Case("dequantize, 16 bits", codes.dequantizer(False), (i16, f32, 1, f32), 1)


def _formats() -> Iterator[Case]:
    layout = Layout(*[int32(1)] * len(Layout._fields))
    for x in (f32, f64):
        real, doubles = x.dtype.name, x is f64
        for bits, out in ((8, u8), (16, u16)):
            draw = floats.drawing_coder(type_of(x.dtype), "stochastic")
            yield Case(f"code: SR, {real}, {bits} bits", draw, (x, out, layout, NOISE, 0), 0, 1, doubles)
        for rounding in FORMAT_ROUNDINGS:
            given = floats.given_coder(type_of(x.dtype), rounding)
            yield Case(f"code, u given: {rounding}, {real}", given, (x, x, u8, layout), 0, 0, doubles)
        yield Case(f"first NaN, {real}", floats.first_nan, (x, i64), 0, 0, doubles)
    yield Case("look up", floats.look_up, (u8, f32, f32), 1)
    yield Case("look up, 16 bits", floats.look_up, (u16, f32, f32), 1)


def _sorting() -> Iterator[Case]:
    yield Case("lengths of examples", group.batch_lengths, (i64, i64, i32), 1)
    yield Case("entries of examples", group.batch_entries, (ROWS, i64, i32, i32, i32, f32))
    yield Case("count up", group.count_up, (i32,), 1)
    yield Case("mark heads", group.mark_heads, (i32, i32), 1)
    yield Case("place rows", group.place_rows, (i32, i32, i32, i32))
    yield Case("permute", group.permute, (i32, i32, f32, i32, i32, i32, f32))
    yield Case("fill", group.fill, (i32, int32(0)), 1)
    yield Case("fill, float32", group.fill, (f32, ONE), 1)
    yield Case("spread lengths", group.spread_lengths, (i32, i32, i32), 1)
    yield Case("scan: sums of tiles", scan.sum_tiles, (i32, i32))
    yield Case("scan: sums before tiles", scan.scan_sums, (i32,))
    yield Case("scan: sums within tiles", scan.scan_tiles, (i32, i32, i32))
    yield Case("sort: count digits", sort.count_digits, (i32, int32(0), i32))
    yield Case("sort: scatter", sort.scatter, (i32, i32, int32(0), i32, i32, i32))


def _forward() -> Iterator[Case]:
    for name, (access, buffer) in STORED.items():
        yield Case(f"factor sums, {name}", score.factor_scorer(access, K), (ROWS, i64, _view(buffer), f32, f32))
        yield Case(f"logits, {name}", score.scorer(access, K), (ROWS, i64, _view(buffer), f32, f32, f32))
        yield Case(f"weights of rows, {name}", rows.weight_loader(access, K), (i32, _view(buffer), f32), 1)
    yield Case("factor sums, ALPT's trial", score.factor_scorer(FLOATS, K), (TRIED, i32, _view(f32), f32, f32))
    yield Case("logits, ALPT's trial", score.scorer(FLOATS, K), (TRIED, i32, _view(f32), f32, f32, f32))
    yield Case("residuals", score.residuals, (f32, f32, f32, i64, int64(0), f32, i64))


def _steps() -> Iterator[Case]:
    for part, linear in (("linear", True), ("factors", False)):
        k = 1 if linear else K
        yield Case(f"gradients, {part}", rows.gradient_summer(k, linear), (i32, BATCH, f32, f32))
        long = rows.long_gradient_summer(k, linear)
        yield Case(f"gradients, {part}, long rows", long, (i32, i32, i32, BATCH, f32, f32))
    yield Case("list long rows", rows.list_long, (i32, i32, i32))
    yield Case("sum in order", rows.sum_in_order, (f32, ONE, f32))
    for optimizer in DIRECTIONS:
        yield Case(f"bias, {optimizer}", rows.bias_updater(optimizer), (f32, f32, MOMENTS, HYPER))
        for name, (access, buffer) in STORED.items():
            for rounding in ("stochastic", "nearest") if access.is_code else ("",):
                advance = code_advance(rounding) if rounding else advance_float
                update = rows.updater(access, advance, optimizer, K)
                said = f"update, {name}{', SR' if rounding == 'stochastic' else ''}{', DR' if rounding == 'nearest' else ''}"
                drawn, alike = int(rounding == "stochastic"), int(optimizer == "sgd" and not access.packed)
                yield Case(f"{said}, {optimizer}", update, (i32, _part(buffer), f32, f32, HYPER, NOISE), alike, drawn)


def _alpt() -> Iterator[Case]:
    for optimizer in DIRECTIONS:
        for name in ("8 bits", "4 bits"):
            access, buffer = STORED[name]
            tries = alpt.trier(access, trial_of("clipped"), optimizer, K)
            trial = (i32, _part(buffer), f32, f32, HYPER, (f32, f32, f32))
            yield Case(f"ALPT 1: try, {name}, {optimizer}", tries, trial)
        for name, (_, buffer) in STORED.items() if optimizer in REVERSALS else ():
            moved = (f32, i32, _view(buffer), MOMENTS, ONE, HYPER, f32)
            yield Case(f"ALPT 2: step sizes, {name}, {optimizer}", alpt.delta_updater(optimizer), moved)
        for method in ("lsq", "pact"):
            trained = qat.updater(masters(-8, 7), slopes_of(method, "clipped"), optimizer, K)
            yield Case(f"QAT: masters, {method}, {optimizer}", trained, (i32, _part(f32), f32, HYPER, f32))
    yield Case("ALPT 2: slopes of rows", alpt.slope_summer(K), (f32, f32, f32))
    yield Case("ALPT 2: spread", alpt.spread, (f32, i32, f32), 1)
    for name in ("8 bits", "4 bits", "float32"):
        yield Case(f"ALPT 2: set step sizes, {name}", alpt.set_deltas, (i32, f32, _view(STORED[name][1])), 1)
    yield Case("first step that diverged", alpt.note_infinite, (f32, int64(0), i64))
    for name in ("8 bits", "4 bits"):
        access, buffer = STORED[name]
        for rounding in ("stochastic", "nearest"):
            said, drawn = f"{name}, {'SR' if rounding == 'stochastic' else 'DR'}", int(rounding == "stochastic")
            of_rows = alpt.row_storer(access, rounding, K)
            yield Case(f"ALPT 3: rows, {said}", of_rows, (i32, f32, _part(buffer), f32, NOISE), int(not access.packed), drawn)
            of_all = alpt.table_storer(access, rounding, K, "adam")
            yield Case(f"ALPT 3: table, {said}", of_all, (9, i32, f32, _part(buffer), f32, NOISE, HYPER), 0, drawn)


def _walkers() -> Iterator[Case]:
    trace = Trace(PAIR, i64, PAIR, f64, i64, i64, 0)
    walk, span = WalkArguments(1.0, 0.0, 0.0, 1.0, True, True, uint64(0)), Span(0, 1, 0, 1)
    examples = Examples(i64, i32, f64, f64, 0.1, f64, 0.1)
    for name, problem, loss, gradient in (
        ("absolute sum", Separable(f64, f64), absolute_loss, absolute_gradient),
        ("log-loss", examples, mean_loss, batch_gradient),
        ("log-loss, an example a step", examples, mean_loss, example_gradient),
    ):
        for rounding in ("stochastic", "nearest", None):
            loop = replicas.walker(loss, gradient, rounding, 4)
            label = {"stochastic": "SR", "nearest": "DR", None: "full precision"}[rounding]
            yield Case(f"replicas: {name}, {label}", loop, (problem, walk, trace, True, span), doubles=True)
