"""All statements, in order; and those, and rounding rules, that a user brings."""

import importlib
from collections.abc import Iterable, Sequence

import numpy as np

from alpt_ref.theory.claim import Claim
from alpt_ref.tools.importing import load
from alpt_ref.walks.asked import blocks
from alpt_ref.walks.rule import Rule

MODULES = ("q1", "q2", "q3", "q4", "q5", "q6", "t1", "t2", "t3", "t4", "t5", "t6",
           "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9", "l10")  # fmt: skip
CONTINUED = {"t6": "t6_learned"}  # statements whose last parts have a file of their own


def all_claims() -> list[Claim]:
    """Every claim, in the order of the statements."""
    return [claim for name in MODULES for claim in _parts(name)]


def claims_of(ids: Sequence[str]) -> list[Claim]:
    """The claims of the statements named (T1, L5, or one part, L5(a)), all without names. ValueError for an unknown one."""
    wanted = [name.upper() for name in ids]
    known = {module.upper() for module in MODULES}
    modules = [module for module in MODULES if not wanted or any(w.split("(")[0] == module.upper() for w in wanted)]
    found = [claim for name in modules for claim in _parts(name)]
    for name, given in zip(wanted, ids, strict=True):
        parts = [claim.id for claim in found if claim.group == name.split("(")[0]]
        if name not in known and name not in [part.upper() for part in parts]:
            near = f"its parts are {', '.join(parts)}" if parts else f"one of {', '.join(m.upper() for m in MODULES)}"
            raise ValueError(f"unknown statement {given!r}; {near}")
    return [claim for claim in found if not wanted or {claim.group, claim.id.upper()} & set(wanted)]


def _parts(name: str) -> list[Claim]:
    """The claims of a statement, of MODULES."""
    files = (name, CONTINUED[name]) if name in CONTINUED else (name,)
    return [claim for file in files for claim in importlib.import_module(f"alpt_ref.theory.{file}").CLAIMS]


def load_rule(where: str) -> Rule:
    """A Rule from a user's module, asked once whether its probabilities are any."""
    rule = load(where, "rule")
    if not isinstance(rule, Rule):
        raise ValueError(f"rule {where}: must be an alpt_ref.theory.Rule, got {type(rule).__name__}")
    codes, fractions = blocks()[0]
    rule.up(np.repeat(codes, fractions.shape[1]), fractions.ravel())
    return rule


def load_claims(where: str) -> list[Claim]:
    """A Claim, or several, from a user's module."""
    given = load(where, "claim")
    claims = [given] if isinstance(given, Claim) else list(given) if isinstance(given, Iterable) else []
    if not claims or not all(isinstance(claim, Claim) for claim in claims):
        raise ValueError(f"claim {where}: must be an alpt_ref.theory.Claim or a sequence of them, got {type(given).__name__}")
    return claims
