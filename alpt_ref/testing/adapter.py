"""The adapter through which the suite calls a quantizer: a few lines of yours, or ``NumpyQuantizer`` around a function.

    class Mine:
        rounding = "stochastic"                     # or "nearest"; testing.declaration lists all that can be declared

        def quantize(self, x, delta, bits, seed):
            ...                                     # float32 array of any shape in; delta * q, same shape and dtype, out

        def quantize_with_uniforms(self, x, delta, bits, u):
            ...                                     # optional: u float32 in [0, 1), of the shape of x, decides

``delta`` is a float that float32 holds, ``seed`` an integer in [0, 2^31). ``set_threads(n)``, optional, is called before
results of different thread counts are compared.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from numpy import float64
from numpy.typing import NDArray

from alpt_ref.testing.case import Case, Values, Violation
from alpt_ref.testing.declaration import Declaration
from alpt_ref.tools.checks import check_subnormals
from alpt_ref.tools.importing import load
from alpt_ref.tools.interrupts import heed


class Quantizer(Protocol):
    """The protocol that an adapter must follow."""

    rounding: str

    def quantize(self, x: Values, delta: float, bits: int, seed: int) -> Values:
        """The grid values delta * q of ``x``, float32 of its shape; the same seed gives the same values."""


class Candidate:
    """An adapter under examination, with its declaration. Whatever goes wrong in a call is raised as a Violation; ``values``,
    ``ordinals`` and ``grid_ordinals`` call on copies of the arrays."""

    def __init__(self, adapter: Any, name: str = "") -> None:
        """Take an object, or a class that can be made without arguments, as ``adapter``; ``name`` is what reports call it.
        Raises ValueError, one sentence, where it is no adapter."""
        if isinstance(adapter, str):
            raise ValueError(f"a quantizer must be an object or a class, got the text {adapter!r}")
        if isinstance(adapter, type):
            try:
                adapter = adapter()
            except Exception as error:
                raise ValueError(f"{adapter.__name__}() failed: {type(error).__name__}: {error}") from None
        if not callable(getattr(adapter, "quantize", None)):
            raise ValueError(f"{type(adapter).__name__} must have a method quantize(x, delta, bits, seed)")
        check_subnormals(f"{type(adapter).__name__}, or what it imports,")
        self.adapter = adapter
        self.name = name or type(adapter).__name__
        self.declared = Declaration.of(adapter)

    @classmethod
    def load(cls, where: str) -> "Candidate":
        """The candidate that "package.module:Adapter" or "file.py:Adapter" names. Raises ValueError, one sentence, where there
        is none or it is no adapter."""
        adapter = load(where, "quantizer")
        try:
            return cls(adapter, where)
        except ValueError as error:
            raise ValueError(f"quantizer {where}: {error}") from None

    @property
    def takes_uniforms(self) -> bool:
        """True where the quantizer is stochastic and can be given its uniforms."""
        return self.declared.stochastic and callable(getattr(self.adapter, "quantize_with_uniforms", None))

    def raw(self, case: Case, arguments: tuple[Any, ...] | None = None) -> Any:
        """The adapter's own result for the very arrays of ``case``; an error that it raises becomes a Violation.

        arguments : those between x and the seed, where a caller is to see what becomes of them; else new ones.
        """
        heed()  # Hypothesis lets code run in which a Ctrl-C is lost
        layout = case.ruler.layout
        x = case.x if layout is None else layout.lay(case.x)
        u = case.u if layout is None or case.u is None else layout.lay_uniforms(case.u)
        first, last = case.ruler.arguments(x.shape) if arguments is None else arguments, case.ruler.more
        with _blame(case), np.errstate(all="ignore"):  # and what the adapter makes of it ends with the call
            if u is None:
                out = self.adapter.quantize(x, *first, case.seed, *last)
            else:
                out = self.adapter.quantize_with_uniforms(x, *first, u, *last)
            return out if layout is None else layout.take(out, case.x.shape)

    def set_threads(self, n: int) -> None:
        """Tell the adapter to use ``n`` threads in the calls that follow."""
        with _blame(None, f"set_threads({n}) "):
            self.adapter.set_threads(n)

    def values_of(self, case: Case, arguments: tuple[Any, ...] | None = None) -> NDArray[Any]:
        """The adapter's result for the very arrays of ``case``, and ``arguments`` as in :meth:`raw`, as an array."""
        out = self.raw(case, arguments)
        if out is None:
            raise Violation("returns None", case)
        with _blame(case, "returns what is no array: "):
            return np.asarray(out)

    def values(self, case: Case) -> NDArray[Any]:
        """The quantized values of ``case``, floats of the shape of x, or decoded, where codes are returned. Violation where the
        result is anything else. They are a copy, as an adapter may write into its results later."""
        out = self.values_of(case.copied())
        if out.shape != case.x.shape:
            raise Violation(f"returns shape {out.shape} for shape {case.x.shape}", case)
        return self.decoded(out, case)

    def decoded(self, out: NDArray[Any], case: Case) -> NDArray[Any]:
        """The values that a result stands for, in memory of their own."""
        try:
            return np.array(case.ruler.read(out))
        except ValueError as wrong:
            raise Violation(str(wrong), case) from None

    def ordinals(self, case: Case) -> NDArray[float64]:
        """The ordinals of the values, float64: integers where the values lie on the grid of an exact ruler."""
        return case.ruler.ordinals(self.values(case), case.x)

    def grid_ordinals(self, case: Case) -> NDArray[float64]:
        """The ordinals, rounded where delta is no power of two, for there values are q delta to half an ulp."""
        k = self.ordinals(case)
        return k if case.ruler.exact else np.rint(k)


@contextmanager
def _blame(case: Case | None, where: str = "") -> Iterator[None]:
    """Turn an error of the adapter into a Violation that tells its first line; Ctrl-C stays what it is."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        try:
            line = "".join(c for c in str(error).strip().partition("\n")[0] if c.isprintable())
        except Exception:
            line = ""
        raise Violation(f"{where}raises {type(error).__name__}: {line}", case, raised=True) from error


class NumpyQuantizer:
    """The adapter of a NumPy function ``f(x, delta, bits, seed)`` and, if there is one, of ``f(x, delta, bits, u)``.

    declared : anything of :mod:`alpt_ref.testing.declaration`, by name. Raises ValueError for an unknown name.
    """

    def __init__(
        self,
        function: Callable[[Values, float, int, int], Any],
        with_uniforms: Callable[[Values, float, int, Values], Any] | None = None,
        *,
        rounding: str = "stochastic",
        **declared: Any,
    ) -> None:
        unknown = sorted(set(declared) - set(Declaration.__dataclass_fields__))
        if unknown:
            raise ValueError(f"unknown declaration {unknown[0]!r}; one of {', '.join(Declaration.__dataclass_fields__)}")
        vars(self).update(declared, rounding=rounding, quantize=function)
        if with_uniforms is not None:
            self.quantize_with_uniforms = with_uniforms
