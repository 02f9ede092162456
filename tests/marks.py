"""Marks of tests: what one of the two runs says for both, and what ``make test`` leaves to ``make test-long``."""

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


def compiled_long(test: Any) -> Any:
    """The same of a whole test."""
    return long(test) if JIT else test
