"""The contract: every property with its statement and the lemma it comes from, and how it is checked.

A check raises Violation where the property does not hold, or NotApplicable, or returns what was tried; where it is statistical,
a p-value that is super-uniform under a correct quantizer, and what speaks against the property if it is small.
"""

from alpt_ref.testing.properties import calls, edges, grid, independence, nearest, order, stochastic, unbiased
from alpt_ref.testing.property import Property

CONTRACT: tuple[Property, ...] = (
    *grid.PROPERTIES,
    *edges.PROPERTIES,
    *nearest.PROPERTIES,
    *stochastic.PROPERTIES,
    *independence.PROPERTIES,
    *unbiased.PROPERTIES,
    *order.PROPERTIES,
    *calls.PROPERTIES,
)
BY_NAME = {entry.name: entry for entry in CONTRACT}
