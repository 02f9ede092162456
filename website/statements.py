"""A page for each statement: the docstrings of its files, its parts, and its verdicts where `make verify` has saved some."""

import importlib
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import sources

from alpt_ref.reports import formulas
from alpt_ref.reports.curves import curves_of
from alpt_ref.reports.page import Figure
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
RULES = {"": "none", "any": "any", "unbiased": "unbiased (SR)", "nearest": "nearest (DR)"}
FAMILIES = {
    "Q": ("The quantizer", "Lemmas on rounding one number."),
    "T": ("Upper bounds", "Theorems on training: what is guaranteed."),
    "L": ("Limits", "What happens: lower bounds, exact laws, and what tells SR and DR apart."),
    "F": ("Floating-point formats", "Points whose gaps grow with the weight: bfloat16, float8 and their like."),
}
ABOVE = re.compile(r"Statement, proof and notation: ``\w+``")
ROW = "| {part} | {instance} | {method} | {measured} | {bound} | {ratio} | {verdict} |"


def uri(name: str) -> str:
    """The page of a statement, T1 or T1#."""
    return f"statements/{name.lower().replace('#', '-sharp')}.md"


def files_of(name: str) -> list[str]:
    """The files of a statement, and those that their docstrings hand over to, as ``l5`` does to ``l5_numbers``."""
    first = list(FILES.get(name, (name.lower(),)))
    more = [path.stem for path in sorted((ROOT / "alpt_ref" / "theory").glob(f"{name.lower()}_*.py"))]
    return first + [stem for stem in more if stem not in first and any(f"``{stem}``" in text(file) for file in first)]


def text(file: str) -> str:
    """The docstring of a file."""
    return importlib.import_module(f"alpt_ref.theory.{file}").__doc__ or ""


def parsed(file: str) -> formulas.Statement:
    """The same, in its parts."""
    return formulas.statement_of(importlib.import_module(f"alpt_ref.theory.{file}"))


def navigation() -> list[Any]:
    """The pages, by family."""
    out: list[Any] = ["statements/index.md"]
    for letter, (family, _) in FAMILIES.items():
        out.append({family: [{f"{name}: {short(name)}": uri(name)} for name in STATEMENTS if name.startswith(letter)]})
    return out


def short(name: str) -> str:
    """The title as far as its first comma, for the navigation."""
    title = re.split(r"[,;:]", parsed(files_of(name)[0]).title)[0]
    for words, letters in (("stochastic rounding", "SR"), ("nearest rounding", "DR")):
        title = re.sub(words, letters, title, flags=re.I)
    return title


def pages() -> dict[str, str]:
    """Page by page, and the list of all."""
    rows = json.loads(SAVED.read_text())["rows"] if SAVED.exists() else []
    return {"statements/index.md": index(rows)} | {uri(name): page(name, of(name, rows)) for name in STATEMENTS}


def of(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a statement."""
    return [row for row in rows if row["id"].split("(")[0] == name]


def index(rows: list[dict[str, Any]]) -> str:
    """The theory on one page: what there is, and in which order to read it."""
    out = [(ROOT / "website" / "statements.md").read_text()]
    for letter, (family, words) in FAMILIES.items():
        last = " verdicts |\n|---|---|---|" if rows else "\n|---|---|"
        out.append(f"## {family}\n\n{words}\n\n| statement | says |{last}")
        for name in STATEMENTS:
            if name.startswith(letter):
                link = f"[{name}]({uri(name).removeprefix('statements/')})"
                out.append(f"| {link} | {cell(parsed(files_of(name)[0]).title)} |{tally(of(name, rows)) if rows else ''}")
        out.append("")
    return "\n".join(out)


def tally(rows: list[dict[str, Any]]) -> str:
    """How many rows came out as expected, as a cell."""
    plain = [row for row in rows if row["expected"] == "holds"]
    held = sum(row["verdict"].startswith("holds") for row in plain)
    controls = len(rows) - len(plain)
    odd = sum(row["expected"] != row["verdict"].split(",")[0] for row in rows)
    said = [f"{held} of {len(plain)} hold" if plain else "", f"{controls} control{'s' * (controls > 1)}" if controls else ""]
    return f" {', '.join([*filter(None, said), *([f'{odd} not as expected'] if odd else [])]) or 'not run'} |"


def page(name: str, rows: list[dict[str, Any]]) -> str:
    """One statement."""
    first, *others = map(parsed, files_of(name))
    out = [f"# {name}: {cell(first.title)}", *body(first, name)]
    for other in others:
        out += [f"## More on {name}: {cell(other.title)}", *body(other, name, "###")]
    out += ["## Put to the test", *drawings(name), *parts(claims_of([name])), *verdicts(rows)]
    quoted = f"'{name}'" if "#" in name else name
    links = ", ".join(
        f"[`{each}`](../{sources.uri(each)})" for each in (f"alpt_ref/theory/{s.module}.py" for s in (first, *others))
    )
    out += [
        "## Run it",
        f"    alpt-ref verify {quoted}",
        f"The text of this page, the assumptions as numbers, the bound (typed once) and the instances: {links}.",
    ]
    return "\n\n".join(out) + "\n"


def body(statement: formulas.Statement, name: str, mark: str = "##") -> list[str]:
    """The parts of a docstring: a proof and what follows it have headings, what comes before them is the statement."""
    out = [f"{mark} Statement"]
    for part in statement.parts:
        if part.is_proof or part.name == "Remarks":
            out.append(f"{mark} {part.name}")
        head = f"<h4>{escape(part.name)}</h4>\n" if not part.is_proof and part.name not in ("Statement", "Remarks") else ""
        said = ABOVE.sub("Statement, proof and notation stand above", part.text)
        out.append(f'<div class="statement">\n{head}{formulas.html(said, lambda of: target(of, name))}\n</div>')
    return out


@cache
def curves(name: str) -> list[Figure]:
    """The curves of a statement on one of its instances, with the bound over them; none for some statements."""
    return curves_of(name)


def drawings(name: str) -> list[str]:
    """The same as figures of a page."""
    captions = [formulas.inline(f"{each.title}. {each.caption}") for each in curves(name)]
    figure = '<figure class="curve">\n{}\n<figcaption>{}</figcaption>\n</figure>'
    return [figure.format(each.svg, caption) for each, caption in zip(curves(name), captions, strict=True)]


def target(mentioned: str, own: str) -> str | None:
    """Where a statement that is mentioned leads; nowhere from its own page."""
    group = mentioned.split("(")[0]
    return None if group == own else f"../{uri(group).removesuffix('.md')}.html"


def cell(plain: str) -> str:
    """A line of plain-text mathematics within Markdown."""
    return re.sub(r"[\\`*_|\[\]]|(?<!&)#", lambda found: f"&#{ord(found[0])};", formulas.inline(plain))


def parts(claims: list[Claim]) -> list[str]:
    """The claims, as `alpt-ref verify --list` has them."""
    lines = [f"| {cell(claim.id)} | {cell(claim.statement)} | {claim.kind} | {RULES[claim.rule]} |" for claim in claims]
    kinds = "; ".join(f"*{kind}* is {KINDS[kind]}" for kind in dict.fromkeys(claim.kind for claim in claims))
    return ["\n".join(["| part | compared | kind | rule it is about |", "|---|---|---|---|", *lines]), f"{kinds}."]


def verdicts(rows: list[dict[str, Any]]) -> list[str]:
    """The rows of the saved table."""
    if not rows:
        return [
            "This site was built without results: run `make verify` first, and the instances and their verdicts stand here."
        ]
    out = [ROW.format(**{key: key for key in re.findall(r"{(\w+)}", ROW)}), "|---" * ROW.count("{") + "|"]
    for row in rows:
        numbers = {key: "" if row[key] is None else f"{row[key]:.4g}" for key in ("measured", "bound", "ratio")}
        numbers["measured"] += f" ± {row['half']:.2g}" if row["half"] else ""
        if row["ratio"] is not None:
            numbers["ratio"] += f'<span class="bar"><i style="width:{min(max(row["ratio"], 0.0), 1.25) * 80:.0f}%"></i></span>'
        colour = "holds" if row["verdict"].startswith("holds") else row["verdict"].split()[0]
        verdict = f'<span class="badge {colour}">{row["verdict"]}</span>'
        verdict += (
            "" if row["expected"] == "holds" else " as expected" if row["expected"] == row["verdict"] else " not expected"
        )
        named = {"part": cell(row["id"]), "instance": cell(row["instance"]), "method": row["method"], "verdict": verdict}
        out.append(ROW.format(**named, **numbers))
    words = "*Ratio* is measured over bound; the line marks 1. Controls are broken on purpose. How a verdict is reached: "
    return ["### Instances and verdicts", words + "[verdicts](../verdicts.md).", "\n".join(out)]
