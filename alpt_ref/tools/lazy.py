"""Names of a package that are imported on their first use."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Getters = tuple[Callable[[str], Any], Callable[[], list[str]]]


def lazy(package: str, homes: Mapping[str, str], more: Iterable[str] = ()) -> Getters:
    """``__getattr__`` and ``__dir__`` of a package.

    homes : name -> module of alpt_ref that has it; "" where it is a module of the package. more : names that are there anyway.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if not homes[name]:
            return importlib.import_module(f"{package}.{name}")
        return getattr(importlib.import_module(f"alpt_ref.{homes[name]}"), name)

    def names() -> list[str]:
        return sorted([*homes, *more])

    return load, names
