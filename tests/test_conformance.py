"""Verdicts: sound designs pass, mutants die by the right name, counterexamples are small and run."""

import numpy as np
import pytest

from alpt_ref.testing import NumpyQuantizer, assert_conforms, check_quantizer, ours
from alpt_ref.testing.level import LEVELS
from alpt_ref.testing.properties import CONTRACT
from alpt_ref.testing.suite import FAIL, PASS, SKIP
from tests.marks import long, once
from tests.quantizers import MUTANTS, SOUND, D, F, SeedOnly, Sound, SoundNearest
from tests.quantizers.running import FEW, FEWEST, name_of, run_all_as_they_stand, run_as_it_stands


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Levels below the quick one, for what `make test-long` does on the quick one."""
    for level in (FEW, FEWEST):
        monkeypatch.setitem(LEVELS, level.name, level)


@pytest.mark.parametrize("level", ["few", pytest.param("quick", marks=[long, once])])
@pytest.mark.parametrize(
    "quantizer",
    [*SOUND[:2], *(pytest.param(other, marks=[once, *([long] if i % 2 else [])]) for i, other in enumerate(SOUND[2:]))],
    ids=name_of,
)
def test_sound_designs_pass(quantizer, level):
    assert_conforms(quantizer, level=level)


@pytest.mark.jit
@pytest.mark.parametrize("level", ["quick", pytest.param("default", marks=long)])
@pytest.mark.parametrize("quantizer", [ours.Stochastic, ours.Nearest], ids=name_of)
def test_our_quantizer_passes(quantizer, level):
    report = check_quantizer(quantizer, level=level)
    assert report.conforms
    other = "nearest" if quantizer.rounding == "stochastic" else "stochastic"
    skipped = [outcome.entry.rounding for outcome in report.outcomes if outcome.status == SKIP]
    assert set(skipped) == {other}


@once
@pytest.mark.parametrize("level", ["fewest", pytest.param("quick", marks=long)])
@pytest.mark.parametrize("quantizer", [ours.ReferenceStochastic, ours.ReferenceNearest], ids=name_of)
def test_our_reference_passes(quantizer, level):
    assert_conforms(quantizer, level=level)


SLOW = {"BiasedDrawsByALittle", "NearestInFloat16"}  # to sample, to shrink
KILLS = [
    pytest.param(mutant, name, level, id=mutant.__name__, marks=long if mutant.__name__ in SLOW else ())
    for mutant, name, level in MUTANTS
]


@once
@pytest.mark.parametrize(("mutant", "name", "level"), KILLS)
def test_mutants_are_killed(mutant, name, level, record_property):
    """By the property that is to name them, with a recipe that runs."""
    found = check_quantizer(mutant, name, level=level)[name]
    assert found.status == FAIL
    assert found.note
    assert found.recipe
    record_property("quantizer mutant", f"{mutant.__name__:<26}{name}: {found.note}"[:150])
    run_as_it_stands(mutant(), found)


@pytest.mark.parametrize("mutant", [mutant for mutant, name, _ in MUTANTS if name.endswith("independent")])
def test_no_bias_is_claimed_without_independence(mutant):
    asked = "unbiased", "variance", "small-updates-survive"
    report = check_quantizer(mutant, *asked, level="quick")
    assert not report.conforms
    assert all(report[name].status == SKIP for name in asked)
    assert all(report[name].note.startswith("not judged: needs ") for name in asked)
    assert {outcome.entry.name for outcome in report.failures} <= {"repeatable", "elements-independent", "seeds-independent"}


def test_there_are_mutants_enough_and_each_property_kills_one():
    assert len({mutant for mutant, _, _ in MUTANTS}) >= 25
    assert {name for _, name, _ in MUTANTS} == {entry.name for entry in CONTRACT if entry.grids in (None, "integer grids")}


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
@pytest.mark.parametrize(
    ("mutant", "level", "seen_at"),
    [
        *((mutant, "few", seen_at) for mutant, _, seen_at in MUTANTS[::16]),
        *(pytest.param(mutant, "quick", seen_at, marks=long) for mutant, _, seen_at in MUTANTS),
    ],
)
def test_counterexamples_are_python(mutant, level, seen_at):
    """Every recipe of every failure runs, those of properties that were not to name the mutant, too."""
    run_all_as_they_stand(mutant, level, seen_at)


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


def test_a_leap_is_told_with_its_element():
    mutants = {mutant.__name__: mutant for mutant, _, _ in MUTANTS}
    outcome = check_quantizer(mutants["LeapsRarely"], "unbiased", level="quick")["unbiased"]
    assert "its neighbours" in outcome.note
    x, value = outcome.case.x, eval(outcome.recipe, {"np": np, "quantize": mutants["LeapsRarely"]().quantize})
    i = int(outcome.recipe.rpartition("flat[")[2].rstrip("]"))
    assert value - x.flat[i] > outcome.case.delta
