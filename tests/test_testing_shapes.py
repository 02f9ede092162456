"""The shapes of the arrays that a quantizer gets: few, as some libraries compile for each."""

import numpy as np
import pytest

from alpt_ref.testing import check_quantizer
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.level import LEVELS
from alpt_ref.testing.search import all_thresholds
from alpt_ref.testing.shapes import LENGTHS, WIDTHS, fitting, padded, padded_text
from alpt_ref.testing.targets import thresholds
from tests.marks import long
from tests.quantizers import Sound

pytestmark = pytest.mark.edge


class Counted(Sound):
    def __init__(self):
        self.seen = set()

    def quantize(self, x, delta, bits, seed):
        self.seen.add(x.shape)
        return super().quantize(x, delta, bits, seed)

    def quantize_with_uniforms(self, x, delta, bits, u):
        self.seen.add(x.shape)
        return super().quantize_with_uniforms(x, delta, bits, u)


@pytest.mark.parametrize(("level", "most"), [("quick", 40), pytest.param("default", 98, marks=long)])
def test_shapes_are_few(level, most):
    adapter = Counted()
    assert check_quantizer(adapter, level=level).conforms
    assert len(adapter.seen) <= most, sorted(adapter.seen)
    assert {(size,) for size in (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 257)} <= adapter.seen


def test_what_is_drawn_has_one_element_or_eight():
    adapter = Counted()
    check_quantizer(adapter, "two-neighbours", level="quick")
    assert adapter.seen == {(1,), (8,), (256,), (2048,)}


def test_a_padded_vector_begins_again():
    assert [fitting(n) for n in (1, 2, 8, 9, 256, 257, 2048, 2049)] == [1, 8, 8, 256, 256, 2048, 2048, 2049]
    assert [fitting(n, WIDTHS) for n in (9, 16, 17, 71, 73)] == [16, 16, 32, 72, 73]
    x = np.arange(79, dtype=np.float32)
    assert np.array_equal(padded(x), np.resize(x, 256))
    assert padded(x[:0]).size == 0
    assert padded_text("x", 79) == "np.resize(x, 256)"
    assert padded_text("x", 256) == "x"


def test_the_text_of_a_sweep_makes_its_values():
    known = {"np": np, "thresholds": thresholds}
    for case in all_thresholds(Candidate(Sound), LEVELS["quick"], exact_only=False):
        assert np.array_equal(eval(case.source, known), case.x)
        assert case.x.size in LENGTHS
