"""Records of commands, held to their JSON Schemas."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from alpt_ref.reports.schemas import schema


def fits(name: str, record: Any) -> Any:
    """Return the record, or what the file holds, once it is what the schema of that name says; jsonschema.ValidationError."""
    found = json.loads(record.read_text()) if isinstance(record, Path) else record
    Draft202012Validator(schema(name)).validate(found)
    return found
