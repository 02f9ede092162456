"""The records that commands write as JSON, described once: types, JSON Schemas, and the tables of the documentation.

A schema is closed: it has all keys that a record can have. ``docs/schemas/`` holds the files, made by ``website/schemas.py``.
"""

from typing import Any

from alpt_ref.reports.schemas.comparison import Comparison
from alpt_ref.reports.schemas.convergence import Convergence
from alpt_ref.reports.schemas.describe import json_schema
from alpt_ref.reports.schemas.findings import Findings
from alpt_ref.reports.schemas.training import Metrics
from alpt_ref.reports.schemas.verdicts import Verdicts

# By the name of the file that a command writes, and its schema is named after.
RECORDS: dict[str, Any] = {
    "metrics": Metrics,
    "verdicts": Verdicts,
    "compare": Comparison,
    "convergence": Convergence,
    "found": Findings,
}


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of "metrics", "verdicts", "compare", "convergence" or "found"; ValueError for another name."""
    if name not in RECORDS:
        raise ValueError(f"name must be one of {', '.join(RECORDS)}, got {name!r}")
    return json_schema(RECORDS[name])
