"""Levels below the quick one, for tests that ask many quantizers, and recipes run as a user would run them."""

import builtins
import re
from dataclasses import replace

import numpy as np
import pytest

from alpt_ref.testing import check_quantizer, recipes
from alpt_ref.testing.level import LEVELS

FEW = replace(
    LEVELS["quick"], name="few", examples=5, widest=4, samples=2**8, rare_samples=2**8, side=16, seeds=64, weights=200
)
FEWEST = replace(  # for an element at a time, in Python
    FEW, name="fewest", examples=3, widest=3, samples=2**6, rare_samples=2**6, lattice=6, side=16, seeds=16, weights=50
)
NAMES = {"np": np, **{name: getattr(recipes, name) for name in recipes.__all__}}


def name_of(quantizer):
    return quantizer.__name__


def run_as_it_stands(adapter, outcome):
    """Run the recipe of a failure, with the adapter's methods as functions."""
    names = NAMES | {"quantize": adapter.quantize}
    if getattr(adapter, "quantize_with_uniforms", None):
        names["quantize_with_uniforms"] = adapter.quantize_with_uniforms
    with np.errstate(all="ignore"):
        if "raises" in outcome.note:
            error, line = re.search(r"raises (\w+): (.*)", outcome.note).groups()
            with pytest.raises(getattr(builtins, error), match=re.escape(line)):
                exec(outcome.recipe, names)
        else:
            exec(outcome.recipe, names)


def run_all_as_they_stand(mutant, level, seen_at):
    """Run the recipes of all failures at ``level``, of which there are some where the mutant is seen at the quick level."""
    adapter, failures = mutant(), check_quantizer(mutant, level=level).failures
    assert failures or seen_at != "quick"
    for outcome in failures:
        run_as_it_stands(adapter, outcome)
