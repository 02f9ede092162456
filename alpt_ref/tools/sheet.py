"""Tables of text, which print themselves on a terminal and in Markdown, and the numbers in them."""

import errno
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from rich import box
from rich.cells import cell_len
from rich.console import Console as RichConsole
from rich.table import Table

from alpt_ref.tools.output import ReaderGoneError

WIDTH = 100
BETWEEN = 2  # blanks between two columns, and at the two ends together
ROUND_OFF = 1e-14  # gaps smaller than this are round-off of f(w) - f*


class Console(RichConsole):
    """A terminal that leaves a closed pipe to its caller, where the library's own ends the process with 1, a verdict here."""

    def on_broken_pipe(self) -> None:
        """Raise what the library has caught."""
        raise ReaderGoneError(errno.EPIPE, os.strerror(errno.EPIPE))


def terminal() -> Console:
    """Standard output, as wide as the terminal that it is (COLUMNS says otherwise), and of WIDTH columns where it is none."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


@dataclass(frozen=True)
class Sheet:
    """A table of text. note : a paragraph below it."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""

    @classmethod
    def of(cls, title: str, lines: Sequence[Mapping[str, str]], note: str = "") -> Self:
        """The table of ``lines``, each a mapping of the same columns, by name and in order, to cells."""
        columns = tuple(lines[0]) if lines else ()
        return cls(title, columns, [tuple(line[column] for column in columns) for line in lines], note)

    def markdown(self) -> str:
        """Return the table in Markdown, its title a heading and its note a paragraph."""
        lines = [f"### {self.title}", "", _line(self.columns), _line("---" for _ in self.columns)]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, "", self.note, ""] if self.note else [*lines, ""])

    @property
    def keys(self) -> int:
        """The fewest columns, from the first on, in which no two rows are alike: they say which row it is."""
        for n in range(1, len(self.columns)):
            if len({row[:n] for row in self.rows}) == len(self.rows):
                return n
        return 1

    def _blocks(self, width: int) -> list[list[int]]:
        """The columns, in blocks that fit into ``width``, if need be one a block; keys that leave no room are not repeated."""
        wide = [BETWEEN + max(cell_len(row[i]) for row in (self.columns, *self.rows)) for i in range(len(self.columns))]
        if sum(wide) <= width:
            return [list(range(len(wide)))]
        keys = list(range(self.keys))
        while len(keys) > 1 and sum(wide[: len(keys)]) + max(wide[len(keys) :]) > width:
            keys.pop()
        blocks = [list(keys)]
        for column in range(len(keys), len(wide)):
            if sum(wide[i] for i in blocks[-1]) + wide[column] > width and len(blocks[-1]) > len(keys):
                blocks.append(list(keys))
            blocks[-1].append(column)
        return blocks

    def print(self, console: Console) -> None:
        """Print the table; one wider than ``console`` in blocks of columns, each of which begins with the keys."""
        for number, block in enumerate(self._blocks(console.width)):
            looks: dict[str, Any] = {"box": box.SIMPLE_HEAD, "padding": (0, 1, 0, 0), "pad_edge": False}
            table = Table(title=None if number else self.title, title_justify="left", **looks)
            for column in block:
                table.add_column(self.columns[column], justify="right", no_wrap=True, overflow="fold")
            for row in self.rows:
                table.add_row(*(row[column] for column in block))
            console.print(table)
        if self.note:
            console.print(self.note, style="dim", highlight=False)
        console.print()


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def number(value: float | None, digits: int = 2) -> str:
    """Write ``value`` to ``digits`` significant digits, exponents without padding; a dash for None, NaN and infinity."""
    if value is None or not math.isfinite(value):
        return "-"
    if abs(value) < ROUND_OFF:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return f"{float(f'{value:.{digits}g}'):.{12}g}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def interval(value: float | None, half: float | None, digits: int = 2) -> str:
    """Write ``value±half``, both as :func:`number` does; the value alone where it is deterministic, with ``half`` None."""
    return number(value, digits) if half is None else f"{number(value, digits)}±{number(half, 1)}"


def fixed(value: float | None, half: float | None = None, *, digits: int = 4, sign: str = "") -> str:
    """Write ``value``, or ``value±half``, with ``digits`` decimals; a dash for None. sign : "+" shows a plus, too."""
    if value is None:
        return "-"
    return f"{value:{sign}.{digits}f}" + ("" if half is None else f"±{half:.{digits}f}")
