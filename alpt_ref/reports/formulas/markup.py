"""A line of plain-text mathematics as HTML, symbol by symbol.

Prose and formulas are not told apart: what is rewritten is what never means anything else in these texts. A number and what
stands between backticks stay as they are.
"""

import re
from collections.abc import Callable
from html import escape

from alpt_ref.theory.registry import STATEMENTS

Link = Callable[[str], str | None]

NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
GREEK = dict(zip(NAMES.split(), "αβγδεζηθκλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ", strict=True))
SYMBOLS = {"<=": "≤", ">=": "≥", "->": "→", ">>": "≫", "+-": "±", "||": "‖", "...": "…", "[]": '<span class="qed">∎</span>'}
SIGNS = {"root": "√", "nabla": "∇", "sums": "∑", "minus": "−"}
CLAIMS = re.compile(r"C[1-4]")
ARTICLES = ("a", "A")

TOKEN = re.compile(
    r"""
    (?P<code>  ``(?P<two>.+?)`` | :\w+:`(?P<role>[^`]+)` | `(?P<one>[^`]+)` )
  | (?P<em>    (?<![\w)\]'*}]) \* (?=[^\s*]) (?P<stressed>[^*]+?) (?<=\S) \* (?!\w) )
  | (?P<angle> < (?P<product>(?=[^\s<>=]) [^<>]*, [^<>]*[^\s<>]) > )
  | (?P<refer> (?<!\w) [TLQ]\d+\#? (?:\([a-z]+\))? (?![\w^_*]) )
  | (?P<label> (?<![\w)\]]) \([a-z]\) (?=[\s:;.,?)'-]|$) )
  | (?P<root>  \b sqrt (?: \( | [ ](?=\w) ) )
  | (?P<nabla> \b grad [ ](?=f) )
  | (?P<sums>  \b sum (?: (?=_) | [ ](?=\w+_\w) ) )
  | (?P<number>(?<![\w]) \d+x\d+ (?!\w) | (?<![\w]) \d[\d,]*\d(?:\.\d+)?(?:e[-+]?\d+)? | (?<![\w]) \d+(?:\.\d+)?(?:e[-+]?\d+)? )
  | (?P<name>  (?<!\w) \w+ (?:_\w+){2,} )
  | (?P<word>  [A-Za-z]+\d* )
  | (?P<quote> '[A-Za-z]+ )
  | (?P<symbol><= | >= | -> | >> | \+- | \|\| | \.\.\. | \[\] )
  | (?P<minus> (?<=\ ) - (?=\ ) | (?<![\w)\]}]) - (?=[\w(.|]) )
    """,
    re.VERBOSE | re.DOTALL,
)
SCRIPT = re.compile(r"-?\d+(?:\.\d+)?|-?[A-Za-z]+\d*|[-+](?!\w)")
BELOW = re.compile(r"[A-Za-z0-9]+")
PAIRS = {"(": ")", "{": "}"}


def inline(text: str, link: Link | None = None) -> str:
    """The text as HTML within a paragraph.

    ``E||g_t||_2^2 <= G^2`` becomes E‖g<sub>t</sub>‖<sub>2</sub><sup>2</sup> ≤ G<sup>2</sup>, variables in ``<var>``; w* and w'
    get their star and their prime, <a, b> angle brackets, [] the sign of a proof's end. link : where statements' names lead.
    """
    out, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            out.append(escape(text[at]))
            at += 1
        else:
            piece, at = _token(text, match, link)
            out.append(piece)
        if at and (text[at - 1].isalnum() or text[at - 1] in ")]}|>*'"):
            scripts, at = _scripts(text, at, link)
            out.append(scripts)
    return "".join(out)


def _token(text: str, match: re.Match[str], link: Link | None) -> tuple[str, int]:
    """The HTML of a token, and where the text goes on."""
    found, kind, end = match.group(), match.lastgroup, match.end()
    if match["code"]:
        return f"<code>{escape(match['two'] or match['role'] or match['one'])}</code>", end
    if match["em"]:
        return f"<em>{inline(match['stressed'], link)}</em>", end
    if match["angle"]:
        return f"⟨{inline(match['product'], link)}⟩", end
    if kind == "refer":
        return _reference(found, link), end
    if kind == "root" and found.endswith("("):
        inner, end = _balanced(text, end - 1)
        return (f"√{inline(inner, link)}" if inner.isalnum() else f"√({inline(inner, link)})"), end
    plain = {
        "root": "√",
        "nabla": "∇",
        "sums": "∑" + found[3:],
        "minus": "−",
        "number": found,
        "label": found,
        "quote": escape(found),
    }
    if kind in plain:
        return plain[kind], end
    return (SYMBOLS[found], end) if kind == "symbol" else _word(text, match)


def _word(text: str, match: re.Match[str]) -> tuple[str, int]:
    """A Greek letter, a variable, or a word of prose."""
    found, end = match.group(), match.end()
    before, after = text[: match.start()], text[end:]
    letters = found.rstrip("0123456789")
    digits = found[len(letters) :]
    if letters in GREEK:
        symbol = GREEK[letters] if letters[0].isupper() else f"<var>{GREEK[letters]}</var>"
        return symbol + (f"<sub>{digits}</sub>" if digits else ""), end
    if found == "infinity" and re.search(r"(->|=) $", before):
        return "∞", end
    if found == "inf" and before.endswith("_"):
        return "∞", end
    seconds = found == "s" and re.search(r"\d $|[a-z]/$", before) and not re.match(r"\s*[=<>^_]|\w", after)
    if (
        seconds
        or len(letters) != 1
        or CLAIMS.fullmatch(found)
        or found == "E"
        or (found in ARTICLES and not _formula(before, after))
    ):
        return found, end
    return f"<var>{letters}</var>" + (f"<sub>{digits}</sub>" if digits else ""), end


def _formula(before: str, after: str) -> bool:
    """True where a letter that may be an article stands in a formula."""
    follows = re.match(r"\s*(?:[=<>+^_)/|,]|- |\((?:1|[a-z]\W)|->)|\s+times |\w?$", after) and not after.startswith(" ->")
    return bool(
        re.search(r"(?:[-=<>+(/|]|\^\w+ |eta |rho |_t |probability |down by )\s*$", before)
        or (follows and not re.match(r", [a-z]{3}", after))
    )


def _reference(name: str, link: Link | None) -> str:
    statement = name.split("(")[0]
    target = link(name) if link and statement in STATEMENTS else None
    if target is not None:
        return f'<a href="{escape(target)}">{name}</a>'
    return name if statement in STATEMENTS else f"<var>{name[0]}</var><sub>{name[1:]}</sub>"


def _balanced(text: str, at: int) -> tuple[str, int]:
    """Text in the brackets that open at ``at``, the rest where they stay open; and the place after it."""
    opening, depth = text[at], 0
    for i in range(at, len(text)):
        depth += (text[i] == opening) - (text[i] == PAIRS[opening])
        if depth == 0:
            return text[at + 1 : i], i + 1
    return text[at + 1 :], len(text)


def _scripts(text: str, at: int, link: Link | None) -> tuple[str, int]:
    """Stars, primes, sub- and superscripts from ``at`` on."""
    out = []
    while at < len(text):
        mark, last = text[at], text[at - 1]
        rest = text[at + 1 : at + 2]
        single = last.isalpha() and not text[max(at - 2, 0) : at - 1].isalpha()
        if mark == "*" and single and not rest.isalnum() and rest != "*":
            out.append("<sup>*</sup>")
            at += 1
        elif mark == "'" and single and not rest.isalpha():
            out.append("′")
            at += 1
        elif mark in "_^" and (opening := re.match(r"-?[({]", text[at + 1 : at + 3])):
            inner, at = _balanced(text, at + opening.end())
            sign = f"-({inner})" if opening.end() > 1 else inner
            out.append(_script(mark, sign, link))
        elif mark in "_^" and (found := (BELOW if mark == "_" else SCRIPT).match(text, at + 1)) and _may(text, at, found):
            out.append(_script(mark, found.group(), link))
            at = found.end()
        else:
            break
    return "".join(out), at


def _may(text: str, at: int, found: re.Match[str]) -> bool:
    """False for an underscore in the name of a function or a file: two words, or more than two parts."""
    if text[at] == "^":
        return True
    base = re.search(r"[A-Za-z0-9_]*$", text[:at])
    word = base.group() if base else ""
    if re.match(r"\.[a-z]{2}", text[found.end() :]):
        return False  # a file's suffix
    short = len(word) <= 2 or word in GREEK or len(found.group()) == 1
    return short and "_" not in word and text[found.end() : found.end() + 1] != "_"


def _script(mark: str, inner: str, link: Link | None) -> str:
    tag = "sub" if mark == "_" else "sup"
    tight = re.sub(r"(?<=\w)-(?=\w)|^-$", "−", inner)
    body = "∞" if inner == "inf" else f"<var>{inner}</var>" if inner in ARTICLES else inline(tight, link)
    return f"<{tag}>{body}</{tag}>"
