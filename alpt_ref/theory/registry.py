"""All statements, in order; and those, and rounding rules, that a user brings."""

import importlib
from collections.abc import Iterable, Sequence

from alpt_ref.theory.claim import Claim
from alpt_ref.tools.importing import load
from alpt_ref.walks.asked import blocks
from alpt_ref.walks.rule import Rule

STATEMENTS = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "T1", "T1#", "T2", "T3", "T4", "T5", "T6", "T7",
              "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L11", "L12", "L13", "L14",
              "F1", "F2", "F3")  # fmt: skip
FILES = {
    "T1#": ("t1_sharp", "t1_energy", "t1_worst"),
    "T6": ("t6", "t6_learned"),
    "L11": ("l11", "l11_gaps"),
    "L12": ("l12", "l12_uniform"),
    "F1": ("f1", "f1_energy"),
    "F2": ("f2", "f2_stall"),
}  # of statements whose file is not called as they are


def all_claims() -> list[Claim]:
    """Every claim, in the order of the statements."""
    return [claim for name in STATEMENTS for claim in _parts(name)]


def claims_of(ids: Sequence[str]) -> list[Claim]:
    """The claims of the statements named (T1, L5, or one part, L5(a)), all without names. ValueError for an unknown one."""
    wanted = [name.upper() for name in ids]
    groups = [name for name in STATEMENTS if not wanted or any(w.split("(")[0] == name for w in wanted)]
    found = [claim for name in groups for claim in _parts(name)]
    for name, given in zip(wanted, ids, strict=True):
        parts = [claim.id for claim in found if claim.group == name.split("(")[0]]
        if name not in STATEMENTS and name not in [part.upper() for part in parts]:
            near = f"its parts are {', '.join(parts)}" if parts else f"one of {', '.join(STATEMENTS)}"
            raise ValueError(f"unknown statement {given!r}; {near}")
    return [claim for claim in found if not wanted or {claim.group, claim.id.upper()} & set(wanted)]


def _parts(name: str) -> list[Claim]:
    """The claims of a statement."""
    files = FILES.get(name, (name.lower(),))
    return [claim for file in files for claim in importlib.import_module(f"alpt_ref.theory.{file}").CLAIMS]


def load_rule(where: str) -> Rule:
    """A Rule from a user's module, asked once whether its probabilities are any."""
    rule = load(where, "rule")
    if not isinstance(rule, Rule):
        raise ValueError(f"rule {where}: must be an alpt_ref.theory.Rule, got {type(rule).__name__}")
    rule.up(*next(blocks()))
    return rule


def load_claims(where: str) -> list[Claim]:
    """A Claim, or several, from a user's module."""
    given = load(where, "claim")
    claims = [given] if isinstance(given, Claim) else list(given) if isinstance(given, Iterable) else []
    if not claims or not all(isinstance(claim, Claim) for claim in claims):
        raise ValueError(f"claim {where}: must be an alpt_ref.theory.Claim or a sequence of them, got {type(given).__name__}")
    return claims
