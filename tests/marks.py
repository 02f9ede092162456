"""Marks of tests: what one of the two runs says for both, and what ``make test`` leaves to ``make test-long``."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest

from alpt_ref.scalars.jit import JIT

once = pytest.mark.jit  # no compiled loops: the compiled run of the tests says it all
long = pytest.mark.long  # in number what a smaller sibling is in kind
compiled = long if JIT else ()  # for parameters that compile loops of their own


def compiles(*values: Any) -> list[Any]:
    """Parameters (tuples: of several names) that compile loops of their own from a source that others compile, too:
    ``make test`` runs them plain."""
    return [pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=compiled) for value in values]


def combined(*lists: Sequence[Any], kind: Callable[[Any], Any] = lambda value: value) -> list[Any]:
    """All combinations of the values of a few lists; where loops are compiled, ``make test`` runs a part of them in which
    every kind of every list is met. Values of one kind share their compiled loops."""
    kinds = [list(dict.fromkeys(map(kind, values))) for values in lists]
    met = {tuple(i % len(of) for of in kinds) for i in range(max(map(len, kinds)))}

    def marks(values: Any) -> Any:
        return () if tuple(of.index(kind(value)) for of, value in zip(kinds, values, strict=True)) in met else compiled

    return [pytest.param(*values, marks=marks(values)) for values in product(*lists)]
