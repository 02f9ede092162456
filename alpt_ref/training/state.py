"""The state of a training run between two epochs, and how it begins."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from alpt_ref.grid import Grid, storage_bits
from alpt_ref.kernels.cpu.rows import ftrl_starter
from alpt_ref.quantizer import quantize
from alpt_ref.rng import Stream, normals
from alpt_ref.scalars.optimizers import N_MOMENTS
from alpt_ref.scalars.packing import buffer_dtype, pack
from alpt_ref.scalars.slopes import first_delta
from alpt_ref.tools.brief import brief_repr
from alpt_ref.tools.memory import check_fits
from alpt_ref.training.config import PARTS, Config
from alpt_ref.training.table import CodeTable, FloatTable, MasterTable, Table

INIT_BLOCK = 4096  # weights drawn at a time: no float copy of a table of codes ever exists
Block = Callable[[int, int], NDArray[float32]]


@dataclass
class Optimizer:
    """State for the weights of one table, or the bias; it is optimizer memory, never table memory."""

    moments: NDArray[float32] = field(default_factory=lambda: np.zeros((0, 0), float32))

    __repr__ = brief_repr

    @classmethod
    def zero(cls, name: str, n: int) -> "Optimizer":
        """The state that ``name`` starts ``n`` weights at 0 with; SGD keeps none."""
        return cls(np.zeros((N_MOMENTS[name], n), float32))


@dataclass
class State:
    """All that a run consists of. ``optimizers`` serve the weights of "linear" and "factors", their step sizes
    ("linear steps", "factors steps") and the "bias"."""

    linear: Table
    factors: Table
    optimizers: dict[str, Optimizer]
    bias: float32 = field(default_factory=lambda: float32(0))
    step: int = 0
    epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    __repr__ = brief_repr

    def table(self, part: str) -> Table:
        """The table of a part."""
        return self.linear if part == "linear" else self.factors

    @property
    def nbytes(self) -> dict[str, int]:
        """Bytes alive: codes (or float weights), step sizes, optimizer state."""
        tables = [self.linear.nbytes, self.factors.nbytes]
        return {
            "codes": sum(t["codes"] for t in tables),
            "steps": sum(t["steps"] for t in tables),
            "optimizer": sum(o.moments.nbytes for o in self.optimizers.values()),
        }


def are_kept_as(config: Config, linear: Table, factors: Table) -> bool:
    """True where the tables are of the kinds that ``config`` trains, with its codes."""
    kinds = {"floats": FloatTable, "codes": CodeTable, "masters": MasterTable}
    for part, table in zip(PARTS, (linear, factors), strict=True):
        if not isinstance(table, kinds[config.storage_of(part)]):
            return False
        if not isinstance(table, FloatTable) and table.bits != config.bits:
            return False
        if isinstance(table, MasterTable) and table.box != config.box:
            return False
    return True


def initial_state(config: Config, n_features: int, keeps_best: bool = False) -> State:
    """Linear weights 0, factors N(0, init_std^2), bias 0; step sizes as given, or by the rule of ``stepsize``. MemoryError,
    before anything is allocated, where training cannot fit; with ``keeps_best`` it holds a copy of the best weights, too."""
    check_fits(f"training of {n_features:,} features with {config.k} factors", needed(config, n_features, keeps_best))
    tables = {}
    optimizers = {"bias": Optimizer.zero(config.optimizer, 1)}
    shapes, stds = ((n_features, int(config.fit_linear)), (n_features, config.k)), (0.0, config.init_std)
    for part, shape, std, stream in zip(PARTS, shapes, stds, (Stream.INIT_LINEAR, Stream.INIT_FACTORS), strict=True):
        tables[part] = _initial_table(config, part, shape, _draw(config.seed, shape[1], std, stream), stream)
        optimizers[part] = Optimizer.zero(config.optimizer, shape[0] * shape[1])
        if config.optimizer == "ftrl" and shape[1]:
            ftrl_starter(tables[part].access)(tables[part].view(), optimizers[part].moments[0], config.when(1))
        learns = config.learns_steps and config.storage_of(part) != "floats" and shape[1]
        n_steps = (shape[0] if config.steps_of(part) == "row" else 1) if learns else 0
        optimizers[f"{part} steps"] = Optimizer.zero(config.step_direction, n_steps)
    return State(tables["linear"], tables["factors"], optimizers)


def needed(config: Config, n_features: int, keeps_best: bool) -> int:
    """The bytes that grow with the features, at their peak: weights, step sizes, what optimizers keep of them, and in a dense
    step its rows, where their entries begin, and two numbers of each whose masters have a step size; or, before there are
    factors, the first step sizes of rows."""
    copies, kept, start = 2 if keeps_best else 1, 0, 0
    for part, k in zip(PARTS, (int(config.fit_linear), config.k), strict=True):
        width = storage_bits(config.bits) if config.storage_of(part) == "codes" else 32
        if config.learns_steps and config.storage_of(part) != "floats" and k and config.steps_of(part) == "row":
            start = kept + 14 * n_features
            kept += 4 * n_features * (copies + N_MOMENTS[config.step_direction])
        kept += copies * n_features * k * width // 8 + 4 * n_features * k * N_MOMENTS[config.optimizer]
    masters = config.learns_steps and not config.stores_codes
    return max(kept + config.dense * (24 if masters else 16) * n_features, start)


def _draw(seed: int, k: int, std: float, stream: Stream) -> Block:
    """The function from a range of rows to their first weights, N(0, std^2)."""

    def block(start: int, stop: int) -> NDArray[float32]:
        n = (stop - start) * k
        draws = normals(n, seed=seed, stream=stream, offset=start * k) if std else np.zeros(n, float32)
        return (float32(std) * draws).reshape(stop - start, k)

    return block


def _initial_table(config: Config, part: str, shape: tuple[int, int], block: Block, stream: Stream) -> Table:
    storage = config.storage_of(part)
    if storage == "floats":
        return FloatTable(_filled(shape, block))
    grid = _initial_grid(config, part, shape, block)
    if storage == "masters":
        return MasterTable(grid.bits, config.box, grid.delta.copy(), _filled(shape, block))
    return _on_grid(grid, shape, block, config.seed, stream)


def _filled(shape: tuple[int, int], block: Block) -> NDArray[float32]:
    """All first weights, drawn a block at a time: a draw takes many times the memory of its weights."""
    out = np.empty(shape, float32)
    for start in range(0, shape[0], INIT_BLOCK):
        stop = min(shape[0], start + INIT_BLOCK)
        out[start:stop] = block(start, stop)
    return out


def _initial_grid(config: Config, part: str, shape: tuple[int, int], block: Block) -> Grid:
    n_rows, k = shape
    given = config.delta_of(part)
    if given is None:
        by_row, q_hi = config.steps_of(part) == "row" and k > 0, config.box[1]
        first, mean_abs = np.empty(n_rows if by_row else 0, float32), np.float64(0.0)
        for start in range(0, n_rows, INIT_BLOCK):
            stop = min(n_rows, start + INIT_BLOCK)
            of_rows = np.abs(block(start, stop).astype(np.float64)).sum(axis=1) / max(k, 1)
            if by_row:
                first[start:stop] = first_delta(of_rows, q_hi, config.step_init, config.step_offset)
            else:
                mean_abs += of_rows.sum() / n_rows
        try:
            rule = (config.step_init, config.step_offset)
            return Grid(config.bits, first if by_row else first_delta(mean_abs, q_hi, *rule))
        except ValueError:
            said = f"init_std must be so small that float32 holds the first step sizes, got {config.init_std!r}"
            raise ValueError(said) from None
    grid = Grid(config.bits, given)
    if grid.per_row and grid.delta.size != n_rows:
        name = "linear weights" if part == "linear" else "factors"
        raise ValueError(f"delta of the {name} has {grid.delta.size} entries for {n_rows} features")
    if config.learns_steps and config.steps_of(part) == "row" and k and not grid.per_row:
        return Grid(config.bits, np.full(n_rows, grid.delta))
    return grid


def _on_grid(grid: Grid, shape: tuple[int, int], block: Block, seed: int, stream: Stream) -> CodeTable:
    """The first weights, rounded stochastically whatever rule trains them: DR and SR start at the same point."""
    per_unit = 8 * np.dtype(buffer_dtype(grid.storage_bits)).itemsize // grid.storage_bits
    buffer = np.empty(-(-shape[0] * shape[1] // per_unit), buffer_dtype(grid.storage_bits))
    n_rows = max(INIT_BLOCK // max(shape[1], 1) // 4, 1) * 4  # four rows fill whole bytes at any width
    for start in range(0, shape[0], n_rows):
        stop = min(shape[0], start + n_rows)
        rows = Grid(grid.bits, grid.delta[start:stop]) if grid.per_row else grid
        offset = start * shape[1]
        codes = quantize(block(start, stop), rows, "stochastic", seed=seed, stream=stream, step=1, offset=offset)
        packed = pack(codes, grid.storage_bits)
        buffer[offset // per_unit : offset // per_unit + packed.size] = packed
    return CodeTable.on(grid, buffer, shape)
