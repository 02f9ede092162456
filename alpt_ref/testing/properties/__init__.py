"""The contract: every property with its statement, the lemma that it comes from, and its check.

A check raises Violation where the property does not hold, or NotApplicable. Otherwise its Finding tells what was tried and, for
a statistical property, a p-value that is super-uniform under a correct quantizer, with what speaks against the property if it
is small.
"""

from alpt_ref.testing.properties import calls, edges, grid, independence, nearest, order, own, stochastic, unbiased
from alpt_ref.testing.property import Property

CONTRACT: tuple[Property, ...] = (
    *grid.PROPERTIES,
    *edges.PROPERTIES,
    *nearest.PROPERTIES,
    *stochastic.PROPERTIES,
    *independence.PROPERTIES,
    *unbiased.PROPERTIES,
    *order.PROPERTIES,
    *own.PROPERTIES,
    *calls.PROPERTIES,
)
BY_NAME = {entry.name: entry for entry in CONTRACT}
