"""The cells of a verification: one for each row, and one for each table that is not about a single statement."""

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from alpt_ref.problems import LogisticProblem
from alpt_ref.scalars.diskcache import source_hash
from alpt_ref.studies.cells import Cell, RunSpec
from alpt_ref.studies.verification import directions, floors
from alpt_ref.studies.verification.blame import blamed
from alpt_ref.theory.claim import Claim, Instance, Row, Setting
from alpt_ref.theory.registry import claims_of
from alpt_ref.theory.verdict import verify
from alpt_ref.tools.checks import check_subnormals
from alpt_ref.tools.files import Arrays

if TYPE_CHECKING:
    from alpt_ref.studies.verification.run import Request

PARTS = {"directions": directions, "floors": floors}


def code_version() -> str:
    """Sixteen hexadecimal digits of the package's sources: a saved row is one of this very code."""
    return source_hash()[:16]


def cell_of(request: "Request", claim: Claim, instance: Instance, alpha: float) -> Cell:
    """The cell of a row. Of built-in claims and rules any process can compute it, by their names."""
    s = request.setting
    spec = {"id": claim.id, "instance": instance.name, "full": s.full, "seed": s.seed, "alpha": alpha}
    spec |= {"data": [problem.fingerprint for problem in s.data], "code": code_version()}
    if request.cached:
        plain = replace(s, data=(), threads=1)
        return Cell(RunSpec("verdict", spec), _named_row, (plain, claim.id, instance.name, alpha), (s.data,), wide=True)
    return Cell(RunSpec("verdict", spec), _own_row, (claim, instance, alpha, s), wide=True)


def row_of(arrays: Arrays) -> Row:
    """The row of a cell."""
    row = arrays["row"].item()
    return row if isinstance(row, Row) else Row.from_record(json.loads(row))


def instances_of(claim: Claim, setting: Setting, builtin: bool) -> tuple[Instance, ...]:
    """The instances of a claim. Of a built-in one they are made once in a process, as some take a second."""
    if not builtin:
        return tuple(claim.instances(setting))
    return _instances(claim.id, replace(setting, threads=1, device="cpu"))


@cache
def _instances(claim_id: str, setting: Setting) -> tuple[Instance, ...]:
    return tuple(_claim(claim_id).instances(setting))


def _claim(claim_id: str) -> Claim:
    (claim,) = (claim for claim in claims_of([claim_id]) if claim.id == claim_id)
    return claim


def part_of(name: str) -> Cell:
    """The cell of one of PARTS: its records, as JSON."""
    return Cell(RunSpec("verdict", {"part": name, "code": code_version()}), _part, (name,))


def _part(name: str) -> Arrays:
    return {"json": np.array(json.dumps(PARTS[name].measure()))}


def _own_row(claim: Claim, instance: Instance, alpha: float, setting: Setting, threads: int) -> Arrays:
    with blamed(f"{claim.id}, {instance.name}"):
        row = verify(claim, instance, alpha, threads, setting.rule, setting.device)
        check_subnormals("the rule or the claim")
    return {"row": np.array(row, object)}


def _named_row(
    data: tuple[LogisticProblem, ...], setting: Setting, claim_id: str, name: str, alpha: float, threads: int
) -> Arrays:
    claim = _claim(claim_id)
    with blamed(f"{claim_id}, {name}"):
        (instance,) = (each for each in instances_of(claim, replace(setting, data=data), True) if each.name == name)
        row = verify(claim, instance, alpha, threads, device=setting.device)
    return {"row": np.array(json.dumps(row.record()))}
