"""Docstrings of the package as HTML. They are plain text: ``name : meaning`` for arguments, ASCII for mathematics."""

import html
import re

import griffe

NAMES = r"\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*"
ITEM = re.compile(rf"(?:(?<=^)|(?<=[.;:)] ))({NAMES}) : ")
ROLE = re.compile(r":(?:class|mod|func|meth|attr|data):`~?([^`]*)`")


def inline(text: str) -> str:
    """A line of a docstring in HTML: code, emphasis, and nothing else is markup."""
    text = html.escape(ROLE.sub(r"``\1``", text), quote=False)
    text = re.sub(r"``(.+?)``|`([^`]+)`", lambda found: f"<code>{found[1] or found[2]}</code>", text)
    return re.sub(r"(?<![\w*])\*([A-Z][^*]*?[\w.)])\*(?![\w*])", r"<em>\1</em>", text)


def markdown(text: str) -> str:
    """A docstring in Markdown and HTML."""
    out = []
    for block in text.split("\n\n"):
        if block.startswith("    "):
            out.append(block)
            continue
        if "\n    " in block:  # a list of arguments with indented continuations, or code after a line
            block = re.sub(r"\n {4,}", " ", block)
        words = " ".join(block.split())
        first, *items = ITEM.split(words)
        if first:
            out.append(f"<p>{inline(first)}</p>")
        if items:
            pairs = zip(items[::2], items[1::2], strict=True)
            lines = [f"<dt><code>{html.escape(name)}</code></dt><dd>{inline(meaning.strip())}</dd>" for name, meaning in pairs]
            out.append(f'<dl class="arguments">{"".join(lines)}</dl>')
    return "\n\n".join(out)


class PlainText(griffe.Extension):
    """Hands mkdocstrings Markdown in the place of plain text."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: object) -> None:
        """Called once for each object."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)
