"""Marks of tests: what one of the two runs says for both, and what ``make test`` leaves to ``make test-long``."""

from typing import Any

import pytest

from alpt_ref.scalars.jit import JIT

once = pytest.mark.jit  # no compiled loops: the compiled run of the tests says it all
long = pytest.mark.long  # in number what a smaller sibling is in kind


def compiles(*values: Any) -> list[Any]:
    """Parameters that compile loops of their own from a source that others compile, too: ``make test`` runs them plain."""
    return [pytest.param(value, marks=long if JIT else ()) for value in values]


def compiled_long(test: Any) -> Any:
    """The same of a whole test."""
    return long(test) if JIT else test
