"""Files of the repository that pages link to, and that docs/ does not hold: each becomes a page that shows its text."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
LANGUAGES = {".py": "py", ".cff": "yaml"}
_wanted: set[str] = set()


def uri(name: str) -> str:
    """The page of the repository's file ``name``; it will be among :func:`pages`."""
    _wanted.add(name)
    return f"sources/{name.replace('/', '-')}.md"


def pages() -> dict[str, str]:
    """The pages that were asked for."""
    out = {}
    for name in sorted(_wanted):
        language = LANGUAGES.get(Path(name).suffix, "text")
        out[uri(name)] = f"# {name}\n\n```{language}\n{(ROOT / name).read_text()}```\n"
    return out
