"""The record of a run, complete or not, and the question that it answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import alpt_ref
from alpt_ref.theory.claim import FALSE_ALARM, Row
from alpt_ref.tools.files import Record
from alpt_ref.walks.asked import fingerprint

if TYPE_CHECKING:
    from alpt_ref.studies.verification.run import Request


def about(request: "Request") -> Record:
    """The question that a record answers: results of one do not replace those of another. A rule is known by its name and its
    answers, a claim of one's own by its id, and by not being this package's."""
    s = request.setting
    return {
        "full": s.full,
        "rule": s.rule.name if s.rule else None,
        "answers": fingerprint(s.rule) if s.rule else None,
        "claims": [claim.id for claim in request.claims],
        "own": request.own,
        "data": [problem.fingerprint for problem in s.data],
    }


def record_of(request: "Request", rows: Sequence[Row], asked: int) -> Record:
    """The record of ``rows``, of ``asked`` ones, to which :func:`alpt_ref.studies.verification.run.run` may add more."""
    return {
        "version": alpt_ref.__version__,
        **about(request),
        "complete": True,
        "asked": asked,
        "false_alarm": FALSE_ALARM,
        "interval": "Monte Carlo rows: hedged capital (Waudby-Smith, Ramdas 2024), Bonferroni; others: rounding errors",
        "rows": [row.record() for row in rows],
        **dict.fromkeys(("directions", "floors", "ctr")),
    }
