"""The conformance suite judges right: sound designs pass, mutants die by the right name, false alarms are as rare as said."""

import numpy as np
import pytest

from alpt_ref.testing import NumpyQuantizer, assert_conforms, check_quantizer, ours
from alpt_ref.testing.adapter import Candidate
from alpt_ref.testing.properties import BY_NAME, CONTRACT
from alpt_ref.testing.suite import ALPHA, FAIL, FALSE_ALARM, PASS, SKIP, level_of
from alpt_ref.testing.targets import thresholds
from tests.quantizers import MUTANTS, SOUND, D, F, SeedOnly, Sound, SoundNearest

STATISTICAL = [entry.name for entry in CONTRACT if entry.statistical]
once = pytest.mark.jit  # plain NumPy: the compiled run of the tests says it all


@pytest.mark.parametrize("quantizer", SOUND, ids=lambda quantizer: quantizer.__name__)
def test_sound_designs_pass(quantizer):
    assert_conforms(quantizer, level="quick")


@pytest.mark.jit
@pytest.mark.parametrize("quantizer", [ours.Stochastic, ours.Nearest], ids=lambda quantizer: quantizer.__name__)
def test_our_quantizer_passes(quantizer):
    report = check_quantizer(quantizer)
    assert report.conforms
    other = "nearest" if quantizer.rounding == "stochastic" else "stochastic"
    skipped = [outcome.entry.rounding for outcome in report.outcomes if outcome.status == SKIP]
    assert set(skipped) == {other}


@once
@pytest.mark.parametrize("quantizer", [ours.ReferenceStochastic, ours.ReferenceNearest], ids=lambda q: q.__name__)
def test_our_reference_passes(quantizer):
    assert_conforms(quantizer, level="quick")


@once
@pytest.mark.parametrize(("mutant", "name", "level"), MUTANTS, ids=[mutant.__name__ for mutant, _, _ in MUTANTS])
def test_mutants_are_killed(mutant, name, level, record_property):
    found = check_quantizer(mutant, name, level=level)[name]
    assert found.status == FAIL
    assert found.note
    assert found.recipe
    record_property("quantizer mutant", f"{mutant.__name__:<26}{name}: {found.note}"[:150])


@pytest.mark.parametrize("mutant", [mutant for mutant, name, _ in MUTANTS if name.endswith("independent")])
def test_no_bias_is_claimed_without_independence(mutant):
    report = check_quantizer(mutant, "unbiased", "variance", "small-updates-survive", level="quick")
    assert [outcome.status for outcome in report.outcomes] == [SKIP] * 3
    assert all(outcome.note.startswith("not judged: needs ") for outcome in report.outcomes)


def test_there_are_mutants_enough_and_each_property_kills_one():
    assert len({mutant for mutant, _, _ in MUTANTS}) >= 25
    assert {name for _, name, _ in MUTANTS} == set(BY_NAME)


@once
@pytest.mark.parametrize("bias", [2.0**-16, -(2.0**-16)])
def test_thorough_finds_a_bias_of_2_to_the_minus_16(bias):
    """By enumeration; and by sampling, at the fractions of at most 2^-12 where it shows."""

    class Given(Sound):
        def codes(self, s, u):
            n = np.floor(s)
            return n + ((s > n) & (u < s - n + bias))

    class Drawn(SeedOnly):
        def quantize(self, x, delta, bits, seed):
            return Given().quantize(x, delta, bits, seed)

    enumerated = check_quantizer(Given, "unbiased-enumerated", level="thorough")["unbiased-enumerated"]
    assert enumerated.status == FAIL
    assert "bias" in enumerated.note
    # Without its needs, a minute's worth, which bias does not touch.
    sampled = BY_NAME["unbiased"].check(Candidate(Drawn), level_of("thorough"), ALPHA)
    assert sampled.p <= ALPHA
    assert "bias" in sampled.against


class Reseeded(SeedOnly):
    """The same sound quantizer with other random numbers in every run."""

    def __init__(self, run):
        self._run = run

    def quantize(self, x, delta, bits, seed):
        u = np.random.default_rng([self._run, seed]).random(x.shape, F)
        return Sound().quantize_with_uniforms(x, delta, bits, u)


@once
@pytest.mark.parametrize("first", [0, 100])
def test_no_alarm_in_200_quick_runs_and_super_uniform_p_values(first):
    runs = 100
    reports = [check_quantizer(Reseeded(run), level="quick") for run in range(first, first + runs)]
    assert all(report.conforms for report in reports)
    p = np.array([[report[name].p for name in STATISTICAL] for report in reports])
    for t in (0.01, 0.05, 0.1, 0.2, 0.5):
        below = (p <= t).sum(axis=0)
        assert (below <= runs * t + 4.0 * np.sqrt(runs * t * (1.0 - t)) + 1.0).all(), (
            t,
            dict(zip(STATISTICAL, below, strict=True)),
        )
    assert p.min() < 0.5  # they are p-values of something


def test_the_false_alarm_rate_is_shared_evenly():
    assert pytest.approx(FALSE_ALARM) == ALPHA * len(STATISTICAL)
    assert FALSE_ALARM <= 1e-6


def test_bias_is_not_taken_for_dependence():
    class Drifts(Sound):
        def codes(self, s, u):
            n = np.floor(s)
            return n + ((s > n) & (u < s - n + 0.2))

    report = check_quantizer(Drifts, "elements-independent", "seeds-independent", "unbiased", level="default")
    assert [outcome.status for outcome in report.outcomes] == [PASS, PASS, FAIL]


def test_a_constant_is_neither_dependent_nor_unbiased():
    class Floors(Sound):
        def codes(self, s, u):
            return np.floor(s)

    report = check_quantizer(Floors, level="quick")
    assert report["elements-independent"].status == PASS
    assert report["unbiased"].failed


def test_the_smallest_counterexample_is_found():
    """Shrinking ends at few bits, delta = 1 and the value next to the threshold."""
    mutants = {mutant.__name__: mutant for mutant, _, _ in MUTANTS}
    for name, entry, said, python in (
        ("NearestWraps", "saturates", "x = 1.5 gives -2; demanded: 1", "quantize(np.array([1.5], np.float32), 1.0, 2, seed=0)"),
        ("FloorOfHalfMore", "nearest-point", "x = 0.49999997 gives 1; demanded: 0", None),
        ("TiesUpUndeclared", "ties", "x = -1.5 gives -1; demanded: -2", None),
        ("LessOrEqual", "grid-points-fixed", "x = 0.0 gives 1; demanded: 0", "quantize_with_uniforms(np.array([0.0], "),
    ):
        found = check_quantizer(mutants[name], entry, level="quick")[entry]
        assert found.note.startswith(said)
        assert python is None or found.recipe.startswith(python)


@once
@pytest.mark.parametrize("mutant", [mutant for mutant, _, _ in MUTANTS], ids=lambda mutant: mutant.__name__)
def test_counterexamples_are_python(mutant):
    """Every recipe of every failure runs as it stands, with the adapter's methods as functions."""
    adapter = mutant()
    names = {"np": np, "thresholds": thresholds, "quantize": adapter.quantize}
    if hasattr(adapter, "quantize_with_uniforms"):
        names["quantize_with_uniforms"] = adapter.quantize_with_uniforms
    for outcome in check_quantizer(mutant, level="quick").failures:
        with np.errstate(all="ignore"):
            if "raises" in outcome.note:
                with pytest.raises(ValueError, match="zero-size"):
                    exec(outcome.recipe, names)
            else:
                exec(outcome.recipe, names)


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
        (lambda x, delta, bits, seed: np.zeros(x.shape, int), "returns int64, not floats"),
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


def test_nan_is_met_in_arrays_that_fill_a_register():
    def vectorized(x, delta, bits, seed):
        y = Sound().quantize(x, delta, bits, seed)
        return np.where(np.isnan(x), F(0), y) if x.size >= 8 else y

    outcome = check_quantizer(NumpyQuantizer(vectorized), "non-finite", level="quick")["non-finite"]
    assert outcome.note.startswith("nan becomes zero; demanded: error or nan")


def test_one_random_bit_is_judged():
    def nearest(x, delta, bits, seed):
        return SoundNearest().quantize(x, delta, bits, seed)

    report = check_quantizer(NumpyQuantizer(nearest, random_bits=1), "variance", level="quick")
    assert report["variance"].status == PASS  # within 1/2 of every probability


def test_the_recipe_of_a_downward_walk_goes_down():
    class DropsDownwardMoves(SeedOnly):
        def quantize(self, x, delta, bits, seed):
            s = x.astype(D) / delta
            kept = (s < 0) & (np.ceil(s) - s < 1 / 512)
            return Sound().quantize(np.where(kept, np.ceil(s) * delta, x).astype(F), delta, bits, seed)

    outcome = check_quantizer(DropsDownwardMoves, "small-updates-survive", level="quick")["small-updates-survive"]
    assert "updates of -0.001000 steps: mean move +0.0000" in outcome.note
    names = {"np": np, "quantize": DropsDownwardMoves().quantize}
    exec(outcome.recipe, names)
    assert (names["w"] == 0).all()


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


def test_a_leap_is_told_with_its_element():
    mutants = {mutant.__name__: mutant for mutant, _, _ in MUTANTS}
    outcome = check_quantizer(mutants["LeapsRarely"], "unbiased", level="quick")["unbiased"]
    assert "its neighbours" in outcome.note
    x, value = outcome.case.x, eval(outcome.recipe, {"np": np, "quantize": mutants["LeapsRarely"]().quantize})
    i = int(outcome.recipe.rpartition("flat[")[2].rstrip("]"))
    assert value - x.flat[i] > outcome.case.delta
