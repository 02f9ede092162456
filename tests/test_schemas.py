"""The JSON Schemas of records: generated, closed, and kept by what commands write."""

import copy
import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from jsonschema import Draft202012Validator, ValidationError

from alpt_ref.reports.schemas import RECORDS, schema
from alpt_ref.reports.schemas.describe import json_schema, keys
from tests.page_records import verdicts_record
from tests.records import fits
from website.schemas import DOCS, PAGES, with_table

pytestmark = pytest.mark.edge


@pytest.mark.parametrize("name", RECORDS)
def test_the_files_are_what_the_types_say(name):
    assert json.loads((DOCS / "schemas" / f"{name}.json").read_text()) == schema(name), "run python -m website.schemas"
    Draft202012Validator.check_schema(schema(name))
    page = (DOCS / PAGES[name]).read_text()
    assert with_table(name, page) == page, "run python -m website.schemas"


@pytest.mark.parametrize("name", RECORDS)
def test_every_key_has_a_sentence_of_its_own(name):
    for path, words in keys(RECORDS[name]):
        assert len(words) > 3, path
        assert not words.startswith("the same"), path


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="name must be one of metrics, verdicts, compare, convergence, found, got 'train'"):
        schema("train")
    with pytest.raises(ValueError, match=r"the page has no place for the keys of metrics\.json"):
        with_table("metrics", "# metrics.json\n")


def test_schemas_are_closed():
    record = verdicts_record() | {"complete": True, "asked": 8, "interval": "", "finding": "", "seed": 0}
    fits("verdicts", record)

    def refused(change):
        changed = copy.deepcopy(record)
        change(changed)
        with pytest.raises(ValidationError):
            fits("verdicts", changed)

    refused(lambda r: r.update(more=1))
    refused(lambda r: r.pop("rows"))
    refused(lambda r: r.update(full="yes"))
    refused(lambda r: r["rows"][0].update(verdict="true"))
    refused(lambda r: r["rows"][0]["checks"][0].pop("holds"))


class _Leaf(TypedDict):
    """A leaf."""

    n: Annotated[int, "a number"]


class _Tree(TypedDict):
    leaves: Annotated[list[_Leaf], "all of them"]
    by_name: Annotated[dict[str, _Leaf], "by name"]
    kind: Annotated[Literal["a", "b"] | None, "its kind"]
    size: Annotated[int | float | None, "its size"]
    more: NotRequired[Annotated[Any, "whatever"]]


def test_a_type_becomes_a_schema():
    found = json_schema(_Tree)
    assert found["required"] == ["leaves", "by_name", "kind", "size"]
    assert found["properties"] == {
        "leaves": {"type": "array", "items": {"$ref": "#/$defs/_Leaf"}, "description": "all of them"},
        "by_name": {"type": "object", "additionalProperties": {"$ref": "#/$defs/_Leaf"}, "description": "by name"},
        "kind": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}], "description": "its kind"},
        "size": {"type": ["integer", "number", "null"], "description": "its size"},
        "more": {"description": "whatever"},
    }
    assert found["$defs"]["_Leaf"]["description"] == "A leaf."
    assert list(keys(_Tree)) == [
        ("leaves", "all of them"),
        ("leaves[].n", "a number"),
        ("by_name", "by name; keys as in `leaves[]`"),
        ("kind", "its kind"),
        ("size", "its size"),
        ("more", "whatever"),
    ]


def test_a_type_that_json_lacks_is_refused():
    class Wrong(TypedDict):
        x: set[int]

    with pytest.raises(TypeError, match=r"JSON has no set\[int\]"):
        json_schema(Wrong)
