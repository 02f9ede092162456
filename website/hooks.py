"""What the site shows beside docs/: README.md as its home, sources that pages link to, statements, the API; and formulas as MathML.

MkDocs calls the functions ``on_...``. Pages in docs/ are written for GitHub: a link out of docs/ leads to a page made here.
"""

import json
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
import gallery  # noqa: E402
import mathml  # noqa: E402
import statements  # noqa: E402

PAGES = {"README.md": "index.md", "CHANGELOG.md": "changes.md", "CONTRIBUTING.md": "contributing.md"}
SOURCES = ("alpt_ref", "analysis", "figures", "website")
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
    for text in list(made.values()):
        for target in re.findall(r"sources/([\w.-]+)\.md\)", str(text)):
            made[f"sources/{target}.md"] = source(target)
    for name in ("site.css", "iframe-worker.js"):
        made[f"assets/{name}"] = (ROOT / "website" / name).read_text()
    for uri, content in made.items():
        old = files.get_file_from_path(uri)
        if old:
            files.remove(old)
        files.append(File.generated(config, uri, content=content))
    return files


def source(name: str) -> str:
    """The page that shows a source file, by its flat name."""
    path = next(path for top in SOURCES for path in (ROOT / top).rglob("*.py") if flat(path.relative_to(ROOT).as_posix()) == name)
    return f"# {path.relative_to(ROOT).as_posix()}\n\n```py\n{path.read_text()}```\n"


def flat(name: str) -> str:
    """A source file's name as that of a page."""
    return name.removesuffix(".py").replace("/", "-")


def moved(text: str, name: str, uri: str) -> str:
    """The Markdown of the repository's file ``name`` with links as they have to be in the page ``uri``."""
    here = posixpath.dirname(uri)

    def link(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
        if target.endswith(".py"):
            target = f"sources/{flat(target)}.md"
        target = PAGES.get(target, target.removeprefix("docs/"))
        return found[1] + posixpath.relpath(target, here or ".") + (found[3] or "") + found[4]

    parts = CODE.split(text)
    return "".join(part if number % 2 else LINK.sub(link, part) for number, part in enumerate(parts))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Formulas in MathML, wide tables in a box that scrolls."""
    return mathml.rendered(html)


def on_post_build(config: MkDocsConfig) -> None:
    """The number of pages, for the log and for a test."""
    pages = sorted(path.relative_to(config.site_dir).as_posix() for path in Path(config.site_dir).rglob("*.html"))
    (Path(config.site_dir) / "pages.json").write_text(json.dumps(pages, indent=1) + "\n")
