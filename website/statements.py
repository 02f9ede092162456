"""A page for each statement: the docstrings of its files, its parts, and its verdicts where `make verify` has saved some."""

import html
import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import sources
from docstrings import inline, linked

from alpt_ref.theory.claim import Claim
from alpt_ref.theory.registry import FILES, STATEMENTS, claims_of

ROOT = Path(__file__).parent.parent
SAVED = ROOT / "results" / "verify" / "verdicts.json"
KINDS = {
    "upper": "an upper bound: measured values may not exceed it",
    "lower": "a lower bound: measured values may not fall below it",
    "exact": "an equality",
    "law": "an equality of laws, or a number that a law has",
}
FAMILIES = {
    "Q": ("The quantizer", "Lemmas on rounding one number."),
    "T": ("Upper bounds", "Theorems on training: what is guaranteed."),
    "L": ("Limits", "What happens: lower bounds, exact laws, and what tells SR and DR apart."),
}
LEAD = re.compile(r"^(Problem|Algorithm|Assumptions|Guarantee|How it is measured)\b(?=[.,( ])")


def uri(name: str) -> str:
    """The page of a statement, T1 or T1#."""
    return f"statements/{name.lower().replace('#', '-sharp')}.md"


def files_of(name: str) -> list[str]:
    """The files of a statement, ``l5`` and what its docstring hands over to, ``l5_numbers``."""
    first = list(FILES.get(name, (name.lower(),)))
    more = [path.stem for path in sorted((ROOT / "alpt_ref" / "theory").glob(f"{name.lower()}_*.py"))]
    named = [stem for stem in more if any(f"``{stem}``" in docstring(file) for file in first)]
    return [*first, *(stem for stem in named if stem not in first)]


def docstring(file: str) -> str:
    """Its text."""
    return inspect.getdoc(importlib.import_module(f"alpt_ref.theory.{file}")) or ""


def title(name: str) -> str:
    """What the statement says, in the words of the first line of its file."""
    first = " ".join(docstring(files_of(name)[0]).split("\n\n")[0].split())
    return re.sub(r"\s*\([a-z, ]+\)$", "", first.split(": ", 1)[1]).rstrip(".")


def navigation() -> list[Any]:
    """The pages, by family."""
    out: list[Any] = ["statements/index.md"]
    for letter, (family, _) in FAMILIES.items():
        out.append({family: [{name: uri(name)} for name in STATEMENTS if name.startswith(letter)]})
    return out


def pages() -> dict[str, str]:
    """Page by page, and the list of all."""
    rows = json.loads(SAVED.read_text())["rows"] if SAVED.exists() else []
    return {"statements/index.md": index(rows)} | {uri(name): page(name, rows) for name in STATEMENTS}


def index(rows: list[dict[str, Any]]) -> str:
    """The theory on one page: what there is, and in which order to read it."""
    out = [(ROOT / "website" / "statements.md").read_text()]
    for letter, (family, words) in FAMILIES.items():
        out.append(f"## {family}\n\n{words}\n\n| statement | says | verdicts |\n|---|---|---|")
        out += [
            f"| [{name}]({uri(name).removeprefix('statements/')}) | {cell(title(name))} | {tally(name, rows)} |"
            for name in STATEMENTS
            if name.startswith(letter)
        ]
        out.append("")
    return "\n".join(out)


def tally(name: str, rows: list[dict[str, Any]]) -> str:
    """How its rows came out, controls apart."""
    mine = [row for row in rows if row["id"].split("(")[0] == name]
    plain = [row for row in mine if row["expected"] == "holds"]
    held = sum(row["verdict"].startswith("holds") for row in plain)
    odd = sum(row["expected"] != row["verdict"].split(",")[0] for row in mine)
    said = f"{held} of {len(plain)} hold" + (f", {odd} not as expected" if odd else "")
    return said if mine else "not run here"


def page(name: str, rows: list[dict[str, Any]]) -> str:
    """One statement."""
    first, *others = files_of(name)
    claims = claims_of([name])
    out = [f"# {name}: {cell(title(name))}", *body(docstring(first), name)]
    for other in others:
        heading, _, rest = docstring(other).partition("\n\n")
        out += [f"## More: {cell(' '.join(heading.split()))}", *body("\n\n" + rest, name, level=3)]
    out += ["## Parts that are put to the test", *parts(claims), *verdicts(name, rows)]
    names = [f"alpt_ref/theory/{file}.py" for file in (first, *others)]
    links = ", ".join(f"[`{each}`](../{sources.uri(each)})" for each in names)
    out += ["## Source", f"{links}: the statement above, its assumptions as numbers, the bound (typed once), the instances."]
    out.append(f"    alpt-ref verify {name!r}" if "#" in name else f"    alpt-ref verify {name}")
    return "\n\n".join(out) + "\n"


def body(text: str, name: str, level: int = 2) -> list[str]:
    """The docstring's sections: statement, proof, remarks."""
    mark = "#" * level
    out = [f"{mark} Statement"] if level == 2 else []
    proving = False
    for block in text.split("\n\n")[1:]:
        proof = re.match(r"^\*Proof( of [^.*]*)?\.\*", block)
        if proof:
            out.append(f"{mark} Proof{proof[1] or ''}")
            block, proving = block[proof.end() :].lstrip(), True
        elif block.startswith("Source:"):
            proving = False
        elif proving == "over" and not block.startswith(" "):
            out.append(f"{mark} Remarks")
            proving = False
        if proving is True and "[]" in block:
            block, proving = block.replace("[]", "∎"), "over"
        out.append(paragraph(block, name))
    return out


def paragraph(block: str, name: str) -> str:
    """Lines of a formula or of a table keep their places; the parts (a), (b) of a statement begin a line each."""
    block = block.strip("\n")
    if block.startswith("  "):
        lines = block.splitlines()
        least = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
        return f'<pre class="formula">{html.escape(chr(10).join(line[least:] for line in lines))}</pre>'
    items = re.split(r"\n(?=\([a-z]\)|\([a-z]\):)", block)
    text = "".join(f"<p>{lead(linked(inline(' '.join(item.split())), name, '../'))}</p>" for item in items)
    return f'<div class="statement">{text}</div>'


def lead(text: str) -> str:
    """The word that says what a paragraph is, in bold."""
    return LEAD.sub(r"<strong>\1</strong>", text)


def cell(text: str) -> str:
    """Plain text in a table of Markdown."""
    return re.sub(r"[\\`*_|<>&\[\]#]", lambda found: f"&#{ord(found[0])};", text)


def parts(claims: list[Claim]) -> list[str]:
    """The claims, as `alpt-ref verify --list` has them."""
    rule = {"": "none", "any": "any", "unbiased": "unbiased (SR)", "nearest": "nearest (DR)"}
    lines = [f"| {claim.id} | {cell(claim.statement)} | {claim.kind} | {rule[claim.rule]} |" for claim in claims]
    kinds = "; ".join(f"*{kind}*: {KINDS[kind]}" for kind in dict.fromkeys(claim.kind for claim in claims))
    return ["\n".join(["| part | compared | kind | rounding rule it is about |", "|---|---|---|---|", *lines]), f"{kinds}."]


def verdicts(name: str, rows: list[dict[str, Any]]) -> list[str]:
    """The rows of the saved table."""
    mine = [row for row in rows if row["id"].split("(")[0] == name]
    out = ["## Verdicts"]
    if not mine:
        return [*out, f"This site was built without results. Run `make verify` first, or `alpt-ref verify {name}` alone."]
    out.append("*Ratio*: measured over bound. Controls are broken on purpose: what is expected of them stands in brackets.")
    lines = ["| part | instance | method | measured | bound | ratio | verdict |", "|---|---|---|---|---|---|---|"]
    for row in mine:
        wanted = "" if row["expected"] == "holds" else f" ({row['expected']})"
        half = f" ± {row['half']:.2g}" if row["half"] else ""
        numbers = [f"{value:.4g}" if value is not None else "" for value in (row["measured"], row["bound"], row["ratio"])]
        lines.append(
            f"| {row['id']} | {cell(row['instance'])} | {row['method']} | {numbers[0]}{half} | {numbers[1]} | {numbers[2]} "
            f"| {row['verdict']}{wanted} |"
        )
    return [*out, "\n".join(lines)]
