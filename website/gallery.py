"""The gallery: figures of docs/ with the captions that they have there, those of figures/all.py, and curves of statements."""

import re
from pathlib import Path

import statements

from alpt_ref.theory.registry import STATEMENTS

ROOT = Path(__file__).parent.parent
SAVED = ROOT / "results" / "figures"
FIGURE = re.compile(r"!\[([^\]]*)\]\((?:docs/)?([\w./-]+)\)\n\n(\*.*?\*\n)?", re.S)
HEAD = """# Gallery

Figures are drawn from saved results, by the scripts in `figures/`; those of the [statements](statements/index.md) from exact
laws, while this site is built. [A figure of your own](tutorials/own-figure.md) shows how to draw one with runs of yours.
"""
TITLES = {
    "auc_bits": "Accuracy against bits",
    "click_rate": "Predicted against true click rate, by exact laws",
    "clock": "A schedule is only a clock",
    "floors": "What is left in the long run",
    "gap": "Gaps of full precision, float masters, SR and DR",
    "law": "The moving distribution",
    "phase_diagram": "Who is better where",
    "random_bits": "Few random bits",
    "step_sizes": "Learned step sizes over training",
    "tightness": "How tight the bounds are",
}
UNSAVED = "This site was built without these figures: `analysis/gallery.py` makes their results, `figures/all.py` draws them.\n"


def pages() -> dict[str, str | bytes]:
    """The page, and the pictures that docs/ does not hold."""
    out: dict[str, str | bytes] = {}
    lines = [HEAD]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        home = "index.md" if page.name == "README.md" else page.relative_to(ROOT / "docs").as_posix()
        for words, target, caption in FIGURE.findall(page.read_text()):
            lines.append(f"## {words}\n\n{linked(target, words)}\n\n{caption}\n[Where it is explained]({home}).\n")
    lines.append("## Methods and their limits\n")
    saved = sorted(SAVED.glob("*.svg"))
    for path in saved:
        out[f"gallery/{path.name}"] = path.read_text()
        note = path.with_suffix(".md")
        caption = statements.cell(" ".join(note.read_text().split())) if note.exists() else ""
        name = TITLES.get(path.stem, path.stem.replace("_", " ").capitalize())
        lines.append(f"### {name}\n\n{linked(f'gallery/{path.name}', name)}\n\n{caption}\n")
    lines.append("" if saved else UNSAVED)
    lines.append("## Statements\n")
    for name in STATEMENTS:
        for each in statements.curves(name):
            target = f"gallery/{Path(statements.uri(name)).stem}.svg"
            out[target] = each.svg
            words = f"[{name}]({statements.uri(name)}): {statements.cell(each.caption)}"
            shown = re.sub(r"[^\w .,:-]", lambda sign: f"&#{ord(sign[0])};", each.alt)  # no mark of Markdown
            lines.append(f"### {statements.cell(name)}\n\n{linked(target, shown)}\n\n{words}\n")
    return out | {"gallery.md": "\n".join(lines)}


def linked(target: str, words: str) -> str:
    """A picture that leads to itself, in full size."""
    return f"[![{words}]({target})]({target})"
