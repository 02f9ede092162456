"""Pages that docs/ does not hold: README.md as home, sources that pages link to, statements, the API; and formulas as MathML.

MkDocs calls the functions ``on_...``. Pages in docs/ are written for GitHub: a link out of docs/ leads to a page made here.
"""

import logging
import posixpath
import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "website")]

import api  # noqa: E402
import checked  # noqa: E402
import gallery  # noqa: E402
import mathml  # noqa: E402
import sources  # noqa: E402
import statements  # noqa: E402

log = logging.getLogger("mkdocs.hooks.website")
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changes.md", "CONTRIBUTING.md": "contributing.md"}
LINK = re.compile(r"(\]\()(?!\w+:|#)([^)#\s]+)(#[^)\s]*)?(\))")
CODE = re.compile(r"(^```.*?^```$|^ {4}.*?$)", re.M | re.S)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills the two places of the navigation that the package itself decides."""
    lists = {"STATEMENTS": statements.navigation(), "API": api.navigation()}

    def filled(nav: object) -> object:
        if isinstance(nav, list):
            return [filled(item) for item in nav]
        if isinstance(nav, dict):
            return {key: filled(value) for key, value in nav.items()}
        return lists.get(str(nav), nav)

    config.nav = filled(config.nav)
    config.watch += [str(ROOT / "README.md"), str(ROOT / "alpt_ref"), str(ROOT / "website")]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """All pages that no file of docs/ holds."""
    made: dict[str, str | bytes] = {}
    for name, uri in PAGES.items():
        made[uri] = moved((ROOT / name).read_text(), name, uri)
    for file in files.documentation_pages():
        made[file.src_uri] = moved(Path(file.abs_src_path or "").read_text(), f"docs/{file.src_uri}", file.src_uri)
    made |= statements.pages() | api.pages() | gallery.pages()
    made |= sources.pages()
    for name in ("site.css", "iframe-worker.js"):
        made[f"assets/{name}"] = (ROOT / "website" / name).read_text()
    for uri, content in made.items():
        old = files.get_file_from_path(uri)
        if old:
            files.remove(old)
        files.append(File.generated(config, uri, content=content))
    return files


def moved(text: str, name: str, uri: str) -> str:
    """The Markdown of the repository's file ``name`` with links as they have to be in the page ``uri``."""
    here = posixpath.dirname(uri)

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
        inside = target in PAGES or target.startswith("docs/")
        target = PAGES.get(target, target.removeprefix("docs/")) if inside else sources.uri(target)
        return found[1] + posixpath.relpath(target, here or ".") + (found[3] or "") + found[4]

    parts = CODE.split(text)
    return "".join(part if number % 2 else LINK.sub(link, part) for number, part in enumerate(parts))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas in MathML, wide tables in a box that scrolls."""
    return mathml.rendered(html)


def on_post_build(config: MkDocsConfig) -> None:
    """Each fault of the site as a warning, of which --strict makes an error."""
    for fault in checked.faults(Path(config.site_dir)):
        log.warning(fault)
