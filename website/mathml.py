"""Formulas as MathML, which browsers set by themselves: no script, no font, no network."""

import html
import re

from latex2mathml.converter import convert

FOUND = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.S)
# latex2mathml knows these under one name only.
SAME = {r"\tfrac": r"\frac", r"\lVert": r"\|", r"\rVert": r"\|"}


def formula(latex: str, display: bool = False) -> str:
    """One formula; its LaTeX source is what a reader of the page copies and a screen reader falls back on."""
    plain = latex
    for this, that in SAME.items():
        plain = plain.replace(this, that)
    out = convert(plain.strip(), display="block" if display else "inline")
    if "\\" in re.sub(r"<[^>]*>", "", out):
        raise ValueError(f"not rendered: {latex}")
    return out.replace("<math ", f'<math alttext="{html.escape(" ".join(latex.split()))}" ', 1)


def rendered(page: str) -> str:
    """A page with its formulas set."""
    return FOUND.sub(lambda found: formula(html.unescape(found[3]), found[2] == "["), page)
