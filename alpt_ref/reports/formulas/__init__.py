"""Plain-text mathematics, as docstrings of statements have it, as HTML.

    inline(text)         a line: symbols, Greek letters, sub- and superscripts, code; everything escaped
    html(text)           a text: paragraphs, displayed formulas, lists of parts
    statement_of(module) the docstring of a module of a statement, in parts: Statement(id, title, kinds, parts)
    statements_of("T1#") those of all modules of a statement, in order

``link`` says where the name of a statement in a text leads: a function from "L4(b)" to a URL, or to None.
"""

from alpt_ref.reports.formulas.blocks import html
from alpt_ref.reports.formulas.markup import Link, inline
from alpt_ref.reports.formulas.statements import Part, Statement, statement_of, statements_of

__all__ = ["Link", "Part", "Statement", "html", "inline", "statement_of", "statements_of"]
