"""The theorems, one file each: statement, proof, assumptions as numbers, the bound typed once, and the verdict.

Exact laws are public here, and the nouns that a statement or a rounding rule of your own needs.
"""

from typing import TYPE_CHECKING

from alpt_ref.tools.lazy import lazy

if TYPE_CHECKING:
    from alpt_ref.theory.claim import Check, Claim, Instance, Measured, Setting
    from alpt_ref.theory.own import regret_on
    from alpt_ref.theory.registry import all_claims
    from alpt_ref.theory.verdict import verify
    from alpt_ref.walks.exact import Law, exact_law
    from alpt_ref.walks.rule import Rule, random_bits
    from alpt_ref.walks.stationary import Stationary, stationary_law
    from alpt_ref.walks.window import Window

_HOMES = {
    "Law": "walks.exact",
    "exact_law": "walks.exact",
    "Rule": "walks.rule",
    "random_bits": "walks.rule",
    "Stationary": "walks.stationary",
    "stationary_law": "walks.stationary",
    "Window": "walks.window",
    "Check": "theory.claim",
    "Claim": "theory.claim",
    "Instance": "theory.claim",
    "Measured": "theory.claim",
    "Setting": "theory.claim",
    "verify": "theory.verdict",
    "all_claims": "theory.registry",
    "regret_on": "theory.own",
}
__all__ = [
    "Check",
    "Claim",
    "Instance",
    "Law",
    "Measured",
    "Rule",
    "Setting",
    "Stationary",
    "Window",
    "all_claims",
    "exact_law",
    "random_bits",
    "regret_on",
    "stationary_law",
    "verify",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
