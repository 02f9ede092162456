"""The text of docs/conformance.md: what the suite found in other libraries, and Python that shows it without the suite."""

import subprocess
import sys
import textwrap
from typing import Any

from peer_reproductions import REPRODUCTIONS
from peer_reproductions_formats import REPRODUCTIONS_OF_FORMATS

from alpt_ref.testing.declaration import Declaration
from alpt_ref.testing.properties import CONTRACT
from alpt_ref.testing.suite import FAIL, FALSE_ALARM, PASS

WIDTH = 136
Run = dict[str, Any]

HEAD = """\
# Quantizers of other libraries

The conformance suite on calls of well-known libraries, through adapters of a few lines each: `analysis/peer_adapters.py` for
integer grids, `analysis/peer_formats.py` and `analysis/peer_formats_numpy.py` for bfloat16, float8 and MX blocks. This page is
written by `analysis/peer_conformance.py`; `make peers` sets up the libraries that `peers.txt` pins in an environment of their
own, and runs it: six minutes. It needs a C++ compiler, as qtorch compiles its kernels. One adapter, in that environment:

    alpt-ref check-quantizer analysis/peer_adapters.py:TorchFloor

Adapters declare what a library documents or its format forces, and seed it in its own way. Floor, Comparison and Round are
expressions as users of array libraries write them, no functions of the libraries. A failure is its counterexample and no more:
it says nothing of what a library does elsewhere, and some of these calls were never meant to keep the contract.
"""

NOT_HERE = """\
bitsandbytes 0.50.2 installs on a CPU, too. It is not among them: none of its functions rounds stochastically, and its
quantizers round to tables of their own, scaled by the largest number of a block, a float32: none of the grids here.
"""

LIBRARIES = """\
## The libraries

Thanks to the authors of [PyTorch](https://pytorch.org), [JAX](https://docs.jax.dev),
[ml_dtypes](https://github.com/jax-ml/ml_dtypes), [QPyTorch](https://github.com/Tiiiger/QPyTorch) (Zhang, Lin, Yang and De Sa),
[torchao](https://github.com/pytorch/ao),
[Brevitas](https://github.com/Xilinx/brevitas) (AMD), [pychop](https://github.com/nla-group/pychop) (Carson and Chen) and
[gfloat](https://github.com/graphcore-research/gfloat) (Fitzgibbon, Graphcore). All that draw can be seeded or are given the
bits: every line above can be run again.
"""


def page(found: dict[Any, Run]) -> str:
    """The text of the whole page. ``found`` : runs as JSON by adapter, or {"missing": why}."""
    runs = {adapter.__name__: run for adapter, run in found.items() if "missing" not in run}
    of, conform = next(iter(runs.values()))["of"], sum(run["conforms"] for run in runs.values())
    told = f"{conform} of {len(runs)} conform: {of['level']} level, on the CPU, Python {of['python']}, NumPy {of['numpy']}. "
    told += f"A correct quantizer fails its run with probability at most {FALSE_ALARM:g}."
    tables = [
        _table("On integer grids", [pair for pair in found.items() if not hasattr(pair[0], "format")]),
        _table("To floating-point formats", [pair for pair in found.items() if hasattr(pair[0], "format")]),
    ]
    parts = [HEAD.strip(), textwrap.fill(told, WIDTH), *tables, NOT_HERE.strip(), "## What was declared", _declared(runs)]
    failing = [_counterexamples(name, run) for name, run in runs.items() if not run["conforms"]]
    return "\n\n".join([*parts, "## By property", _by_property(runs), "## Counterexamples", *failing, LIBRARIES])


def _table(title: str, pairs: list[tuple[Any, Run]]) -> str:
    """The verdicts on some adapters, with the format where there is one."""
    if not pairs:
        return ""
    columns = ["adapter", "library", "call", *(["format"] if hasattr(pairs[0][0], "format") else []), "verdict"]
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return f"## {title}\n\n{head}" + "\n".join(_row(adapter, run) for adapter, run in pairs)


def _row(adapter: Any, run: Run) -> str:
    if "missing" in run:
        which, verdict = adapter.library, f"not run: {run['missing']}"
    else:
        fails = [f"`{entry['name']}`" for entry in run["properties"] if entry["status"] == FAIL]
        which, verdict = f"{adapter.library} {run['of']['library']}", f"fails {', '.join(fails)}" if fails else "conforms"
    kind = getattr(adapter, "format", None)
    told = [] if kind is None else [getattr(kind, "name", kind) + (", MX" if hasattr(adapter, "block") else "")]
    return f"| {' | '.join([adapter.__name__, which, adapter.__doc__.splitlines()[0], *told, verdict])} |"


def _declared(runs: dict[str, Run]) -> str:
    by: dict[str, list[str]] = {}
    for name, run in runs.items():
        usual = vars(Declaration(run["declared"]["rounding"]))
        for key, given in run["declared"].items():
            if key == "format":  # a column of its own
                continue
            value = tuple(given) if isinstance(given, list) else given
            if value != usual[key]:
                by.setdefault(f"`{key} = {value!r}`", []).append(name)
    return "\n".join(["| declared | by |", "|---|---|", *(f"| {what} | {', '.join(names)} |" for what, names in by.items())])


def _by_property(runs: dict[str, Run]) -> str:
    lines = ["| property | holds | not judged | fails |", "|---|---|---|---|"]
    for entry in CONTRACT:
        status = {
            name: found["status"] for name, run in runs.items() for found in run["properties"] if found["name"] == entry.name
        }
        fails, holds = [name for name in status if status[name] == FAIL], list(status.values()).count(PASS)
        lines.append(f"| {entry.name} | {holds} | {len(status) - holds - len(fails)} | {', '.join(fails)} |")
    return "\n".join(lines)


def _counterexamples(name: str, run: Run) -> str:
    """The section of one adapter: the cause; each failing call once; Python without this package, and its output."""
    why, code = (REPRODUCTIONS | REPRODUCTIONS_OF_FORMATS).get(name, ("", ""))
    by: dict[str, tuple[str, list[str]]] = {}
    for entry in run["properties"]:
        if entry["status"] == FAIL:
            by.setdefault(entry["counterexample"]["python"], (entry["note"], []))[1].append(f"`{entry['name']}`")
    items = [
        textwrap.fill(f"- {', '.join(names)}: {note}", WIDTH, subsequent_indent="  ") + "\n\n" + textwrap.indent(call, " " * 6)
        for call, (note, names) in by.items()
    ]
    shown = f"```text\n{code}\n\n{_printed(code)}\n```" if code else ""
    return "\n\n".join(part for part in (f"### {name}", textwrap.fill(why, WIDTH), *items, shown) if part)


def _printed(code: str) -> str:
    """The text that ``code`` prints, in a Python of its own; ValueError if it fails."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"a reproduction fails: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()
