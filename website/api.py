"""Pages of the API: the public names of each public module, as its ``__all__`` lists them."""

import importlib.util
import inspect
from types import ModuleType
from typing import Any

MODULES = {
    "alpt_ref": "Models, the quantizer, traces",
    "alpt_ref.formats": "Floating-point formats",
    "alpt_ref.formats.points": "Points of a format",
    "alpt_ref.formats.blocks": "Formats of blocks",
    "alpt_ref.problems": "Problems",
    "alpt_ref.theory": "Statements, rounding rules, exact laws",
    "alpt_ref.plots": "Figures",
    "alpt_ref.testing": "Tests of quantizers",
    "alpt_ref.testing.strategies": "Strategies for Hypothesis",
    "alpt_ref.data": "Readers and generated data",
    "alpt_ref.metrics": "Metrics",
    "alpt_ref.compress": "Compression after training",
    "alpt_ref.reference": "The definition of the method",
    "alpt_ref.intervals": "Intervals",
}
HEAD = """# Python

These are the public names, module by module. All other names may change without notice. Types of arguments stand in the
signatures, their meaning in the lists below them; shapes and dtypes are written `float32 (n,)`. Wrong input raises a
`ValueError` of one sentence that names the argument. The reference of the command line is `alpt-ref COMMAND --help`.
"""


def present() -> list[str]:
    """Those modules that there are."""
    return [name for name in MODULES if importlib.util.find_spec(name)]


def uri(module: str) -> str:
    """A module's page."""
    return f"api/{module}.md"


def names(module: str) -> list[str]:
    """Its public names: ``__all__``, else what it defines itself; modules have pages of their own."""
    found = importlib.import_module(module)
    own = [name for name, value in vars(found).items() if name[0] != "_" and getattr(value, "__module__", "") == module]
    return [name for name in getattr(found, "__all__", own) if not isinstance(getattr(found, name), ModuleType)]


def home(module: str, name: str) -> str:
    """Where an object is defined: a function may have the name of the module that holds it, and then only this finds it."""
    value = getattr(importlib.import_module(module), name)
    defined = inspect.isclass(value) or inspect.isfunction(value)
    decorated = defined and "<locals>" in value.__qualname__
    return f"{value.__module__}.{value.__qualname__}" if defined and not decorated else f"{module}.{name}"


def navigation() -> list[Any]:
    """The pages, in order."""
    return ["api/index.md", *({name: uri(name)} for name in present())]


def entry(module: str, name: str) -> str:
    """The lines from which mkdocstrings makes the documentation of one name."""
    return f"::: {home(module, name)}\n    options:\n      heading: {name}\n      toc_label: {name}\n      heading_level: 2\n"


def pages() -> dict[str, str]:
    """A page for each module, and the list of all names."""
    out, lines = {}, [HEAD]
    for module in present():
        head = f"# {module}\n\n::: {module}\n    options:\n      show_root_heading: false\n      members: false\n"
        out[uri(module)] = "\n".join([head, *(entry(module, name) for name in names(module))])
        listed = ", ".join(f"[`{name}`][{home(module, name)}]" for name in names(module))
        lines.append(f"## {MODULES[module]}\n\n[`{module}`]({module}.md): {listed}\n")
    return out | {"api/index.md": "\n".join(lines)}
