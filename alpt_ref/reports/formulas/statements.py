"""The docstring of a statement's module, in its parts."""

import importlib
import inspect
import re
from dataclasses import dataclass
from types import ModuleType

from alpt_ref.reports.formulas.markup import GREEK
from alpt_ref.theory.registry import FILES

TITLE = re.compile(r"(?P<id>[A-Z]\d+#?)(?P<rest>.*?)\s*\((?P<kinds>[a-z, ]+)\)\s*$", re.DOTALL)
HEADS = re.compile(
    r"""(?P<plain>Problem|Algorithm|Assumptions|Source
      |  What\ it\ does\ not\ say|How\ it\ is\ measured|Where\ it\ really\ starts)[.:]\s+
      | (?P<guarantee>Guarantee(?:\ \([a-z, ]+\))?)[.,]\s+
      | \*(?P<proof>Proof[^*]*?)[.:]?\*\s*""",
    re.VERBOSE,
)
STATEMENT, REMARKS = "Statement", "Remarks"


@dataclass(frozen=True)
class Part:
    """A part of a docstring. name : "Problem", "Guarantee (upper)", "Proof", ...; text : plain, for :func:`html`."""

    name: str
    text: str

    @property
    def is_proof(self) -> bool:
        """True for a proof."""
        return self.name.startswith("Proof")


@dataclass(frozen=True)
class Statement:
    """A docstring, taken apart.

    id : T1, say. title : plain, for :func:`inline`. kinds : upper, lower, exact, law. parts : in order; what has no heading is
    "Statement" before the proof, and "Remarks" after it. module : its file's stem.
    """

    id: str
    title: str
    kinds: tuple[str, ...]
    parts: tuple[Part, ...]
    module: str = ""


def statements_of(name: str) -> tuple[Statement, ...]:
    """The statements in the modules of ``name``, T1# say: one for each. ImportError for a name that there is not."""
    files = FILES.get(name, (name.lower(),))
    return tuple(statement_of(importlib.import_module(f"alpt_ref.theory.{file}")) for file in files)


def statement_of(module: ModuleType) -> Statement:
    """The docstring of a module of :mod:`alpt_ref.theory`. ValueError for one whose first line is not a statement's."""
    first, *paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(module.__doc__ or ""))
    title = TITLE.match(first)
    if title is None:
        raise ValueError(f"{module.__name__}: its docstring does not begin with a statement's name, title and kinds")
    found: list[tuple[str, list[str]]] = []
    for paragraph in paragraphs:
        head = HEADS.match(paragraph)
        if head:
            found.append((head["plain"] or head["guarantee"] or head["proof"], [paragraph[head.end() :]]))
        elif not found or (found[-1][0].startswith("Proof") and found[-1][1][-1].rstrip().endswith("[]")):
            found.append((REMARKS if found else STATEMENT, [paragraph]))
        else:
            found[-1][1].append(paragraph)
    kinds = tuple(title["kinds"].split(", "))
    parts = tuple(Part(name, _sentence("\n\n".join(texts))) for name, texts in found)
    words = re.sub(r"\s+", " ", title["rest"]).lstrip(":, ").rstrip(". ")
    return Statement(title["id"], words[:1].upper() + words[1:], kinds, parts, module.__name__.rpartition(".")[2])


def _sentence(text: str) -> str:
    """The text with a capital where it begins with a word, which a formula does not."""
    word = re.match(r"[a-z]{3,}(?=[\s,'])", text)
    return text[:1].upper() + text[1:] if word and word.group() not in GREEK else text
