"""Short reprs: what an object is, on one line, where those of dataclasses print what their arrays hold."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

FEW = 4  # entries of an array, a list or a dictionary that are shown
LONGEST = 60  # characters of any other value


def brief(value: Any) -> str:
    """``value`` on one line: small arrays and containers whole, of larger ones dtype and shape, or length."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        return str(value)
    if isinstance(value, np.ndarray):
        return str(value.tolist()) if value.size <= FEW and value.ndim == 1 else f"<{value.dtype} {value.shape}>"
    if hasattr(value, "nnz") and hasattr(value, "dtype"):
        return f"<sparse {value.dtype} {value.shape}, {value.nnz} entries>"
    if type(value) in (tuple, list):
        if len(value) > FEW:
            return f"<{type(value).__name__} of {len(value)}>"
        shown = ", ".join(map(brief, value))
        return f"[{shown}]" if isinstance(value, list) else f"({shown},)" if len(value) == 1 else f"({shown})"
    if isinstance(value, dict):
        few = len(value) <= FEW
        return f"{{{', '.join(f'{k!r}: {brief(v)}' for k, v in value.items())}}}" if few else f"<dict of {len(value)}>"
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    shown = repr(value)
    short = len(shown) <= LONGEST or getattr(type(value), "__repr__", None) is brief_repr
    return shown if short else f"{shown[: LONGEST - 3]}..."


def brief_repr(self: Any) -> str:
    """The ``__repr__`` of a dataclass or named tuple: its fields, each :func:`brief`."""
    names = [field.name for field in fields(self) if field.repr] if is_dataclass(self) else self._fields
    return f"{type(self).__name__}({', '.join(f'{name}={brief(getattr(self, name))}' for name in names)})"
