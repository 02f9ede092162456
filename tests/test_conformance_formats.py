"""Verdicts on formats, zero points, codes, rows and blocks: sound designs pass, mutants die by the right name."""

import pytest

from alpt_ref.testing import assert_conforms, check_quantizer
from alpt_ref.testing.level import LEVELS
from alpt_ref.testing.properties import BY_NAME
from alpt_ref.testing.suite import FAIL
from tests import quantizers
from tests.marks import long
from tests.quantizers.formats import MUTANTS, SOUND
from tests.quantizers.running import FEW, name_of, run_all_as_they_stand, run_as_it_stands

pytestmark = pytest.mark.edge


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setitem(LEVELS, FEW.name, FEW)


SHORT = 6  # one of so many is for `make test`; `python -m tests.quantizers` has all designs at the default level
EARNEST = ("BitTrick", "ByCodes", "Mx")
KILLS = [
    pytest.param(mutant, name, level, id=mutant.__name__, marks=long if i % SHORT or level != "quick" else ())
    for i, (mutant, name, level) in enumerate(MUTANTS)
]


@pytest.mark.parametrize("design", SOUND[::SHORT], ids=name_of)
def test_sound_designs_pass(design):
    assert_conforms(design, level="few")


@long
@pytest.mark.parametrize("design", SOUND, ids=name_of)
def test_sound_designs_pass_in_earnest(design):
    assert_conforms(design, level="default" if design.__name__ in EARNEST else "quick")


@pytest.mark.parametrize(("mutant", "name", "level"), KILLS)
def test_mutants_are_killed(mutant, name, level, record_property):
    """By the property that is to name them, with a recipe that runs."""
    found = check_quantizer(mutant, name, level=level)[name]
    assert found.status == FAIL
    assert found.note
    assert found.recipe
    record_property("quantizer mutant", f"{mutant.__name__:<28}{name}: {found.note}"[:150])
    run_as_it_stands(mutant(), found)


@long
@pytest.mark.parametrize(("mutant", "seen_at"), [(mutant, seen_at) for mutant, _, seen_at in MUTANTS[::4]])
def test_counterexamples_are_python(mutant, seen_at):
    """Every recipe of every failure runs."""
    run_all_as_they_stand(mutant, "quick", seen_at)


def test_there_are_mutants_enough_and_each_property_kills_one():
    assert len({mutant for mutant, _, _ in MUTANTS}) >= 100
    assert {name for _, name, _ in [*quantizers.MUTANTS, *MUTANTS]} == set(BY_NAME)
    assert len(SOUND) >= 40


def test_mutants_have_names_of_their_own():
    names = [mutant.__name__ for mutant, _, _ in MUTANTS]
    assert not {name for name in names if names.count(name) > 1}
