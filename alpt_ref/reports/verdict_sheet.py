"""The rows of one claim, as lines of a terminal."""

from alpt_ref.tools.sheet import Console, Sheet

MARK = " !"  # of a verdict that is not the expected one
BESIDE, LEAST = 56, 36  # columns of a line beside the instance's name, and the fewest that this gets on one line


class VerdictSheet(Sheet):
    """The rows of one claim. On a terminal a line for each, or two where it is too narrow for the instance's name."""

    def print(self, console: Console) -> None:
        """Print compact lines, those with an unexpected verdict in red."""
        console.print(self.title, style="bold", highlight=False, markup=False)
        tails = [f"{row[1]:<5}{row[2]:>12} {row[3]:>2} {row[4]:<9}{row[5]:>7} {row[6].removesuffix(MARK)}" for row in self.rows]
        longest, tail = max(len(row[0]) for row in self.rows), max(map(len, tails))
        room, indent = console.width - max(BESIDE, 3 + tail), " " * max(0, min(4, console.width - tail))
        for (instance, *_, verdict), numbers in zip(self.rows, tails, strict=True):
            mark, style = ("! ", "red") if verdict.endswith(MARK) else ("  ", None)
            name = (
                f"{instance:<{room}.{room}} " if room >= min(LEAST, longest) else f"{instance[: console.width - 2]}\n{indent}"
            )
            console.print(mark + name + numbers, style=style, highlight=False, markup=False)
        if self.note:
            console.print(self.note, style="dim", highlight=False, markup=False)
        console.print()
