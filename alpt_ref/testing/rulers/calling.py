"""Calls onto a grid, as they are made and as they are written in Python."""

from typing import Any

from alpt_ref.testing.rulers.layouts import Layout


class Calling:
    """The arguments of a call beside x and the seed, the layout of its arrays, and Python for it."""

    returns: str = "values"  # or "codes": what the quantizer hands back

    @property
    def layout(self) -> Layout | None:
        """The rows and blocks in which the quantizer takes its arrays; None where it takes any."""
        return None

    def directly(self) -> "Any":
        """The ruler for arrays that are laid out already."""
        return self

    def arguments(self, shape: tuple[int, ...]) -> tuple[Any, ...]:
        """The arguments between x, of a laid ``shape``, and the seed."""
        return ()

    def argument_texts(self, shape: tuple[int, ...]) -> tuple[str, ...]:
        """Python for them."""
        return tuple(map(repr, self.arguments(shape)))

    @property
    def more(self) -> tuple[Any, ...]:
        """The arguments after the seed."""
        return ()

    def call(self, x: str, seed: str = "", u: str = "", *, shape: tuple[int, ...]) -> str:
        """The call in Python, for texts of its arguments: of ``seed``, or else of ``u``. shape : that of x."""
        layout = self.layout
        inner = shape if layout is None else layout.shape(shape)
        if layout is not None:
            x, u = layout.lay_text(x, shape), u and layout.lay_uniforms_text(u, shape)
        last = ", ".join([u or seed, *map(repr, self.more)])
        if self.more:
            last = last.removeprefix("seed=")
        text = f"quantize{'_with_uniforms' if u else ''}({', '.join([x, *self.argument_texts(inner), last])})"
        return text if layout is None else layout.take_text(text, shape)

    def valued(self, call: str) -> str:
        """Python for the values that a call returns."""
        return call
