"""Faults of a site that is built: links and anchors that lead nowhere, and whatever would be loaded from a network."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"src", "srcset", "poster", "data"}
STYLE = re.compile(r"@import\s+['\"]?(?:url\()?\s*['\"]?(?:https?:)?//|url\(\s*['\"]?(?:https?:)?//")


class _Page(HTMLParser):
    """Anchors of a page, its links, and what a browser would load."""

    def __init__(self, text: str):
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        given = {key: value or "" for key, value in attrs}
        self.anchors |= {given[key] for key in ("id", "name") if key in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") not in ("canonical", "prev", "next"):
            self.loads.append(given.get("href", ""))
        self.loads += [value for key, value in given.items() if key in LOADS]
        if STYLE.search(given.get("style", "")):
            self.loads.append("https:" + given["style"])


def faults(site: Path) -> list[str]:
    """One line for each fault."""
    pages = {path.resolve(): _Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    out = []
    for path, page in pages.items():
        where = path.relative_to(site.resolve())
        if where.name == "404.html":
            continue
        for target in page.loads:
            parts = urlsplit(target)
            if parts.scheme not in ("", "data") or parts.netloc:
                out.append(f"{where}: loads {target}")
            elif parts.scheme == "" and parts.path and not (path.parent / unquote(parts.path)).exists():
                out.append(f"{where}: {target} is not there")
        for target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not there.is_file():
                out.append(f"{where}: {target} leads nowhere")
            elif there in pages and unquote(parts.fragment) not in pages[there].anchors:
                out.append(f"{where}: {target} has no such anchor")
    for path in sorted(site.rglob("*.css")):
        if STYLE.search(path.read_text()):
            out.append(f"{path.relative_to(site)}: loads from a network")
    return out
