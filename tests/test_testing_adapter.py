"""Adapters: what they declare, what is no adapter, and what goes wrong in their calls."""

import numpy as np
import pytest

from alpt_ref.testing import NumpyQuantizer, assert_conforms, check_quantizer
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.suite import FAIL, PASS, SKIP
from tests.quantizers import D, F, Sound, SoundNearest

pytestmark = pytest.mark.glue


def test_a_level_or_a_property_or_an_adapter_that_is_none():
    with pytest.raises(ValueError, match="level must be one of quick, default, thorough, got 'fast'"):
        check_quantizer(Sound, level="fast")
    with pytest.raises(ValueError, match="unknown property 'bias'; one of values-on-grid"):
        check_quantizer(Sound, "bias")
    with pytest.raises(ValueError, match="int must have a method quantize"):
        check_quantizer(3)


def test_assert_conforms_lists_every_counterexample():
    def half_up(x, delta, bits, seed):
        return np.clip(np.floor(x.astype(D) / delta + 0.5), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * delta

    quantizer = NumpyQuantizer(half_up, rounding="nearest")
    said = (
        r"ties: x = -1.5 gives -1; demanded: -2, ties to even\n    quantize\(np.array\(\[-1.5\], .*\n"
        r"dtype-and-shape: returns float64 of shape \(\)"
    )
    with pytest.raises(AssertionError, match=said):
        assert_conforms(quantizer, "ties", "dtype-and-shape", level="quick")


def test_numpy_quantizer_wraps_functions_and_refuses_unknown_words():
    nearest = NumpyQuantizer(SoundNearest().quantize, rounding="nearest", ties="even")
    assert check_quantizer(nearest, "ties", level="quick")["ties"].status == PASS
    sound = NumpyQuantizer(Sound().quantize, Sound().quantize_with_uniforms, random_bits=24)
    assert check_quantizer(sound, "unbiased-enumerated", level="quick").conforms
    with pytest.raises(ValueError, match="unknown declaration 'tie'; one of rounding, range, ties"):
        NumpyQuantizer(Sound().quantize, tie="even")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"rounding": "up"}, "rounding must be one of 'stochastic', 'nearest', got 'up'"),
        ({"range": "half"}, "range must be one of 'full', 'symmetric', got 'half'"),
        ({"random_bits": 0}, "random_bits must be an integer in 1..53, got 0"),
        ({"random_bits": True}, "random_bits must be an integer in 1..53, got True"),
        ({"bits": (1, 8)}, r"bits must be integers in 2..16, got \(1, 8\)"),
        ({"bits": ()}, r"bits must be integers in 2..16, got \(\)"),
        ({"bits": "8"}, r"bits must be integers in 2..16, got \('8',\)"),
        (
            {"step_range": (2.0**-41, 1.0)},
            r"step_range must be \(2\^-40 .. 2\^-7, 1 .. 2\^20\), smallest and largest step, got",
        ),
        ({"step_range": (0.1, 1.0)}, r"step_range must be .* got \(0.1, 1.0\)"),
        ({"step_range": (2.0**-8, float("nan"))}, r"step_range must be .* nan\)"),
        ({"step_range": 1.0}, "step_range must be .* got 1.0"),
        ({"step_range": ("a", 1.0)}, "step_range must be .* got"),
        ({"nan": ["zero"]}, r"nan must be one of 'error', 'nan', 'zero', 'lowest', 'highest', got \['zero'\]"),
        ({"coupled": "no"}, "coupled must be one of True, False, got 'no'"),
    ],
)
def test_wrong_declarations_are_refused(declared, said):
    with pytest.raises(ValueError, match=said):
        check_quantizer(NumpyQuantizer(Sound().quantize, **declared), level="quick")


def test_declarations_are_read():
    declared = Candidate(NumpyQuantizer(Sound().quantize, bits=8, range="symmetric", random_bits=5)).declared
    assert (declared.bits, declared.q_lo(8), declared.q_hi(8), declared.bias) == ((8,), -127, 127, 2.0**-5)
    assert declared.deviations() == {"range": "symmetric", "random_bits": 5, "bits": (8,)}
    assert Candidate(Sound).declared.deviations() == {}


def test_what_is_returned_must_be_floats_of_the_shape():
    for function, said in (
        (lambda x, delta, bits, seed: np.zeros(x.shape, int), "returns int64, not float32"),
        (lambda x, delta, bits, seed: None, "returns None"),
        (lambda x, delta, bits, seed: np.zeros(x.size + 1, F), "returns shape (2,) for shape (1,)"),
    ):
        assert check_quantizer(NumpyQuantizer(function), "values-on-grid", level="quick").failures[0].note == said


def test_an_error_is_narrowed_down_to_the_element_that_raises_it():
    def picky(x, delta, bits, seed):
        if (np.abs(x) > 2.0**60).any():
            raise OverflowError("too large")
        return SoundNearest().quantize(x, delta, bits, seed)

    outcome = check_quantizer(NumpyQuantizer(picky, rounding="nearest"), "saturates", level="quick")["saturates"]
    assert outcome.note == "raises OverflowError: too large"
    assert outcome.case.x.size == 1
    assert outcome.recipe.startswith("quantize(np.array([")
    assert outcome.recipe.endswith("], np.float32), 1.0, 2, seed=0)")


def test_what_always_raises_has_no_policy_on_nan():
    def broken(x, delta, bits, seed):
        raise RuntimeError("no device")

    outcome = check_quantizer(NumpyQuantizer(broken, nan="error", infinity="error"), "non-finite", level="quick")["non-finite"]
    assert outcome.status == FAIL
    assert outcome.note == "raises RuntimeError: no device"


def test_what_fails_to_run_fails():
    def broken(x, delta, bits, seed):
        raise RuntimeError("no device")

    report = check_quantizer(NumpyQuantizer(broken), level="quick")
    assert not report.conforms
    assert report["values-on-grid"].note == "raises RuntimeError: no device"
    assert report["values-on-grid"].recipe == "quantize(np.array([0.0], np.float32), 1.0, 2, seed=0)"
    assert {outcome.note for outcome in report.outcomes if outcome.entry.demanded_of("stochastic")} == {
        "raises RuntimeError: no device",
        "not judged: the plainest call fails",
    }
    assert check_quantizer(NumpyQuantizer(broken), "unbiased", level="quick").failures


def test_odd_adapters_get_a_verdict():
    class UntoldError(Exception):
        def __str__(self):
            raise RuntimeError

    def untold(x, delta, bits, seed):
        raise UntoldError

    assert check_quantizer(NumpyQuantizer(untold), level="quick").failures[0].note == "raises UntoldError: "

    def strict(x, delta, bits, seed):
        np.seterr(all="raise")
        return Sound().quantize(x, delta, bits, seed)

    before = np.geterr()
    assert check_quantizer(NumpyQuantizer(strict), level="quick").conforms
    assert np.geterr() == before

    class NoDevice(Sound):
        @property
        def bits(self):
            raise RuntimeError("no device")

    with pytest.raises(ValueError, match="bits cannot be read: RuntimeError: no device"):
        check_quantizer(NoDevice, level="quick")


def test_what_keeps_a_property_from_being_judged_is_told():
    class SharedAndBiased(Sound):
        def draw(self, shape, seed):
            return np.full(shape, 0.9, F) * super().draw((1,), seed)

    with pytest.raises(AssertionError, match=r"elements-independent: x = 0\.5 everywhere"):
        assert_conforms(SharedAndBiased, "unbiased", level="quick")
    report = check_quantizer(SharedAndBiased, "unbiased", level="quick")
    assert [(outcome.entry.name, outcome.status) for outcome in report.outcomes] == [
        ("unbiased", SKIP),
        ("elements-independent", FAIL),
    ]
