"""Grid: ranges, storage widths, and what it refuses."""

import numpy as np
import pytest

from alpt_ref import Grid


@pytest.mark.parametrize("bits", range(2, 17))
def test_range_and_storage(bits):
    grid = Grid(bits, 0.1)
    assert (grid.q_lo, grid.q_hi) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    assert grid.storage_bits == {2: 2, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 8: 8}.get(bits, 16)
    assert grid.code_dtype == (np.int8 if bits <= 8 else np.int16)
    assert np.iinfo(grid.code_dtype).min <= grid.q_lo
    values = grid.values()
    assert values.dtype == np.float32
    assert values.shape == (2**bits,)
    assert values[0] == np.float32(grid.q_lo * np.float32(0.1))
    assert np.all(np.diff(values) > 0)


def test_one_delta_per_row():
    grid = Grid(4, [0.5, 0.25])
    assert grid.per_row
    assert grid.values().shape == (2, 16)
    assert grid.values()[1, 0] == -2.0
    assert not Grid(4, 0.5).per_row
    with pytest.raises(ValueError, match="read-only"):
        grid.delta[0] = 1
    assert grid == Grid(4, np.array([0.5, 0.25]))
    assert grid != Grid(4, 0.5)
    assert grid != "grid"
    assert repr(grid) == "Grid(bits=4, delta=<2 rows>)"
    assert repr(Grid(8, 0.5)) == "Grid(bits=8, delta=0.5)"


@pytest.mark.parametrize("bits", [1, 17, 8.0, "8", True])
def test_bad_bits(bits):
    with pytest.raises(ValueError, match=r"bits must be an integer in 2\.\.16"):
        Grid(bits, 1.0)


@pytest.mark.parametrize("delta", [0.0, -1.0, np.nan, np.inf, 1e300, 1e-60, 3e38])
def test_bad_delta(delta):
    with pytest.raises(ValueError, match="delta must be positive, and its grid finite, in float32"):
        Grid(8, delta)
    with pytest.raises(ValueError, match=r"delta\[2\] must be positive"):
        Grid(8, [1.0, 2.0, delta, delta])


@pytest.mark.parametrize(
    ("delta", "message"),
    [
        ("a", "must be a number"),
        (True, "must be a number"),
        (10**400, "must be a number"),
        (np.ones((2, 2)), "one entry per row"),
    ],
)
def test_delta_of_a_wrong_kind(delta, message):
    with pytest.raises(ValueError, match=message):
        Grid(8, delta)
