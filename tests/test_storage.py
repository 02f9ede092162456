"""Packing and tables: every width, every code, bytes really saved, both kinds of step size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from alpt_ref import Grid, dequantize, quantize
from alpt_ref.kernels.storage import row_window
from alpt_ref.scalars.packing import buffer_dtype, load_code, pack, store_code, unpack
from alpt_ref.training.table import CodeTable, FloatTable, table_from_arrays

WIDTHS = (2, 4, 8, 16)


def code_arrays(width):
    lo, hi = -(2 ** (width - 1)), 2 ** (width - 1) - 1
    return hnp.arrays(np.int64, st.integers(0, 23), elements=st.integers(lo, hi))


@pytest.mark.parametrize("width", WIDTHS)
@given(data=st.data())
def test_pack_unpack_load_store(width, data):
    codes = data.draw(code_arrays(width))
    buffer = pack(codes, width)
    assert buffer.dtype == buffer_dtype(width)
    assert buffer.nbytes == -(-codes.size * width // 8)
    assert np.array_equal(unpack(buffer, codes.size, width), codes)
    assert [load_code(buffer, i, width) for i in range(codes.size)] == codes.tolist()
    if codes.size:
        at = data.draw(st.integers(0, codes.size - 1))
        codes[at] = data.draw(st.integers(-(2 ** (width - 1)), 2 ** (width - 1) - 1))
        store_code(buffer, at, width, np.int32(codes[at]))
        assert np.array_equal(unpack(buffer, codes.size, width), codes)


@pytest.mark.parametrize(("bits", "width"), [(2, 2), (3, 4), (4, 4), (5, 8), (8, 8), (9, 16), (16, 16)])
def test_table_of_codes(bits, width):
    weights = np.linspace(-1.2, 1.1, 21, dtype=np.float32).reshape(7, 3)
    for delta in (np.float32(0.1), np.linspace(0.05, 0.2, 7, dtype=np.float32)):
        grid = Grid(bits, delta)
        codes = quantize(weights, grid, "stochastic", seed=1)
        table = CodeTable.on(grid, pack(codes, width), weights.shape)
        assert table.nbytes == {"codes": {2: 6, 4: 11, 8: 21, 16: 42}[width], "steps": grid.delta.nbytes}
        assert np.array_equal(table.codes(), codes)
        assert np.array_equal(table.to_float(), dequantize(codes, grid))
        view = table.view()
        assert np.shares_memory(view.buffer, table.buffer)
        load, store, weight, window = *table.access[:3], row_window(table.access, 3)
        for j in range(7):
            row, offset = window(view.buffer, j)
            entries = [load(row, view.width, offset + i) for i in range(3)]
            assert entries == codes[j].tolist()
            values = [weight(np.float32(q), view.deltas[j * view.stride]) for q in entries]
            assert np.array_equal(np.array(values, np.float32), table.to_float()[j])
            for i in range(3):
                store(row, view.width, offset + i, np.float32(codes[6 - j, i]))
        assert np.array_equal(table.codes(), codes[::-1])
        table = CodeTable.on(grid, pack(codes, width), weights.shape)
        again = table_from_arrays(table.to_arrays(), table.shape)
        assert np.array_equal(again.to_float(), table.to_float())
        copy = table.copy()
        copy.buffer[:] = 0
        assert np.array_equal(table.codes(), codes)


def test_table_of_floats():
    weights = np.arange(6, dtype=np.float32).reshape(3, 2)
    table = FloatTable(weights)
    assert table.nbytes == {"codes": 24, "steps": 0}
    view = table.view()
    row, offset = row_window(table.access, 2)(view.buffer, 2)
    assert [table.access.load(row, view.width, offset + i) for i in range(2)] == [4, 5]
    assert table.access.weight(table.access.load(view.buffer, view.width, 3), view.deltas[0]) == 3
    assert np.array_equal(table_from_arrays(table.to_arrays(), (3, 2)).to_float(), weights)
    table.copy().weights[:] = 7
    assert table.to_float()[2, 1] == 5


def test_arrays_that_do_not_fit_are_refused():
    arrays = CodeTable.on(Grid(4, 0.1), pack(np.zeros((4, 2), int), 4), (4, 2)).to_arrays()
    with pytest.raises(ValueError, match="do not hold a table of shape"):
        table_from_arrays(arrays, (5, 2))
