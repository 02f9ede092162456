"""The gallery: every figure of docs/, with the caption that stands under it there, and those of results/gallery."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SAVED = ROOT / "results" / "gallery"
FIGURE = re.compile(r"!\[([^\]]*)\]\((?:docs/)?([\w./-]+)\)\n\n(\*.*?\*\n)?", re.S)


def pages() -> dict[str, str | bytes]:
    """The page, and the pictures that docs/ does not hold."""
    out: dict[str, str | bytes] = {}
    lines = [
        "# Gallery\n\nEvery figure is drawn from saved results, by a script in `figures/`. "
        "[A figure of your own](tutorials/own-figure.md) shows how to draw one with runs of yours.\n"
    ]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for words, target, caption in FIGURE.findall(page.read_text()):
            home = "index.md" if page.name == "README.md" else page.relative_to(ROOT / "docs").as_posix()
            lines.append(f"## {words}\n\n[![{words}]({target})]({target})\n\n{caption}\n[Where it is explained]({home}).\n")
    for path in sorted(SAVED.glob("*.svg")):
        out[f"gallery/{path.name}"] = path.read_text()
        note = path.with_suffix(".txt")
        caption = note.read_text() if note.exists() else ""
        name = path.stem.replace("_", " ").capitalize()
        lines.append(f"## {name}\n\n[![{name}](gallery/{path.name})](gallery/{path.name})\n\n{caption}\n")
    return out | {"gallery.md": "\n".join(lines)}
