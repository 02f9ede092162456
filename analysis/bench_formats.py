"""The speed of rounding to floating-point formats, one thread, beside an integer grid, ml_dtypes and NumPy's bit tricks.

    python analysis/bench_formats.py [--log2-n 24] [--rounds 7]

Contenders take turns in one process, compiled and warmed; checks are included. Printed: 10^6 elements/s, medians over rounds,
and the least and most. Figures depend on the machine and its load; their ratios less so.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from alpt_ref import Grid, format_of, quantize
from alpt_ref.formats.blocks import MXFP8_E4M3
from alpt_ref.quantizer import quantize_blocks


def bit_trick(x: np.ndarray, bits: Any) -> np.ndarray:
    """The upper halves of float32 after the addition of ``bits`` to the lower: nearest with 0x7FFF + lsb, else stochastic."""
    return ((x.view(np.uint32) + bits) >> np.uint32(16)).astype(np.uint16)


def contenders(x: np.ndarray) -> dict[str, Callable[[], object]]:
    """Functions to time, by what they do."""
    bfloat16, e4m3fn, grid = format_of("bfloat16"), format_of("float8_e4m3fn"), Grid(8, 0.01)
    u8, u16, i8 = (np.empty(x.shape, kind) for kind in (np.uint8, np.uint16, np.int8))
    random, one = np.random.Generator(np.random.SFC64(1)), np.uint32(1)

    def nearest_trick() -> object:
        return bit_trick(x, np.uint32(0x7FFF) + ((x.view(np.uint32) >> np.uint32(16)) & one))

    def stochastic_trick() -> object:
        return bit_trick(x, random.integers(0, 2**16, x.shape, np.uint16).astype(np.uint32))

    return {
        "nearest: int8 grid": lambda: quantize(x, grid, out=i8),
        "nearest: bfloat16": lambda: quantize(x, bfloat16, out=u16),
        "nearest: float8_e4m3fn": lambda: quantize(x, e4m3fn, out=u8),
        "nearest: mxfp8_e4m3 blocks": lambda: quantize_blocks(x, MXFP8_E4M3),
        "nearest: bfloat16, ml_dtypes": lambda: x.astype(ml_dtypes.bfloat16),
        "nearest: float8_e4m3fn, ml_dtypes": lambda: x.astype(ml_dtypes.float8_e4m3fn),
        "nearest: bfloat16, NumPy bit trick": nearest_trick,
        "stochastic: int8 grid": lambda: quantize(x, grid, "stochastic", seed=1, out=i8),
        "stochastic: bfloat16": lambda: quantize(x, bfloat16, "stochastic", seed=1, out=u16),
        "stochastic: float8_e4m3fn": lambda: quantize(x, e4m3fn, "stochastic", seed=1, out=u8),
        "stochastic: mxfp8_e4m3 blocks": lambda: quantize_blocks(x, MXFP8_E4M3, "stochastic", seed=1),
        "stochastic: bfloat16, NumPy bit trick": stochastic_trick,
    }


def main() -> None:
    """Time all contenders, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--log2-n", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    x = np.random.default_rng(0).normal(size=1 << arguments.log2_n).astype(np.float32)
    runs = contenders(x)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(arguments.rounds + 1):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            if turn:  # the first compiles, and touches memory
                seconds[name].append(time.perf_counter() - began)
    print(f"{'10^6 elements/s':40} {'median':>7} {'least':>7} {'most':>7}")
    for name, times in seconds.items():
        median, most, least = (x.size / t / 1e6 for t in (np.median(times), min(times), max(times)))
        print(f"{name:40} {median:7.0f} {least:7.0f} {most:7.0f}")


if __name__ == "__main__":
    main()
