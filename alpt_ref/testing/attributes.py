"""The attributes of an adapter that declare something, as they are read."""

import inspect
from collections.abc import Iterable
from typing import Any

from alpt_ref.formats import format_of
from alpt_ref.tools.checks import is_integer


def attributes(adapter: Any, names: Iterable[str]) -> dict[str, Any]:
    """The attributes ``names``, as far as ``adapter`` has them, by name.

    Lists become tuples, NumPy's integers those of Python, and the name of a format the format. Raises ValueError, one sentence,
    where one cannot be read, or the rounding is missing.
    """
    given = {}
    for name in names:
        try:
            value = getattr(adapter, name)
        except AttributeError:
            continue
        except Exception as error:
            raise ValueError(f"{name} cannot be read: {type(error).__name__}: {error}") from None
        if not inspect.isroutine(value):  # a method of that name declares nothing
            given[name] = value
    if "rounding" not in given:
        raise ValueError("rounding must be an attribute of the quantizer, 'stochastic' or 'nearest'")
    if "bits" in given:
        bits = _listed(given["bits"])
        given["bits"] = tuple(sorted({int(b) for b in bits})) if all(map(is_integer, bits)) else bits
    if given.get("zero_points") is not None:
        points = _listed(given["zero_points"])
        given["zero_points"] = tuple(dict.fromkeys(map(int, points))) if all(map(is_integer, points)) else points
    if isinstance(given.get("step_range"), list):
        given["step_range"] = tuple(given["step_range"])
    for name in ("random_bits", "steps_per", "block"):
        if is_integer(given.get(name)):
            given[name] = int(given[name])
    if given.get("format") is not None:
        given["format"] = format_of(given["format"])
    return given


def _listed(given: Any) -> tuple[Any, ...]:
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
