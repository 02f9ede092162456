"""Write the JSON Schemas of the records that commands write, and the tables of their keys in the documentation.

    python -m website.schemas

``docs/schemas/NAME.json`` is the schema. In a page the table stands between two comments; what is outside of them stays.
"""

from pathlib import Path

from alpt_ref.reports.schemas import RECORDS, schema
from alpt_ref.reports.schemas.describe import keys
from alpt_ref.tools.files import write_json, write_text

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = {
    "metrics": "metrics.md",
    "verdicts": "verdicts.md",
    "compare": "compare.md",
    "convergence": "convergence.md",
    "found": "check-your-quantizer.md",
}


def table(name: str) -> str:
    """Return the table of a record's keys, Markdown."""
    rows = [f"| `{path}` | {words.replace('|', chr(92) + '|')} |" for path, words in keys(RECORDS[name])]
    return "\n".join(["| key | value |", "|---|---|", *rows])


def with_table(name: str, page: str) -> str:
    """Return the text of a page with the record's table as it is now. ValueError where the page has no place for it."""
    begin, end = f"<!-- keys of {name}.json: python -m website.schemas -->", f"<!-- end of {name}.json -->"
    before, found, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the page has no place for the keys of {name}.json: {begin} and {end}")
    return f"{before}{begin}\n\n{table(name)}\n\n{end}{after}"


def main() -> None:
    """Write all schemas and all tables."""
    for name, page in PAGES.items():
        write_json(DOCS / "schemas" / f"{name}.json", schema(name))
        path = DOCS / page
        write_text(path, with_table(name, path.read_text()))


if __name__ == "__main__":
    main()
